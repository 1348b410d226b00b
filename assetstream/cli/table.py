"""The live table of a terminal."""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table as Grid
from rich.text import Text

from assetstream.cli.columns import change_cell, fitting
from assetstream.cli.lines import digits
from assetstream.cli.settling import Settling
from assetstream.cli.summary import COLOURS, summary
from assetstream.cli.watching import Event
from assetstream.errors import AssetStreamError
from assetstream.events import AssetUpdate, Balance, StateChange
from assetstream.states import State
from assetstream.stream import AssetStream

__all__ = ["Table"]

LAST_ERRORS = 5
#: Up to so many, each account has its own lines, however low the window is.
FEW = 4
#: Columns that the progress bar takes.
BAR = 40
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
DISPENSABLE = ("Source", "Exchange", "Age", "Last change", "Total")


class Table:
    """A view of all accounts: their state, their balances, the last errors.

    Many accounts for whose lines the window is too low are summed up; see ``summary``.

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
        # currency -> who changed last, and by how much.
        self._latest: dict[str, tuple[str, Decimal]] = {}
        self._settling = Settling(len(streams))
        # The highest window that was too low for everything: what is just too much
        # must not come and go.
        self._too_low = 0

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
                self._latest[event.currency] = event.account, event.change
        elif isinstance(event, StateChange):
            self._reasons[event.account] = event.reason
            self._settling.note(event.account, event.current)
        elif not event.fatal:  # the account's own line shows the fatal one
            self._errors.append(_error_line(event))

    def paint(self) -> None:
        """Repaint everything."""
        self._live.update(self._screen(), refresh=True)

    def _screen(self) -> RenderableType:
        balances = list(self._balances())
        progress = list(self._progress())
        if self._sums_up(len(balances)):
            errors = list(self._errors)[-2:]
            for line in errors:
                line.no_wrap, line.overflow = True, "ellipsis"
            height = self._console.height - len(progress) - len(errors)
            parts = summary(
                self._console, self._streams, self._reasons, self._latest, height
            )
            return Group(*progress, *parts, *errors)
        states = [self._state_line(stream) for stream in self._streams]
        # Errors and states are what must not be cut off at the window's lower edge.
        taken = len(progress) + len(states) + 2 * len(self._errors) + 6
        shown = balances[: max(5, self._console.height - taken)]
        hidden = len(balances) - len(shown)
        table = fitting(self._console, NAMES, list(self._rows(shown)), DISPENSABLE)
        below: list[RenderableType] = [*self._errors]
        if hidden:
            below.insert(0, Text(f"{hidden} more need a taller window, or --json"))
        return Group(*progress, *states, table, *below)

    def _sums_up(self, rows: int) -> bool:
        """Whether the window is too low for a line of each balance."""
        count, height = len(self._streams), self._console.height
        if count <= FEW:
            return False
        # An account that is connecting is going to have a balance.
        if count + max(rows, count) + 2 * len(self._errors) + 6 > height:
            self._too_low = max(self._too_low, height)
        return height <= self._too_low

    def _progress(self) -> Iterator[RenderableType]:
        """How many have connected, until all have; one account's state says it all."""
        settling = self._settling
        for stream in self._streams:  # whose news may not have come by yet
            settling.note(stream.account, stream.state)
        if settling.total > 1 and not settling.over:
            line = Grid.grid(padding=(0, 1))
            line.add_row(
                f"connecting {settling}",
                ProgressBar(settling.total, settling.done, BAR),
            )
            yield line

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
                    "Last change": change_cell(change),
                    "Age": _age(balance),
                    "Source": Text(balance.source.value),
                }
                first = False


def _age(balance: Balance) -> Text:
    return Text(f"{balance.age:.1f} s" if math.isfinite(balance.age) else "unknown")


def _error_line(error: AssetStreamError) -> Text:
    return Text.assemble(
        f"{datetime.now():%H:%M:%S}  {error.account}  ",
        (f"{type(error).__name__}: ", "red"),
        f"{error}",
    )
