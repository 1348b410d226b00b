"""The live table of a terminal."""

from __future__ import annotations

from typing import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table as Grid
from rich.text import Text

from assetstream.cli.run.settling import Settling
from assetstream.cli.run.watch import Event
from assetstream.cli.view import summary
from assetstream.cli.view.changes import Changes
from assetstream.cli.view.columns import Columns
from assetstream.cli.view.notes import Notes
from assetstream.cli.view.sheet import Sheet
from assetstream.model.events import AssetUpdate, Balance, StateChange
from assetstream.streams.stream import AssetStream

__all__ = ["Table"]

#: Up to so many, each account has its own lines, however low the window is.
FEW = 4
#: Balances that are shown however low it is.
LEAST = 3
#: With sums, with short notes: what is tried in turn before balances are left out.
#: States must never be cut off at the window's lower edge.
FORMS = ((True, False), (False, False), (False, True))
#: Columns that the progress bar takes.
BAR = 40


class Table:
    """A view of all accounts: state, balances, the last errors and gaps.

    Many accounts for whose lines the window is too low are summed up; see ``summary``.

    Amounts are read from the streams when it is painted, so a repaint shows the present
    book however many updates came since the last one. What has just changed stands out.
    """

    def __init__(self, streams: Sequence[AssetStream], console: Console) -> None:
        self._streams = streams
        self._console = console
        # Repainted by paint() alone, not by a thread of rich's.
        self._live = Live(console=console, auto_refresh=False)
        self._changes = Changes()
        self._notes = Notes()
        self._reasons: dict[str, str] = {}
        self._sheet = Sheet(console, streams, self._changes)
        self._sums = Columns(console, summary.NAMES, summary.DISPENSABLE)
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
        self._notes.note(event)
        if isinstance(event, AssetUpdate):
            self._changes.note(event)
        elif isinstance(event, StateChange):
            self._reasons[event.account] = event.reason
            self._settling.note(event.account, event.current)

    def paint(self) -> None:
        """Repaint everything."""
        self._live.update(self._screen(), refresh=True)

    def _screen(self) -> RenderableType:
        balances = self._sheet.look()
        progress = list(self._progress())
        if self._sums_up(len(balances)):
            notes = self._notes.short()
            height = self._console.height - len(progress) - len(notes)
            parts = summary.summary(
                self._sums, self._streams, self._reasons, self._changes, height
            )
            return Group(*progress, *parts, *notes)
        shown = len(balances)
        for sums, brief in FORMS:
            screen = Group(*progress, *self._parts(balances, shown, sums, brief))
            if self._lines_over(screen) <= 0:
                return screen
        while True:
            screen = Group(*progress, *self._parts(balances, shown, False, True))
            over = self._lines_over(screen)
            if over <= 0 or shown <= LEAST:
                return screen
            # Half of what is too much, as each may take two lines.
            shown = max(LEAST, shown - max(1, over // 2))

    def _parts(
        self, balances: Sequence[Balance], shown: int, sums: bool, brief: bool
    ) -> Iterator[RenderableType]:
        yield self._sheet.show(balances[:shown], self._reasons, sums=sums)
        if shown < len(balances):
            hidden = len(balances) - shown
            yield Text(f"{hidden} more need a taller window", "dim")
        notes = self._notes.short() if brief else self._notes.lines()
        if notes:
            yield Text("")
        yield from notes

    def _lines_over(self, screen: RenderableType) -> int:
        """By how many lines it is too high; the cursor needs one, too."""
        lines = self._console.render_lines(screen, pad=False)
        return len(lines) + 1 - self._console.height

    def _sums_up(self, rows: int) -> bool:
        """Whether the window is too low for a line of each balance."""
        count, height = len(self._streams), self._console.height
        if count <= FEW:
            return False
        # An account that is connecting is going to have a balance.
        notes = 2 * len(self._notes.lines())
        if count + max(rows, count) + notes + 6 > height:
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
