"""Amounts, durations, counts and names as people read them, alike everywhere."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Collection, Iterable

__all__ = [
    "aged",
    "counted",
    "digits",
    "held",
    "lasting",
    "listed",
    "named",
    "placed",
    "signed",
]

#: So many names stand in one line.
MOST_NAMES = 20


def digits(amount: Decimal) -> str:
    """Write every digit and no exponent: 0.0000001, not 1E-7; and zero is 0."""
    return format(amount, "f") if amount else "0"


def held(available: Decimal, locked: Decimal) -> str:
    """Write ``5``, or ``5 and 2 locked``."""
    return digits(available) + (f" and {digits(locked)} locked" if locked else "")


def signed(change: Decimal) -> str:
    """Write a change with its sign; nothing if nothing changed.

    Zeros behind the last digit that counts are left out: there they are only width.
    """
    if not change:
        return ""
    text = format(change, "+f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def lasting(seconds: float) -> str:
    """Write a duration in two units at most: ``12 ms``, ``3.2 s``, ``2 h 5 min``."""
    if 0 < seconds < 0.00005:
        return "under 0.1 ms"
    if 0 < seconds < 0.01:
        return f"{round(seconds * 1000, 1):g} ms"
    if 0 < seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{round(seconds, 1):g} s"
    whole = int(seconds)
    for size, unit, smaller, name in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{whole} s"


def aged(seconds: float) -> str:
    """Write an age in whole seconds; ``unknown`` if it is infinite.

    Text that only shows ages so changes once a second.
    """
    return lasting(int(seconds)) if math.isfinite(seconds) else "unknown"


def counted(count: int, one: str, more: str = "") -> str:
    """Write ``1 balance``, ``2 balances``."""
    return f"{count} {one if count == 1 else more or one + 's'}"


def named(names: Collection[str], most: int = MOST_NAMES) -> str:
    """Write ``BTC, ETH``; of more than ``most`` the first ones, ``and 3 more``."""
    shown = ", ".join(list(names)[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def listed(names: Iterable[str], conjunction: str = "and") -> str:
    """Write ``a, b and c``."""
    *others, last = names
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def placed(account: str, exchange: str) -> str:
    """Write ``main on upbit``; of a label that has the exchange's name, no more."""
    return account if exchange in account.lower() else f"{account} on {exchange}"
