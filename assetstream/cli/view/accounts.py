"""States and balances, account by account, in the form that the window has room for."""

from __future__ import annotations

from typing import Sequence

from rich.console import Console, Group, RenderableType
from rich.text import Text

from assetstream.cli.view.rich_page import TableFit, rich_line, stacked
from assetstream.display.balances import LIVE_COLUMNS, BalanceRow, balances_grid
from assetstream.streams.accounts import AccountSnapshot, account_line, totals

__all__ = ["AccountsView", "how_many"]


class AccountsView:
    """Shows one table for all accounts; a table below each account's state where that
    is too wide; and where those are, too, each amount in a line of its own.

    Args:
        console: where it is to be shown.
    """

    def __init__(self, console: Console) -> None:
        self._wide = TableFit(console)
        self._narrow = TableFit(console)

    def show(
        self,
        accounts: Sequence[AccountSnapshot],
        rows: Sequence[BalanceRow],
        *,
        sums: bool,
    ) -> RenderableType:
        """Show these balances, below the states of all accounts.

        Args:
            accounts: all of them.
            rows: some of their balances.
            sums: add up below what more than one account holds.
        """
        together = [t for t in totals(accounts) if t.accounts > 1] if sums else []
        known = sum(account.known for account in accounts)
        label = how_many(known, len(accounts))
        states = [rich_line(account_line(each, figures=True)) for each in accounts]
        if not rows:
            return Group(*states)
        columns = ("Account", *LIVE_COLUMNS) if len(accounts) > 1 else LIVE_COLUMNS
        (table,) = self._wide.tables([balances_grid(rows, columns, together, label)])
        if self._wide.fits:
            return Group(*states, Text(""), table)
        parts: list[list[RenderableType]] = [[state] for state in states]
        grids = []
        for account, part in zip(accounts, parts, strict=True):
            held = [row for row in rows if row.account == account.account]
            if held:
                grids.append((part, balances_grid(held, LIVE_COLUMNS[:5])))
        if together:
            parts.append([Text(f"{label} accounts together", "bold")])
            grids.append((parts[-1], balances_grid([], LIVE_COLUMNS[:5], together)))
        if grids:
            narrow = self._narrow.tables([grid for _, grid in grids])
            if not self._narrow.fits:
                narrow = stacked([grid for _, grid in grids])
            for (part, _), table in zip(grids, narrow, strict=True):
                part.append(table)
        return Group(*(each for part in parts for each in part))


def how_many(counted: int, there_are: int) -> str:
    """Say whose sum it is: ``all 3``, or ``2 of 3``, which leaves something out."""
    if counted == there_are:
        return f"all {there_are}"
    return f"{counted} of {there_are}"
