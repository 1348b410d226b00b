"""The live table of a terminal."""

from __future__ import annotations

from typing import Iterator, Sequence

import msgspec
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table as Row
from rich.text import Text

from assetstream.cli.run.watch import ViewEvent
from assetstream.cli.view.accounts import AccountsView
from assetstream.cli.view.rich_page import TableFit, rich_line
from assetstream.cli.view.status_line import settled
from assetstream.cli.view.totals import totals_screen
from assetstream.display.balances import BalanceRow
from assetstream.display.page import Line
from assetstream.model.health import Progress
from assetstream.model.states import State
from assetstream.streams.accounts import FEW, AccountSnapshot
from assetstream.streams.changes import Changes
from assetstream.streams.event_log import EventLog
from assetstream.streams.stream import AssetStream, read_account

__all__ = ["TerminalTable"]

#: Balances that are shown however low the window is.
LEAST = 3
#: With sums, with short lines of events: tried in turn before balances are left out.
#: States must never be cut off at the window's lower edge.
FORMS = ((True, False), (False, False), (False, True))
#: Columns that the progress bar takes.
BAR = 40
#: Lines of events where there is little room.
FEW_LINES = 2


class TerminalTable:
    """A view of all accounts: state, balances, the last errors and gaps.

    Many accounts for whose lines the window is too low are added up; see ``totals``.

    Amounts are read from the streams when it is painted, so a repaint shows the present
    book however many updates came since the last one. What has just changed stands out.

    Args:
        streams: all of them.
        console: the terminal.
    """

    def __init__(self, streams: Sequence[AssetStream], console: Console) -> None:
        self._streams = streams
        self._console = console
        # Repainted by paint() alone, not by a thread of rich's.
        self._live = Live(console=console, auto_refresh=False)
        self._changes = Changes()
        self._log = EventLog()
        self._accounts = AccountsView(console)
        self._totals = TableFit(console)
        self._progress = Progress(0, 0, len(streams))
        # The highest window that was too low for everything: what is just too much
        # must not come and go.
        self._too_low = 0

    def __enter__(self) -> None:
        self._live.start()

    def __exit__(self, *exc: object) -> None:
        self.paint()
        self._live.stop()

    def show(self, event: ViewEvent) -> None:
        """Remember what the streams' balances do not show."""
        if isinstance(event, Progress):
            self._progress = event
        else:
            self._log.note(event)

    def paint(self) -> None:
        """Repaint everything."""
        self._live.update(self.screen(), refresh=True)

    def screen(self) -> RenderableType:
        """Render all that there is to see now."""
        accounts = self._changes.recall(list(map(read_account, self._streams)))
        rows = [row for account in accounts for row in account.rows]
        events = self._log.lines(accounts)
        progress = list(self._connecting(accounts))
        if self._adds_up(len(rows), len(events)):
            short = list(_short(events))
            height = self._console.height - len(progress) - len(short)
            totals = totals_screen(self._totals, accounts, height)
            return Group(*progress, *totals, *short)
        shown = len(rows)
        for sums, brief in FORMS:
            parts = self._parts(accounts, rows, events, sums=sums, brief=brief)
            screen = Group(*progress, *parts)
            if self._lines_over(screen) <= 0:
                return screen
        while True:
            parts = self._parts(accounts, rows, events, shown, brief=True)
            screen = Group(*progress, *parts)
            over = self._lines_over(screen)
            if over <= 0 or shown <= LEAST:
                return screen
            # Half of what is too much, as each may take two lines.
            shown = max(LEAST, shown - max(1, over // 2))

    def _parts(
        self,
        accounts: Sequence[AccountSnapshot],
        rows: Sequence[BalanceRow],
        events: Sequence[Line],
        shown: int | None = None,
        *,
        sums: bool = False,
        brief: bool,
    ) -> Iterator[RenderableType]:
        yield self._accounts.show(accounts, rows[:shown], sums=sums)
        hidden = len(rows[shown:]) if shown is not None else 0
        if hidden:
            yield Text(f"{hidden} more need a taller window", "dim")
        if events:
            yield Text("")
        yield from _short(events) if brief else map(rich_line, events)

    def _lines_over(self, screen: RenderableType) -> int:
        """By how many lines it is too high; the cursor needs one, too."""
        lines = self._console.render_lines(screen, pad=False)
        return len(lines) + 1 - self._console.height

    def _adds_up(self, rows: int, events: int) -> bool:
        """Tell whether the window is too low for a line of each balance."""
        count, height = len(self._streams), self._console.height
        if count <= FEW:
            return False
        # An account that is connecting is going to have a balance.
        if count + max(rows, count) + 2 * events + 6 > height:
            self._too_low = max(self._too_low, height)
        return height <= self._too_low

    def _connecting(
        self, accounts: Sequence[AccountSnapshot]
    ) -> Iterator[RenderableType]:
        """Count those that have connected, until all have; of one its state says it."""
        states = [account.health.state for account in accounts]
        present = sum(state is State.LIVE or state.final for state in states)
        # The group's word comes a little later than what is seen beside it.
        count = max(self._progress.settled, present)
        progress = msgspec.structs.replace(self._progress, settled=count)
        if progress.total > 1 and progress.settled < progress.total:
            line = Row.grid(padding=(0, 1))
            bar = ProgressBar(progress.total, progress.settled, BAR)
            line.add_row(f"connecting {settled(progress)}", bar)
            yield line


def _short(events: Sequence[Line]) -> Iterator[Text]:
    """Render the last lines, each in one line whose end may be cut off."""
    return (rich_line(line, cut=True) for line in events[-FEW_LINES:])
