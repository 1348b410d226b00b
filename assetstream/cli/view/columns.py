"""Tables that give up columns, never digits, where the window is narrow."""

from __future__ import annotations

from decimal import Decimal
from typing import Mapping, Sequence

import rich.table
from rich import box
from rich.console import Console
from rich.text import Text

from assetstream.cli.view.lines import digits
from assetstream.display import page, words

__all__ = ["Columns", "Row", "amount_cell", "change_cell", "stacked"]

NUMERIC = page.NUMERIC | {"Amount"}

#: Cells, by the names of their columns.
Row = Mapping[str, Text]


class Columns:
    """Chooses the columns for which the window has room.

    One that was given up does not come back before the window has another width:
    amounts grow and shrink by a digit, and columns must not come and go with them.

    Args:
        console: where it is to be shown.
        names: of all columns.
        dispensable: columns to leave out, in this order, where that must be.
    """

    def __init__(
        self, console: Console, names: Sequence[str], dispensable: Sequence[str]
    ) -> None:
        self._console = console
        self._all = tuple(names)
        self._dispensable = dispensable
        self._width = 0
        self._names = list(names)
        #: False if the last table was too wide with all of them left out.
        self.fits = True

    def table(self, rows: Sequence[Row], among: Sequence[Row] = ()) -> rich.table.Table:
        """The table of these rows, as wide as one of those that it is ``among``."""
        if self._console.width != self._width:
            self._width = self._console.width
            self._names, self.fits = list(self._all), True
        table = _table(self._names, rows, among)
        for name in self._dispensable:
            if self._has_room(table):
                return table
            if name in self._names:
                self._names.remove(name)
                table = _table(self._names, rows, among)
        self.fits = self.fits and self._has_room(table)
        return table

    def _has_room(self, table: rich.table.Table) -> bool:
        # Measured as if there were room for everything: how wide it would like to be.
        roomy = self._console.options.update_width(1000)
        wanted = self._console.measure(table, options=roomy).maximum
        return wanted <= self._console.width


def _table(
    names: Sequence[str], rows: Sequence[Row], among: Sequence[Row] = ()
) -> rich.table.Table:
    table = rich.table.Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True
    )
    for name in names:
        table.add_column(
            name,
            justify="right" if name in NUMERIC else "left",
            # Too narrow even so: a number goes on in the next line, it is never cut.
            overflow="fold",
            min_width=max((row[name].cell_len for row in among), default=None),
        )
    for row in rows:
        table.add_row(*(row[name] for name in names))
    return table


def stacked(rows: Sequence[Row], among: Sequence[Row] = ()) -> rich.table.Table:
    """Each amount in a line of its own: for where not even two stand side by side."""
    return _table(("Currency", "", "Amount"), _lines(rows), _lines(among))


def _lines(rows: Sequence[Row]) -> list[Row]:
    lines: list[Row] = []
    for row in rows:
        first = row["Currency"]
        for name in ("Available", "Locked"):
            lines.append({"Currency": first, "": Text(name), "Amount": row[name]})
            first = Text("")
    return lines


def amount_cell(amount: Decimal, fresh: Decimal) -> Text:
    """An amount; it stands out if it has just changed by ``fresh``."""
    style = "" if not fresh else "reverse green" if fresh > 0 else "reverse red"
    return Text(digits(amount), style)


def change_cell(change: Decimal) -> Text:
    """A change with its sign, in its colour; nothing if nothing changed."""
    style = "green" if change > 0 else "red" if change < 0 else ""
    return Text(words.signed(change), style)
