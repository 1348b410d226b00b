"""The live table of a terminal."""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Iterator, Sequence

import rich.table
from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from assetstream.cli.lines import digits, signed
from assetstream.cli.watching import Event
from assetstream.errors import AssetStreamError
from assetstream.events import AssetUpdate, Balance, StateChange
from assetstream.states import State
from assetstream.stream import AssetStream

__all__ = ["Table"]

COLOURS = {
    State.LIVE: "green",
    State.STALE: "yellow",
    State.CONNECTING: "yellow",
    State.FAILED: "red",
}
LAST_ERRORS = 5
#: Left out in this order where the window is too narrow: a digit never is, nor the
#: mark of a stale balance, which stands with the currency.
DISPENSABLE = ("Source", "Exchange", "Age", "Last change", "Total")


class Table:
    """A view of all accounts: their state, their balances, the last errors.

    Amounts are read from the streams when it is painted, so a repaint shows the present
    book however many updates came since the last one.
    """

    def __init__(self, streams: Sequence[AssetStream], console: Console) -> None:
        self._streams = streams
        self._console = console
        # Repainted by paint() alone, not by a thread of rich's.
        self._live = Live(console=console, auto_refresh=False)
        self._changes: dict[tuple[str, str], Decimal] = {}
        self._doubted: set[tuple[str, str]] = set()
        self._reasons: dict[str, str] = {}
        self._errors: deque[Text] = deque(maxlen=LAST_ERRORS)

    def __enter__(self) -> None:
        self._live.start()

    def __exit__(self, *exc: object) -> None:
        self.paint()
        self._live.stop()

    def show(self, event: Event) -> None:
        """Remember what the streams' balances do not tell."""
        if isinstance(event, AssetUpdate):
            if event.change:
                self._changes[event.account, event.currency] = event.change
        elif isinstance(event, StateChange):
            self._reasons[event.account] = event.reason
        elif not event.fatal:  # the account's own line shows the fatal one
            self._errors.append(_error_line(event))

    def paint(self) -> None:
        """Repaint everything."""
        self._live.update(self._screen(), refresh=True)

    def _screen(self) -> RenderableType:
        states = [self._state_line(stream) for stream in self._streams]
        # Errors and states are what must not be cut off at the window's lower edge.
        taken = len(states) + 2 * len(self._errors) + 6
        balances = list(self._balances())
        shown = balances[: max(5, self._console.height - taken)]
        hidden = len(balances) - len(shown)
        parts: list[RenderableType] = [*states, self._fitting(shown)]
        if hidden:
            parts.append(Text(f"{hidden} more need a taller window, or --json"))
        return Group(*parts, *self._errors)

    def _balances(self) -> Iterator[Balance]:
        self._doubted.clear()
        for stream in self._streams:
            health = stream.health()
            balances = stream.balances
            # Not ``balance.stale``: one that a push replaces while this is painted is
            # stale as an object, but its currency is not.
            stale = balances if health.state is not State.LIVE else health.in_doubt
            self._doubted.update((stream.account, currency) for currency in stale)
            for currency, balance in sorted(balances.items()):
                # A zero is worth a line only if somebody may look for what went.
                if balance.total or (balance.account, currency) in self._changes:
                    yield balance

    def _state_line(self, stream: AssetStream) -> Text:
        health = stream.health()
        line = Text.assemble(
            f"{stream.account}  ",
            (f"{health.state}", f"bold {COLOURS.get(health.state, 'default')}"),
            f"  {self._reasons.get(stream.account, '')}",
        )
        if health.state is State.LIVE:
            if health.round_trip is not None:
                line.append(f", round trip {health.round_trip * 1000:.0f} ms")
            if health.reconnects:
                line.append(f", reconnected {health.reconnects} times")
        return line

    def _fitting(self, balances: Sequence[Balance]) -> rich.table.Table:
        """The table, without the columns for which the window is too narrow."""
        left_out: set[str] = set()
        table = self._table(balances, left_out)
        # Measured as if there were room for everything: how wide it would like to be.
        roomy = self._console.options.update_width(1000)
        for name in DISPENSABLE:
            wanted = self._console.measure(table, options=roomy).maximum
            if wanted <= self._console.width:
                break
            left_out.add(name)
            table = self._table(balances, left_out)
        return table

    def _table(
        self, balances: Sequence[Balance], left_out: set[str]
    ) -> rich.table.Table:
        table = rich.table.Table(box=box.SIMPLE_HEAD, pad_edge=False)
        rows = list(self._rows(balances))
        names = ("Exchange", "Account", "Currency", "Available", "Locked", "Total")
        for name in (*names, "Last change", "Age", "Source"):
            if name not in left_out:
                numeric = name in ("Available", "Locked", "Total", "Last change", "Age")
                table.add_column(
                    name,
                    justify="right" if numeric else "left",
                    # Too narrow even so: a number goes on in the next line, it is
                    # never cut.
                    overflow="fold",
                )
        for row in rows:
            cells = [cell for name, cell in row.items() if name not in left_out]
            table.add_row(*cells)
        return table

    def _rows(self, balances: Sequence[Balance]) -> Iterator[dict[str, Text]]:
        for account, group in groupby(balances, key=lambda balance: balance.account):
            first = True
            for balance in group:
                currency = Text(balance.currency, "bold")
                if (account, balance.currency) in self._doubted:
                    currency.append(" stale", "yellow")
                change = self._changes.get((account, balance.currency), Decimal(0))
                yield {
                    "Exchange": Text(balance.exchange if first else ""),
                    "Account": Text(account if first else ""),
                    "Currency": currency,
                    "Available": Text(digits(balance.available)),
                    "Locked": Text(digits(balance.locked)),
                    "Total": Text(digits(balance.total)),
                    "Last change": _change(change),
                    "Age": _age(balance),
                    "Source": Text(balance.source.value),
                }
                first = False


def _change(change: Decimal) -> Text:
    if not change:
        return Text("")
    text = signed(change)
    if "." in text:
        # Zeros behind the last digit that counts are only width here.
        text = text.rstrip("0").rstrip(".")
    return Text(text, "green" if change > 0 else "red")


def _age(balance: Balance) -> Text:
    return Text(f"{balance.age:.1f} s" if math.isfinite(balance.age) else "unknown")


def _error_line(error: AssetStreamError) -> Text:
    return Text.assemble(
        f"{datetime.now():%H:%M:%S}  {error.account}  ",
        (f"{type(error).__name__}: ", "red"),
        f"{error}",
    )
