"""The live view of a terminal."""

from __future__ import annotations

import signal
from typing import Collection, Sequence

import msgspec
from rich.console import Console
from rich.control import Control
from rich.segment import ControlType

from assetstream.cli.run.watch import ViewEvent
from assetstream.cli.view.choice import Choice, press
from assetstream.cli.view.keyboard import Key
from assetstream.cli.view.screen import Picture, compose
from assetstream.cli.view.styles import styled
from assetstream.display.terminal import Columns, Strip
from assetstream.model.health import Progress
from assetstream.model.states import State
from assetstream.streams.accounts import AccountSnapshot
from assetstream.streams.changes import Changes
from assetstream.streams.event_log import EventLog
from assetstream.streams.stream import Stream, read_account

__all__ = ["TerminalView"]

#: Lines of the window that are left to the shell, below the last picture.
PROMPT = 2


class TerminalView:
    """Fills the window with states, balances, and the last errors and gaps.

    Amounts are read from the streams when it is painted, so a repaint shows the present
    book however many updates came since the last one. What has just changed stands out.
    At its end the window is given back, and the last picture stays in it.

    Args:
        streams: all of them; each time it is painted, those of that moment.
        console: the terminal.
        keys: True if there is a keyboard, whose keys ``show`` gets.
    """

    def __init__(
        self, streams: Collection[Stream], console: Console, *, keys: bool
    ) -> None:
        self._streams = streams
        self._console = console
        self._keys = keys
        self._changes = Changes()
        self._log = EventLog()
        self._progress = Progress(0, 0, len(streams))
        self._choice = Choice()
        self._columns: Columns | None = None
        self._page = 1
        # What the window shows, line by line, for its size.
        self._size = (0, 0)
        self._shown: list[Strip] = []

    def __enter__(self) -> None:
        self._console.set_alt_screen(True)
        self._console.show_cursor(False)
        self._size = (0, 0)

    def __exit__(self, *exc: object) -> None:
        width, height = self._console.size
        strips = self._strips((width, height - PROMPT), ended=True)
        with self._console:
            self._console.control(Control.clear(), Control.home())
            self._console.set_alt_screen(False)
            self._console.show_cursor(True)
            for strip in strips:
                self._console.print(styled(strip), end="\n", crop=False)

    def show(self, event: ViewEvent) -> None:
        """Remember what the streams' balances do not show, or do what a key asks for.

        A ``q`` is a Ctrl-C.
        """
        if isinstance(event, Progress):
            self._progress = event
        elif not isinstance(event, Key):
            self._log.note(event)
        elif event == "redraw":
            self._size = (0, 0)
        elif event == "q" and not self._choice.typing:
            signal.raise_signal(signal.SIGINT)
        else:
            self._choice = press(self._choice, event, self._page)

    def paint(self) -> None:
        """Bring every line up to date that is not."""
        size = self._console.size
        strips = self._strips(size)
        with self._console:
            if size != self._size:
                self._console.control(Control.clear())
                self._size = size
                self._shown = [() for _ in strips]
            for line, (strip, shown) in enumerate(
                zip(strips, self._shown, strict=True)
            ):
                if strip != shown:
                    # Erased first: behind the last column there is nothing to erase.
                    self._console.control(
                        Control.move_to(0, line),
                        Control((ControlType.ERASE_IN_LINE, 2)),
                    )
                    self._console.print(styled(strip), end="", crop=False)
        self._shown = strips

    def _strips(self, size: tuple[int, int], *, ended: bool = False) -> list[Strip]:
        accounts = self._changes.recall(list(map(read_account, self._streams)))
        picture = Picture(
            accounts,
            self._log.lines(accounts),
            self._settled(accounts),
            self._keys,
            ended,
        )
        layout = compose(picture, self._choice, size, self._columns)
        self._columns, self._choice = layout.columns, layout.choice
        self._page = layout.page
        return list(layout.strips)

    def _settled(self, accounts: Sequence[AccountSnapshot]) -> Progress:
        states = [account.health.state for account in accounts]
        present = sum(state is State.LIVE or state.final for state in states)
        # The group's word comes a little later than what is seen beside it.
        count = max(self._progress.settled, present)
        return msgspec.structs.replace(self._progress, settled=count)
