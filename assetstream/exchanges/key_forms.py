"""What the look of a key and its secret says, without showing any of them.

Only what the exchange may still refuse: blanks and the like are refused by ``options``.
"""

from __future__ import annotations

import re
from typing import Generic, NamedTuple, TypeVar

__all__ = ["Form", "Pair", "hints_about"]

T = TypeVar("T")

QUOTES = "\"'`"


class Form(NamedTuple):
    """How the keys of an exchange look: by a pattern, and in words for people."""

    pattern: re.Pattern[str]
    words: str
    #: Sure enough to call others wrong; if not, it tells keys and secrets apart.
    sure: bool = True

    def fits(self, text: str) -> bool:
        """Tell whether ``text`` looks so."""
        return self.pattern.fullmatch(text) is not None


class Pair(NamedTuple, Generic[T]):
    """Something of the key, and the same of its secret."""

    key: T
    secret: T


def hints_about(
    keys: Pair[str], names: Pair[str], forms: Pair[Form | None], title: str
) -> tuple[str, ...]:
    """Say what looks wrong, each in one sentence with the remedy; () if nothing.

    Args:
        keys: the key and its secret.
        names: how to call them.
        forms: how they look at this exchange, where that is known.
        title: the exchange's name.
    """
    if keys.key == keys.secret:
        return (
            f"{names.key} and {names.secret} are the same text: copy the secret again; "
            "if it is not shown any more, make a new key.",
        )
    if _swapped(keys, forms):
        return (
            f"{names.key} and {names.secret} look swapped: exchange the two values.",
        )
    faults = (_fault(*one, title) for one in zip(keys, names, forms, strict=True))
    return tuple(fault for fault in faults if fault)


def _swapped(keys: Pair[str], forms: Pair[Form | None]) -> bool:
    form = forms.key
    if form is None or (forms.secret and forms.secret.fits(keys.secret)):
        return False
    return form.fits(keys.secret) and not form.fits(keys.key)


def _fault(text: str, name: str, form: Form | None, title: str) -> str:
    if text[0] in QUOTES or text[-1] in QUOTES:
        return (
            f"{name} begins or ends with a quotation mark: write the value without "
            "quotes (files for Docker and systemd keep them as a part of it)."
        )
    if form is None or not form.sure or form.fits(text):
        return ""
    return (
        f"{name} does not look like one of {title}'s, which are {form.words} (it has "
        f"{len(text)} characters): copy it again, all of it and nothing else."
    )
