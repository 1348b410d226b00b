"""How balances look."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Mapping, NamedTuple, Sequence

from assetstream.display.page import (
    Cell,
    Grid,
    Line,
    Page,
    counted,
    digits,
    lasting,
    named,
    signed,
)

if TYPE_CHECKING:
    from assetstream.model.events import Balance

__all__ = [
    "MOST_LINES",
    "MOST_ROWS",
    "Row",
    "accounts_page",
    "balance_page",
    "balances_page",
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


def left_out(count: int, where: str) -> list[Line]:
    """A line that tells how many are not shown, and where they are."""
    return [Line(f"and {count} more, in {where}", "dim")] if count > 0 else []


def balance_page(balance: Balance) -> Page:
    """One balance."""
    return [
        Line(f"on {balance.exchange}", name=balance.account),
        grid_of([row_of(balance)]),
    ]


def balances_page(balances: Mapping[str, Balance], most: int) -> Page:
    """All of an account, those that are zero in one line; ``most`` rows."""
    every = sorted(balances.values(), key=lambda balance: balance.currency)
    if not every:
        return [Line("no balances known")]
    held = [balance for balance in every if balance.total]
    zero = [balance.currency for balance in every if not balance.total]
    page: list[Grid | Line] = [
        Line(counted(len(every), "balance"), name=f"{every[0].account}:"),
        grid_of([row_of(balance) for balance in held[:most]]),
        *left_out(len(held) - most, "stream.balances"),
    ]
    if zero:
        page.append(Line(f"zero: {named(zero)}", "dim"))
    return page


def accounts_page(balances: Mapping[str, Mapping[str, Balance]], most: int) -> Page:
    """All of many accounts, without those that are zero; ``most`` rows."""
    held = [
        balance
        for _, each in sorted(balances.items())
        for _, balance in sorted(each.items())
        if balance.total
    ]
    rows = [row_of(balance) for balance in held[:most]]
    accounts = counted(len(balances), "account")
    return [
        Line(f"{accounts}, {counted(len(held), 'balance')} other than zero"),
        grid_of(rows, accounts=True),
        *left_out(len(held) - most, "group.balances"),
    ]


def _cells(row: Row) -> dict[str, Cell]:
    balance = row.balance
    old = "old" if row.stale else ""
    age = balance.age
    return {
        "Account": Cell(balance.account),
        # In words, too: a number that is only paler looks like any other.
        "Currency": Cell(f"{balance.currency} stale", "warn")
        if row.stale
        else Cell(balance.currency),
        "Available": Cell(digits(balance.available), old),
        "Locked": Cell(digits(balance.locked), old),
        "Total": Cell(digits(balance.total), old),
        "Last change": change_cell(row.change),
        "Age": Cell(lasting(int(age)) if math.isfinite(age) else "unknown", old),
        "Source": Cell(balance.source.value, "dim"),
    }
