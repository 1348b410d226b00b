"""Balances as rows of tables, and the pages that show them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Mapping, NamedTuple, Protocol, Sequence

from assetstream.display.page import Cell, Grid, Line, Page
from assetstream.display.words import aged, counted, digits, named, placed, signed

__all__ = [
    "COLUMNS",
    "LIVE_COLUMNS",
    "MOST_LINES",
    "MOST_ROWS",
    "BalanceRow",
    "Difference",
    "TotalRow",
    "accounts_page",
    "balance_page",
    "balances_grid",
    "balances_page",
    "is_held",
    "left_out",
    "states_line",
    "totals_grid",
]

#: So many rows are shown at most, in a text and in a page.
MOST_LINES = 60
MOST_ROWS = 200
#: Of a balance; and with what changed, for tables of accounts.
COLUMNS = ("Currency", "Available", "Locked", "Total", "Age", "Source")
LIVE_COLUMNS = (*COLUMNS[:4], "Last change", *COLUMNS[4:])
TOTALS_COLUMNS = (*COLUMNS[:4], "Accounts", "Last change", "By")
ZERO = Decimal(0)


class Amounts(Protocol):
    """Anything that has the two amounts of a balance."""

    @property
    def available(self) -> Decimal: ...

    @property
    def locked(self) -> Decimal: ...


def is_held(amounts: Amounts) -> bool:
    """True if there is something of it.

    Also where nothing is left in all: a debt may be as great as what is locked.
    """
    return bool(amounts.available or amounts.locked)


class Difference(NamedTuple):
    """By how much the amounts of a balance have just changed."""

    available: Decimal = ZERO
    locked: Decimal = ZERO
    total: Decimal = ZERO


class BalanceRow(NamedTuple):
    """One balance at one moment, as every table shows it.

    Attributes:
        exchange: name of the exchange.
        account: label of the account.
        currency: the exchange's code.
        available: amount free for orders.
        locked: amount held by orders or withdrawals.
        total: the sum of both.
        age: seconds since the last proof that it is right; infinite if unknown.
        source: how it became known.
        stale: True if it may be out of date.
        change: of ``total``, when that changed last; zero if it did not, or unknown.
        changed_at: when the balance took its value; None without a change.
        fresh: by how much it has just changed.
    """

    exchange: str
    account: str
    currency: str
    available: Decimal
    locked: Decimal
    total: Decimal
    age: float
    source: str
    stale: bool
    change: Decimal = ZERO
    changed_at: datetime | None = None
    fresh: Difference = Difference()


class TotalRow(NamedTuple):
    """One currency over many accounts, exact.

    Attributes:
        currency: its code.
        available: the sum.
        locked: the sum.
        total: the sum of both.
        accounts: how many accounts hold some.
        stale: how many accounts do not vouch for their part.
        change: the latest change of an account's total.
        by: the account of that change.
        fresh: by how much that account's total has just changed.
    """

    currency: str
    available: Decimal
    locked: Decimal
    total: Decimal
    accounts: int
    stale: int
    change: Decimal = ZERO
    by: str = ""
    fresh: Decimal = ZERO


def balances_grid(
    rows: Sequence[BalanceRow],
    columns: Sequence[str] = COLUMNS,
    sums: Sequence[TotalRow] = (),
    label: str = "",
) -> Grid:
    """Make a table of balances.

    Args:
        rows: in their order.
        columns: names of those it has; what repeats the account above is dim.
        sums: shown below; instead of a source, they have how many accounts hold some.
        label: stands for the accounts of the sums.
    """
    cells = []
    above = ""
    for row in rows:
        found = _cells(row, row.account == above)
        cells.append([found[name] for name in columns])
        above = row.account
    for total in sums:
        found = {"Account": Cell(label), **_sum_cells(total)}
        cells.append([found.get(name, Cell("")) for name in columns])
    spare = ("Source", "Age", "Total", "Last change")
    return Grid(columns, cells, [name for name in spare if name in columns])


def totals_grid(rows: Sequence[TotalRow]) -> Grid:
    """Make a table of currencies over many accounts."""
    cells = []
    for row in rows:
        found = {
            **_sum_cells(row),
            "Accounts": Cell(str(row.accounts)),
            "By": Cell(row.by, "dim"),
        }
        cells.append([found[name] for name in TOTALS_COLUMNS])
    spare = ("By", "Accounts", "Locked", "Last change", "Available")
    return Grid(TOTALS_COLUMNS, cells, spare)


def states_line(states: Mapping[str, int], end: str = "", as_of: str = "") -> Line:
    """Count accounts by their states, and say why all have ended, if they have.

    Args:
        states: state -> how many accounts, in the order in which they are shown.
        end: the reason.
        as_of: when that was, in words.
    """
    lights = [(state, f"{count} {state}") for state, count in states.items() if count]
    accounts = f"of {counted(sum(states.values()), 'account')}"
    shown = accounts if lights else "no accounts"
    return Line(f"{shown}{as_of}{end and ': '}{end}", lights=lights)


def left_out(count: int, where: str) -> list[Line]:
    """Count what is not shown, and say where it is; no line if that is nothing."""
    return [Line(f"and {count} more, in {where}", "dim")] if count > 0 else []


def balance_page(row: BalanceRow) -> Page:
    """Show one balance."""
    return [Line("", name=placed(row.account, row.exchange)), balances_grid([row])]


def balances_page(rows: Sequence[BalanceRow], most: int) -> Page:
    """Show all balances of an account, those that are zero in one line.

    Args:
        rows: by currency.
        most: rows of the table.
    """
    if not rows:
        return [Line("no balances known")]
    held = [row for row in rows if is_held(row)]
    zero = [row.currency for row in rows if not is_held(row)]
    page: list[Grid | Line] = [
        Line(counted(len(rows), "balance"), name=f"{rows[0].account}:"),
        balances_grid(held[:most]),
        *left_out(len(held) - most, "stream.balances"),
    ]
    if zero:
        page.append(Line(f"zero: {named(zero)}", "dim"))
    return page


def accounts_page(accounts: int, rows: Sequence[BalanceRow], most: int) -> Page:
    """Show all balances of many accounts.

    Args:
        accounts: how many there are.
        rows: other than zero, by account and currency.
        most: rows of the table.
    """
    balances = counted(len(rows), "balance")
    return [
        Line(f"{counted(accounts, 'account')}, {balances} other than zero"),
        balances_grid(rows[:most], ("Account", *COLUMNS)),
        *left_out(len(rows) - most, "group.balances"),
    ]


def _cells(row: BalanceRow, repeated: bool) -> dict[str, Cell]:
    old = "old" if row.stale else ""
    return {
        "Account": Cell(row.account, "dim" if repeated else ""),
        "Currency": _currency_cell(row.currency, "stale" if row.stale else ""),
        "Available": _amount_cell(row.available, row.fresh.available, old),
        "Locked": _amount_cell(row.locked, row.fresh.locked, old),
        "Total": _amount_cell(row.total, row.fresh.total, old),
        "Last change": _change_cell(row.change),
        "Age": Cell(aged(row.age), old),
        "Source": Cell(row.source, "dim"),
    }


def _sum_cells(row: TotalRow) -> dict[str, Cell]:
    old = "old" if row.stale else ""
    return {
        "Currency": _currency_cell(
            row.currency, f"{row.stale} stale" if row.stale else ""
        ),
        "Available": Cell(digits(row.available), old),
        "Locked": Cell(digits(row.locked), old),
        "Total": _amount_cell(row.total, row.fresh, old),
        "Last change": _change_cell(row.change),
        "Source": Cell(counted(row.accounts, "account"), "dim"),
    }


def _currency_cell(currency: str, mark: str) -> Cell:
    # In words, too: a number that is only paler looks like any other.
    return Cell(f"{currency} {mark}", "warn") if mark else Cell(currency)


def _amount_cell(amount: Decimal, fresh: Decimal, look: str) -> Cell:
    if fresh:
        look = "grew" if fresh > 0 else "shrank"
    return Cell(digits(amount), look)


def _change_cell(change: Decimal) -> Cell:
    return Cell(signed(change), "good" if change > 0 else "bad" if change < 0 else "")
