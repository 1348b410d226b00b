"""JSON into exact values: amounts, times, currency codes.

Exchanges differ, and drift from their own documents, in how they spell the same value
(number or string, ``0`` or ``0E-18``), so every spelling that has one meaning is read
and every other is refused: a doubtful amount is worse than none.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from assetstream.protocol import sane_amount

__all__ = [
    "MALFORMED",
    "Unreadable",
    "amount",
    "currency_code",
    "decode",
    "exact",
    "moment",
    "text",
    "whole",
]

#: All that decoding hostile bytes may raise: bad JSON, bad UTF-8, absurd nesting.
MALFORMED = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)

# Decimal() and msgspec alone would also take " 1", "1_000", "NaN" and foreign digits.
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
WHOLE = re.compile(r"[0-9]{1,40}", re.ASCII)

# The last millisecond of the year 9999, the last that a datetime can hold.
LAST_MOMENT = 253_402_300_799_999

LONGEST_CODE = 64


class Unreadable(Exception):
    """A value, an entry or a whole frame has no certain meaning; the text says why."""


def exact(text: str) -> Decimal:
    """Make a ``Decimal`` of a number's own digits; NaN if its exponent is absurd."""
    try:
        return Decimal(text)
    except InvalidOperation:
        # Answered, not raised: only the asset it belongs to is to be unreadable.
        return Decimal("NaN")


_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=exact)


def decode(data: bytes) -> Any:
    """Decode JSON of any shape, fractions as ``Decimal``.

    Raises:
        Unreadable: it is not UTF-8 JSON.
    """
    try:
        return _decoder.decode(data)
    except MALFORMED as exc:
        raise Unreadable(f"not readable as JSON ({exc})") from None


def amount(value: object) -> Decimal | None:
    """Read an amount spelt as a number or a string; None for null, which says nothing.

    Raises:
        Unreadable: anything else, and what is no sane amount (K5).
    """
    if value is None:
        return None
    if type(value) is str and NUMBER.fullmatch(value):
        value = exact(value)
    elif type(value) is int:  # not isinstance: a bool is no amount
        value = Decimal(value)
    if not isinstance(value, Decimal) or not sane_amount(value):
        raise Unreadable("an amount is not a plain, finite, non-negative number")
    # Turns -0 into 0; changes nothing else, and rounds nothing.
    return value.copy_abs()


def whole(value: object) -> int | None:
    """Read a whole number from 0 up, exactly; None if it is anything else."""
    if type(value) is str and WHOLE.fullmatch(value):
        return int(value)
    if type(value) is int:
        return value if value >= 0 else None
    if isinstance(value, Decimal) and sane_amount(value) and value == int(value):
        return int(value)
    return None


def moment(value: object) -> int | None:
    """Read a time in milliseconds since 1970; None if it is no time."""
    number = whole(value)
    return number if number is not None and number <= LAST_MOMENT else None


def text(value: object) -> str:
    """Read a code or words, spelt as text or as a number; "" for anything else."""
    # Nothing nested: what was barely shallow enough to decode may be too deep to print.
    if isinstance(value, (str, int, Decimal)) and not isinstance(value, bool):
        return str(value)
    return ""


def currency_code(value: object) -> str:
    """Read a currency's code in any case; give it in upper case.

    Raises:
        Unreadable: it is not a short printable text without spaces.
    """
    if type(value) is not str or not 0 < len(value) <= LONGEST_CODE:
        raise Unreadable("a currency's code is missing or too long")
    if " " in value or not value.isprintable():
        raise Unreadable("a currency's code is not printable")
    return value.upper()
