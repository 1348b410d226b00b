"""Amounts, times and tables as people read them, in plain text."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple, Sequence

__all__ = ["Cell", "Grid", "as_text", "counted", "digits", "lasting", "signed"]

#: Columns whose numbers stand one below the other.
NUMERIC = frozenset(
    {"Accounts", "Age", "Available", "Last change", "Locked", "Pending", "Total"}
)


class Cell(NamedTuple):
    """A word or a number of a table; ``look`` is its class in ``markup``."""

    text: str
    look: str = ""


class Grid(NamedTuple):
    """A table, before it is decided whether it is shown as text or as HTML."""

    names: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def digits(amount: Decimal) -> str:
    """Every digit, no exponent: 0.0000001, not 1E-7; and zero is 0."""
    return format(amount, "f") if amount else "0"


def signed(change: Decimal) -> str:
    """A change with its sign; nothing if nothing changed.

    Zeros behind the last digit that counts are left out: there they are only width.
    """
    if not change:
        return ""
    text = format(change, "+f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def lasting(seconds: float) -> str:
    """A duration in two units at most: ``12 ms``, ``3.2 s``, ``2 h 5 min``."""
    if seconds < 1 and seconds:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else "under 1 ms"
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


def counted(count: int, one: str, more: str = "") -> str:
    """``1 balance``, ``2 balances``."""
    return f"{count} {one if count == 1 else more or one + 's'}"


def as_text(grid: Grid) -> str:
    """The table in aligned columns, numbers by their decimal points."""
    columns = []
    for number, name in enumerate(grid.names):
        cells = [row[number].text for row in grid.rows]
        columns.append(_aligned(name, cells))
    lines = zip(*columns, strict=True)
    return "\n".join("  ".join(line).rstrip() for line in lines)


def _aligned(name: str, cells: Sequence[str]) -> list[str]:
    if name not in NUMERIC:
        width = max(map(len, (name, *cells)))
        return [cell.ljust(width) for cell in (name, *cells)]
    behind = max((len(_fraction(cell)) for cell in cells), default=0)
    cells = [cell + " " * (behind - len(_fraction(cell))) for cell in cells]
    width = max(map(len, (name, *cells)))
    return [cell.rjust(width) for cell in (name, *cells)]


def _fraction(number: str) -> str:
    """The point and what is behind it."""
    return number[number.find(".") :] if "." in number else ""
