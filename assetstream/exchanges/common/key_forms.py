"""Faults that the form of a credential shows, without any part of it.

Only faults that the exchange would find: ``options`` refuses blanks and the like.
"""

from __future__ import annotations

import re
from itertools import combinations
from typing import NamedTuple, Sequence

__all__ = ["Credential", "KeyForm", "hints_about"]

QUOTES = "\"'`"


class KeyForm(NamedTuple):
    """The form of an exchange's keys: as a pattern, and in words for people."""

    pattern: re.Pattern[str]
    words: str
    #: True if a text of another form is wrong; False if the form was only seen, and
    #: does no more than to tell keys from secrets.
    sure: bool = False

    def fits(self, text: str) -> bool:
        """Return True if ``text`` has this form."""
        return self.pattern.fullmatch(text) is not None


class Credential(NamedTuple):
    """A credential with what is known of it."""

    text: str
    #: How messages name it.
    source: str
    #: Its form at the exchange, if that is known.
    form: KeyForm | None

    @property
    def misfits(self) -> bool:
        """True if its form is known and the text has another."""
        return self.form is not None and not self.form.fits(self.text)


def hints_about(title: str, credentials: Sequence[Credential]) -> tuple[str, ...]:
    """Return what looks wrong, each in one sentence with the remedy; () if nothing.

    Args:
        title: the exchange's name.
        credentials: the public key first.
    """
    for one, other in combinations(credentials, 2):
        if one.text == other.text:
            return (
                f"{one.source} and {other.source} are the same text: copy the secret "
                "again; if it is not shown any more, make a new key.",
            )
        if _swapped(one, other):
            return (
                f"{one.source} and {other.source} look swapped: exchange the two "
                "values.",
            )
    return tuple(fault for each in credentials if (fault := _fault(title, each)))


def _swapped(one: Credential, other: Credential) -> bool:
    if one.form is None or not one.misfits or not one.form.fits(other.text):
        return False
    return other.form is None or not other.form.fits(other.text)


def _fault(title: str, credential: Credential) -> str:
    text, source, form = credential
    if text[0] in QUOTES or text[-1] in QUOTES:
        return (
            f"{source} begins or ends with a quotation mark: write the value without "
            "quotes (files for Docker and systemd keep them as a part of it)."
        )
    if form is None or not form.sure or not credential.misfits:
        return ""
    return (
        f"{source} does not look like one of {title}'s, which are {form.words} (it has "
        f"{len(text)} characters): copy it again, all of it and nothing else."
    )
