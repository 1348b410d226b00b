"""States and balances, account by account, in the form that the window has room for."""

from __future__ import annotations

import math
from itertools import groupby
from typing import Collection, Iterator, Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.text import Text

from assetstream.cli.view.changes import Changes
from assetstream.cli.view.columns import (
    Columns,
    Row,
    amount_cell,
    change_cell,
    stacked,
)
from assetstream.cli.view.holdings import Holdings, how_many, look, totals
from assetstream.cli.view.lines import digits
from assetstream.cli.view.summary import COLOURS
from assetstream.display.words import counted
from assetstream.model.events import Balance
from assetstream.model.states import State
from assetstream.streams.stream import AssetStream

__all__ = ["Sheet"]

NAMES = (
    "Exchange",
    "Account",
    "Currency",
    "Available",
    "Locked",
    "Total",
    "Last change",
    "Age",
    "Source",
)
#: Left out in this order where the window is too narrow: a digit never is, nor the
#: mark of a stale balance, which stands with the currency.
DISPENSABLE = ("Source", "Exchange", "Age", "Total", "Last change")
#: For tables that stand below the lines of their accounts.
NARROW_NAMES = ("Currency", "Available", "Locked", "Total", "Last change")
NARROW_DISPENSABLE = ("Total", "Last change")


class Sheet:
    """One table for all accounts; a table below each account's state where that is too
    wide; and where that is, too, each amount in a line of its own.

    Args:
        console: where it is to be shown.
        streams: all of them.
        changes: what to show as last changes.
    """

    def __init__(
        self, console: Console, streams: Sequence[AssetStream], changes: Changes
    ) -> None:
        self._streams = streams
        self._changes = changes
        self._wide = Columns(console, NAMES, DISPENSABLE)
        self._narrow = Columns(console, NARROW_NAMES, NARROW_DISPENSABLE)
        self._looked: list[Holdings] = []

    def look(self) -> list[Balance]:
        """Look at all accounts; the balances that are worth a line, one by one."""
        self._looked = [look(stream) for stream in self._streams]
        return [
            balance
            for account in self._looked
            for currency, balance in account.balances.items()
            # A zero is worth a line only if somebody may look for what went.
            if balance.total or self._changes.last(account.account, currency)
        ]

    def show(
        self,
        balances: Sequence[Balance],
        reasons: Mapping[str, str],
        *,
        sums: bool,
    ) -> RenderableType:
        """These balances, below the states of all accounts.

        Args:
            balances: some of what ``look()`` found.
            reasons: account -> why it is in its state.
            sums: whether what more than one account holds is added up below.
        """
        stale = {each.account: each.stale for each in self._looked}
        rows = {
            account: list(self._rows(list(group), stale[account]))
            for account, group in groupby(balances, lambda balance: balance.account)
        }
        together = list(self._together()) if sums else []
        states = {s.account: _state_line(s, reasons) for s in self._streams}
        table = self._wide.table(
            [*(r for each in rows.values() for r in each), *together]
        )
        if self._wide.fits:
            return Group(*states.values(), Text(""), table)
        every = [row for each in rows.values() for row in each] + together
        parts: list[RenderableType] = []
        for account, line in states.items():
            parts.append(line)
            if account in rows:
                parts.append(self._below(rows[account], every))
        if together:
            label = together[0]["Account"]
            parts += [
                Text(f"{label.plain} accounts together", "bold"),
                self._below(together, every),
            ]
        return Group(*parts)

    def _below(self, rows: Sequence[Row], among: Sequence[Row]) -> RenderableType:
        table = self._narrow.table(rows, among)
        return table if self._narrow.fits else stacked(rows, among)

    def _rows(
        self, balances: Sequence[Balance], stale: Collection[str]
    ) -> Iterator[dict[str, Text]]:
        for number, balance in enumerate(balances):
            account, name = balance.account, balance.currency
            currency = Text(name, "bold")
            if name in stale:
                currency.append(" stale", "yellow")
            fresh = self._changes.fresh
            yield {
                "Exchange": Text("" if number else balance.exchange),
                "Account": Text("" if number else account),
                "Currency": currency,
                "Available": amount_cell(
                    balance.available, fresh(account, name, "available")
                ),
                "Locked": amount_cell(balance.locked, fresh(account, name, "locked")),
                "Total": Text(digits(balance.total)),
                "Last change": change_cell(self._changes.last(account, name)),
                "Age": _age(balance),
                "Source": Text(balance.source.value),
            }

    def _together(self) -> Iterator[dict[str, Text]]:
        """The sums of what more than one account holds."""
        known = sum(each.known for each in self._looked)
        label = how_many(known, len(self._looked))
        for total in totals(self._looked):
            if total.accounts < 2:
                continue
            currency = Text(total.currency, "bold")
            if total.stale:
                currency.append(" stale", "yellow")
            yield {
                **{name: Text("") for name in NAMES},
                "Account": Text(label, "bold"),
                "Currency": currency,
                "Available": Text(digits(total.available)),
                "Locked": Text(digits(total.locked)),
                "Total": Text(digits(total.total)),
            }
            label = ""


def _state_line(stream: AssetStream, reasons: Mapping[str, str]) -> Text:
    health = stream.health()
    line = Text.assemble(
        f"{stream.account}  ",
        (f"{health.state}", f"bold {COLOURS.get(health.state, 'default')}"),
        f"  {reasons.get(stream.account, '')}",
    )
    if health.state is State.LIVE:
        if health.round_trip is not None:
            line.append(f", round trip {health.round_trip * 1000:.0f} ms")
        if health.reconnects:
            line.append(f", {counted(health.reconnects, 'reconnect')} tried")
    return line


def _age(balance: Balance) -> Text:
    return Text(f"{balance.age:.1f} s" if math.isfinite(balance.age) else "unknown")
