"""Pages: lines and tables of cells with their emphasis, before they are rendered.

``text`` and ``html`` render a page, and so does the command line, for rich. A look is
an emphasis by its meaning, never a colour; each renderer has one of its own for it:

=========  ======================================================================
``good``   all is well, or a change for more
``warn``   asks for attention
``bad``    an error, or a change for less
``grew``   an amount that has just grown
``shrank`` an amount that has just shrunk
``dim``    beside the point
``old``    a number that may be out of date
=========  ======================================================================
"""

from __future__ import annotations

from typing import NamedTuple, Sequence, Union

__all__ = ["LIGHTS", "NUMERIC", "Cell", "Grid", "Line", "Page", "padded"]

#: State -> its sign and look: the colour alone never distinguishes two.
LIGHTS = {
    "NEW": ("\u25cb", "dim"),
    "CONNECTING": ("\u25d4", "warn"),
    "LIVE": ("\u25cf", "good"),
    "STALE": ("\u25b2", "warn"),
    "FAILED": ("\u2716", "bad"),
    "STOPPED": ("\u25a0", "dim"),
}
#: Columns whose numbers stand point below point.
NUMERIC = frozenset(
    {"Accounts", "Age", "Amount", "Available", "Last change", "Locked", "Total"}
)


class Cell(NamedTuple):
    """A word or a number of a table, and its look."""

    text: str
    look: str = ""


class Grid(NamedTuple):
    """A table.

    Attributes:
        names: of its columns.
        rows: a cell for each name.
        spare: columns that are left out, in this order, where all have no room.
    """

    names: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    spare: Sequence[str] = ()


class Line(NamedTuple):
    """A line of words.

    Attributes:
        text: the words.
        look: their look.
        name: the subject; stands before the text, emphasised.
        lights: (state, words) each; stand before everything, with the state's sign.
    """

    text: str
    look: str = ""
    name: str = ""
    lights: Sequence[tuple[str, str]] = ()


#: Lines and tables, one below the other.
Page = Sequence[Union[Grid, Line]]


def padded(numbers: Sequence[str]) -> list[str]:
    """Add spaces behind each number of a column, so that right-aligned points meet."""
    behind = [len(_fraction(number)) for number in numbers]
    most = max(behind, default=0)
    return [
        number + " " * (most - length)
        for number, length in zip(numbers, behind, strict=True)
    ]


def _fraction(number: str) -> str:
    """Return the point and what is behind it."""
    return number[number.find(".") :] if "." in number else ""
