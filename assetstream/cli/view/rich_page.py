"""Pages on a terminal, by rich; tables give up columns there, never digits."""

from __future__ import annotations

from typing import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assetstream.display.page import LIGHTS, NUMERIC, Cell, Grid, Line, padded

__all__ = ["STYLES", "TableFit", "rich_line", "stacked"]

#: Look -> style. What has just changed is reversed: it is seen without colours, too.
STYLES = {
    "": "",
    "good": "green",
    "warn": "yellow",
    "bad": "red",
    "dim": "dim",
    "old": "dim",
    "grew": "reverse green",
    "shrank": "reverse red",
}


def rich_line(line: Line, *, cut: bool = False) -> Text:
    """Render a line.

    Args:
        line: what to show.
        cut: cut its end off rather than continue it on the next line.
    """
    text = Text(style=STYLES[line.look])
    if cut:
        text.no_wrap, text.overflow = True, "ellipsis"
    for state, words in line.lights:
        text.append(words, f"bold {STYLES[LIGHTS[state][1]]}").append("  ")
    if line.name:
        text.append(line.name, "bold").append(" ")
    text.append(line.text)
    text.rstrip()
    return text


class TableFit:
    """Chooses the columns of tables for which the window has room.

    First numbers are no longer aligned by their points, then columns are given up. What
    was given up does not come back before the window has another width: amounts grow
    and shrink by a digit, and columns must not come and go with them.

    Args:
        console: where the tables are to be shown.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = 0
        self._aligned = True
        self._given_up: set[str] = set()
        #: False if the last tables were too wide with all of that given up.
        self.fits = True

    def tables(self, grids: Sequence[Grid]) -> list[Table]:
        """Render tables of the same names, in columns of the same widths."""
        if self._console.width != self._width:
            self._width = self._console.width
            self._aligned, self.fits = True, True
            self._given_up.clear()
        tables = self._render(grids)
        if self._have_room(tables):
            return tables
        self._aligned = False
        for name in ("", *grids[0].spare):
            self._given_up.add(name)
            tables = self._render(grids)
            if self._have_room(tables):
                return self._take_back(grids, tables)
        self.fits = False
        return tables

    def _take_back(self, grids: Sequence[Grid], tables: list[Table]) -> list[Table]:
        """Show narrow columns again for which a wide one has made room."""
        for name in reversed(grids[0].spare):
            if name in self._given_up:
                self._given_up.remove(name)
                wider = self._render(grids)
                if self._have_room(wider):
                    tables = wider
                else:
                    self._given_up.add(name)
        return tables

    def _render(self, grids: Sequence[Grid]) -> list[Table]:
        names = [name for name in grids[0].names if name not in self._given_up]
        return _tables(names, grids, aligned=self._aligned)

    def _have_room(self, tables: Sequence[Table]) -> bool:
        # Measured as if there were room for everything: how wide it would like to be.
        roomy = self._console.options.update_width(1000)
        wanted = (self._console.measure(table, options=roomy) for table in tables)
        return max(each.maximum for each in wanted) <= self._console.width


def stacked(grids: Sequence[Grid]) -> list[Table]:
    """Render each amount in a line of its own: where not even two stand side by side.

    Args:
        grids: with the columns "Currency", "Available" and "Locked".
    """
    tall = []
    for grid in grids:
        rows = []
        for row in grid.rows:
            found = dict(zip(grid.names, row, strict=True))
            for currency, name in (
                (found["Currency"], "Available"),
                (Cell(""), "Locked"),
            ):
                rows.append([currency, Cell(name), found[name]])
        tall.append(Grid(("Currency", "", "Amount"), rows))
    return _tables(tall[0].names, tall, aligned=False)


def _tables(
    names: Sequence[str], grids: Sequence[Grid], *, aligned: bool
) -> list[Table]:
    tables = [
        Table(
            box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True
        )
        for _ in grids
    ]
    columns: list[list[list[Text]]] = [[] for _ in grids]
    for name in names:
        parts = [_column(grid, name) for grid in grids]
        every = [cell.text for part in parts for cell in part]
        numeric = name in NUMERIC
        room = dict(zip(every, padded(every), strict=True)) if aligned else {}
        width = max(map(len, (name, *(room.get(text, text) for text in every))))
        for table, part, column in zip(tables, parts, columns, strict=True):
            # Filled up here: rich takes away the room behind a number.
            table.add_column(
                name.rjust(width) if numeric else name,
                # Too narrow even so: a number goes on in the next line.
                overflow="fold",
                min_width=width,
            )
            cells = []
            for cell in part:
                text = _text(cell, name)
                if numeric:
                    behind = len(room.get(cell.text, cell.text)) - len(cell.text)
                    before = width - behind - len(cell.text)
                    text = Text.assemble(" " * before, text, " " * behind)
                cells.append(text)
            column.append(cells)
    for table, column in zip(tables, columns, strict=True):
        for row in zip(*column, strict=True):
            table.add_row(*row)
    return tables


def _column(grid: Grid, name: str) -> list[Cell]:
    number = list(grid.names).index(name)
    return [row[number] for row in grid.rows]


def _text(cell: Cell, name: str) -> Text:
    bold = "bold " if name == "Currency" else ""
    return Text(cell.text, f"{bold}{STYLES[cell.look]}".strip())
