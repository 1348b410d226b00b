"""What the look of a key and its secret says, without showing any of them.

Only what the exchange may still refuse: blanks and the like are refused by ``options``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Form", "hints_about"]

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


def hints_about(
    keys: tuple[str, str],
    names: tuple[str, str],
    forms: tuple[Form | None, Form | None],
    title: str,
) -> tuple[str, ...]:
    """Say what looks wrong, each in one sentence with the remedy; () if nothing.

    Args:
        keys: the key and its secret.
        names: how to call them.
        forms: how they look at this exchange, where that is known.
        title: the exchange's name.
    """
    key, secret = names
    if keys[0] == keys[1]:
        return (
            f"{key} and {secret} are the same text: copy the secret again; if it is "
            "not shown any more, make a new key.",
        )
    if _swapped(keys, forms):
        return (f"{key} and {secret} look swapped: exchange the two values.",)
    each = zip(keys, names, forms, strict=True)
    return tuple(fault for one in each if (fault := _fault(*one, title)))


def _swapped(keys: tuple[str, str], forms: tuple[Form | None, Form | None]) -> bool:
    key, secret = forms
    if key is None or (secret and secret.fits(keys[1])):
        return False
    return key.fits(keys[1]) and not key.fits(keys[0])


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
