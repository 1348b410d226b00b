"""Reads JSON into exact values: amounts, times, currency codes.

Exchanges differ, and drift from their own documents, in how they spell the same value
(number or string, ``0`` or ``0E-18``), so every spelling that has one meaning is read
and every other is refused: a doubtful amount is worse than none.
"""

from __future__ import annotations

import decimal
import re
from decimal import Decimal
from typing import Annotated, Any, Mapping

import msgspec

__all__ = [
    "CURRENCY_CODES",
    "LAST_MILLISECOND",
    "MALFORMED",
    "MAX_DIGITS",
    "ZERO",
    "Milliseconds",
    "Unreadable",
    "amount",
    "bounded",
    "bounded_decimal",
    "currency_code",
    "decode",
    "milliseconds",
    "text",
    "unsigned",
    "whole_number",
]

#: All that decoding hostile bytes may raise: bad JSON, bad UTF-8, absurd nesting.
MALFORMED = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)

# Decimal() and msgspec alone would also take " 1", "1_000", "NaN" and foreign digits.
UNSIGNED = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
NUMBER = re.compile("-?" + UNSIGNED.pattern, re.ASCII)
WHOLE = re.compile(r"[0-9]{1,40}", re.ASCII)

#: The last millisecond of the year 9999, the last that a datetime can hold.
LAST_MILLISECOND = 253_402_300_799_999

LONGEST_CODE = 64
MOST_CODES = 10_000

#: Shared, because nothing is locked of most balances.
ZERO = Decimal(0)

NO_AMOUNT = "an amount is not a plain, finite, non-negative number"

#: Most digits of an amount, written out without an exponent (K5).
MAX_DIGITS = 64

#: Computes with amounts, whole, or raises ``ArithmeticError``: 65 digits, 1E+64 and
#: 1E-65 do not fit. Threads may share it: nobody reads its flags.
bounded = decimal.Context(
    prec=MAX_DIGITS,
    Emax=MAX_DIGITS - 1,
    Emin=-1,  # the last of MAX_DIGITS digits then has the exponent -MAX_DIGITS
    traps=[
        decimal.Rounded,
        decimal.Clamped,
        decimal.Overflow,
        decimal.InvalidOperation,
    ],
)

#: Make a ``Decimal`` of a number's own digits, as ``bounded`` does. One call into C,
#: because every amount of every frame passes here.
bounded_decimal = bounded.create_decimal


class Unreadable(Exception):
    """A value, an entry or a whole frame has no certain meaning; the text says why."""


#: Make a ``Decimal`` of a number's own digits. An absurd exponent gives NaN or
#: infinity, not an error: only its own asset is to be unreadable, not the frame.
exact_decimal = decimal.Context(
    prec=decimal.MAX_PREC, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN, traps=[]
).create_decimal

_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=exact_decimal)


def decode(data: bytes) -> Any:
    """Decode JSON of any shape, fractions as ``Decimal``.

    Raises:
        Unreadable: it is not UTF-8 JSON.
    """
    try:
        return _decoder.decode(data)
    except MALFORMED as exc:
        raise Unreadable(f"not readable as JSON ({exc})") from None


def amount(
    value: object, *, negative: bool = False, empty: bool = False
) -> Decimal | None:
    """Read an amount spelt as a number or a string; None for null, which means nothing.

    Args:
        value: as it was decoded.
        negative: it may be below zero: the exchange declares ``negative_amounts``.
        empty: an empty text means nothing, too: the exchange's documents say that it
            stands for what does not apply (K4).

    Raises:
        Unreadable: anything else: negative, not finite, over 64 digits (K5).
    """
    kind = type(value)  # not isinstance: a bool is no amount
    if kind is str:
        if empty and not value:
            return None
        if not NUMBER.fullmatch(value):  # type: ignore[call-overload]
            raise Unreadable(NO_AMOUNT)
    elif value is None:
        return None
    elif kind is not Decimal and kind is not int:
        raise Unreadable(NO_AMOUNT)
    try:
        number = bounded_decimal(value)  # type: ignore[arg-type]
    except ArithmeticError:
        raise Unreadable(NO_AMOUNT) from None
    if number.is_signed():
        if not number:
            number = number.copy_abs()  # -0 is 0
        elif not negative:
            raise Unreadable(NO_AMOUNT)
    if not number.is_finite():
        raise Unreadable(NO_AMOUNT)
    return number


def unsigned(one: str, other: str) -> bool:
    """True if neither text has a sign, or anything else that no amount has.

    Two dots in a text, or an empty one beside digits, pass: ``bounded_decimal`` has to
    follow, and raises for both. Nearly every push comes here, so that the two texts
    are looked at as one.
    """
    # Encoded, because ``str.isdigit`` is true of Arabic digits, too.
    if (one + other).replace(".", "").encode().isdigit():
        return True
    return bool(UNSIGNED.fullmatch(one) and UNSIGNED.fullmatch(other))


def whole_number(value: object) -> int | None:
    """Read a whole number from 0 up, exactly; None if it is anything else."""
    if type(value) is int:
        return value if value >= 0 else None
    if type(value) is str:
        return int(value) if WHOLE.fullmatch(value) else None
    if not isinstance(value, Decimal):
        return None
    try:
        number = amount(value)
    except Unreadable:
        return None
    return int(value) if number == int(value) else None


#: A time in a typed decode: what ``milliseconds`` takes, as a plain number.
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=LAST_MILLISECOND)]


def milliseconds(value: object) -> int | None:
    """Read a time in milliseconds since 1970; None if it is no time."""
    number = whole_number(value)
    return number if number is not None and number <= LAST_MILLISECOND else None


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


class _Codes(dict[str, str]):
    """A currency's code as it is spelt -> as ``currency_code`` reads it, or raises."""

    def __missing__(self, spelling: str) -> str:
        code = currency_code(spelling)
        # There are a few hundred; whoever invents more must not fill the memory.
        if len(self) < MOST_CODES:
            self[spelling] = code
        return code


#: Every code read so far: an account's are the same few in every frame.
CURRENCY_CODES: Mapping[str, str] = _Codes()
