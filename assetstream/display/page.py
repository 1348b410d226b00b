"""Amounts, times and tables as people read them, in plain text."""

from __future__ import annotations

from decimal import Decimal
from typing import Collection, NamedTuple, Sequence, Union

__all__ = [
    "Cell",
    "Grid",
    "Line",
    "Page",
    "as_text",
    "counted",
    "digits",
    "lasting",
    "named",
    "signed",
]

#: Columns whose numbers stand one below the other.
NUMERIC = frozenset({"Accounts", "Age", "Available", "Last change", "Locked", "Total"})
#: So many names stand in one line.
MOST_NAMES = 20


class Cell(NamedTuple):
    """A word or a number of a table; ``look`` is its class in ``markup``."""

    text: str
    look: str = ""


class Grid(NamedTuple):
    """A table: the names of its columns, and its rows."""

    names: Sequence[str]
    rows: Sequence[Sequence[Cell]]


class Line(NamedTuple):
    """A line of words.

    Attributes:
        text: what it says.
        look: its class in ``markup``.
        name: what it is about; stands before the text, emphasised.
        lights: (state, words) each; stand before everything, with the state's sign.
    """

    text: str
    look: str = ""
    name: str = ""
    lights: Sequence[tuple[str, str]] = ()


#: What is shown, before it is decided whether that is done as text or as HTML.
Page = Sequence[Union[Grid, Line]]


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


def named(names: Collection[str]) -> str:
    """``BTC, ETH``; of very many only the first ones."""
    more = ", ..." if len(names) > MOST_NAMES else ""
    return ", ".join(list(names)[:MOST_NAMES]) + more


def as_text(page: Page) -> str:
    """The page in plain text, its tables in aligned columns; no line of it is empty."""
    texts = [_table(p) if isinstance(p, Grid) else _line(p) for p in page]
    return "\n".join(filter(None, texts))


def _line(line: Line) -> str:
    words = [words for _, words in line.lights]
    return "  ".join(filter(None, [*words, f"{line.name} {line.text}".strip()]))


def _table(grid: Grid) -> str:
    if not grid.rows:
        return ""
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
