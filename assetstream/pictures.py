"""How balances look, as text and as HTML."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Iterable, Mapping, NamedTuple, Sequence

from assetstream import markup
from assetstream.plain import Cell, Grid, as_text, counted, digits, lasting, signed

if TYPE_CHECKING:
    from assetstream.events import Balance

__all__ = [
    "Row",
    "balance_html",
    "balances_html",
    "balances_text",
    "change_cell",
    "grid_of",
    "left_out",
    "row_of",
]

#: So many rows are shown at most, in a text and in a page.
MOST_LINES = 60
MOST_ROWS = 200
ZERO = Decimal(0)


class Row(NamedTuple):
    """One balance, as it is shown.

    Attributes:
        balance: what is shown.
        stale: it may be out of date.
        change: of its total when that changed last; zero if it did not, or not known.
    """

    balance: Balance
    stale: bool
    change: Decimal = ZERO


def row_of(balance: Balance) -> Row:
    """A row that says of itself whether it is stale."""
    return Row(balance, balance.stale)


def grid_of(
    rows: Sequence[Row], *, accounts: bool = False, changes: bool = False
) -> Grid:
    """A table of these rows.

    Args:
        rows: in their order.
        accounts: with a column that names the account of each.
        changes: with a column for the last change.
    """
    names = ["Currency", "Available", "Locked", "Total", "Age", "Source"]
    if changes:
        names.insert(4, "Last change")
    if accounts:
        names.insert(0, "Account")
    cells = []
    for row in rows:
        found = _cells(row)
        cells.append([found[name] for name in names])
    return Grid(names, cells)


def change_cell(change: Decimal) -> Cell:
    """A change with its sign, in its colour."""
    return Cell(signed(change), "good" if change > 0 else "bad" if change < 0 else "")


def left_out(count: int, where: str) -> list[str]:
    """A line that tells how many are not shown, and where they are."""
    return [f"and {count} more, in {where}"] if count > 0 else []


def balance_html(balance: Balance) -> str:
    """One balance."""
    return markup.panel(
        markup.lines(
            f"{markup.bold(balance.account)} on {markup.escape(balance.exchange)}"
        ),
        markup.table(grid_of([row_of(balance)])),
    )


def balances_text(balances: Mapping[str, Balance]) -> str:
    """All of an account, those that are zero in one line."""
    head, rows, below = _parts(balances.values(), MOST_LINES)
    shown = [as_text(grid_of(rows))] if rows else []
    return "\n".join([head, *shown, *below])


def balances_html(balances: Mapping[str, Balance]) -> str:
    """The same, to be looked at in a notebook."""
    head, rows, below = _parts(balances.values(), MOST_ROWS)
    return markup.panel(
        markup.lines(markup.bold(head)),
        markup.table(grid_of(rows)) if rows else "",
        markup.lines(*map(markup.dim, below)),
    )


def _parts(balances: Iterable[Balance], most: int) -> tuple[str, list[Row], list[str]]:
    """Its heading, its rows, and what is to be said below."""
    every = sorted(balances, key=lambda balance: balance.currency)
    if not every:
        return "no balances", [], []
    held = [balance for balance in every if balance.total]
    below = left_out(len(held) - most, "stream.balances")
    if len(held) < len(every):
        zero = [balance.currency for balance in every if not balance.total]
        below.append(f"zero: {', '.join(zero[:20])}{', ...' if zero[20:] else ''}")
    head = f"{every[0].account}: {counted(len(every), 'balance')}"
    return head, [row_of(balance) for balance in held[:most]], below


def _cells(row: Row) -> dict[str, Cell]:
    balance = row.balance
    old = "old" if row.stale else ""
    age = balance.age
    return {
        "Account": Cell(balance.account),
        # In words, too: a number that is only paler looks like any other.
        "Currency": Cell(balance.currency + (" stale" if row.stale else "")),
        "Available": Cell(digits(balance.available), old),
        "Locked": Cell(digits(balance.locked), old),
        "Total": Cell(digits(balance.total), old),
        "Last change": change_cell(row.change),
        "Age": Cell(lasting(int(age)) if math.isfinite(age) else "unknown", old),
        "Source": Cell(balance.source.value, "dim"),
    }
