"""Tables that give up columns, never digits, where the window is narrow."""

from __future__ import annotations

from decimal import Decimal
from typing import Mapping, Sequence

import rich.table
from rich import box
from rich.console import Console
from rich.text import Text

from assetstream.cli.lines import signed

__all__ = ["change_cell", "fitting"]

NUMERIC = {"Accounts", "Age", "Available", "Last change", "Locked", "Total"}


def fitting(
    console: Console,
    names: Sequence[str],
    rows: Sequence[Mapping[str, Text]],
    dispensable: Sequence[str],
) -> rich.table.Table:
    """The table, without the columns for which the window is too narrow.

    Args:
        console: where it is to be shown.
        names: of all columns.
        rows: cells, by the names of their columns.
        dispensable: columns to leave out, in this order, where that must be.
    """
    names = list(names)
    table = _table(names, rows)
    # Measured as if there were room for everything: how wide it would like to be.
    roomy = console.options.update_width(1000)
    for name in dispensable:
        if console.measure(table, options=roomy).maximum <= console.width:
            break
        names.remove(name)
        table = _table(names, rows)
    return table


def _table(
    names: Sequence[str], rows: Sequence[Mapping[str, Text]]
) -> rich.table.Table:
    table = rich.table.Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(
            name,
            justify="right" if name in NUMERIC else "left",
            # Too narrow even so: a number goes on in the next line, it is never cut.
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(row[name] for name in names))
    return table


def change_cell(change: Decimal) -> Text:
    """A change with its sign, in its colour; nothing if nothing changed."""
    if not change:
        return Text("")
    text = signed(change)
    if "." in text:
        # Zeros behind the last digit that counts are only width here.
        text = text.rstrip("0").rstrip(".")
    return Text(text, "green" if change > 0 else "red")
