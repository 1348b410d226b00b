"""A line on stderr that shows how far long work is."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.status import Status
from rich.text import Text

from assetstream.model.health import Progress

__all__ = ["StatusLine", "clock", "settled", "size"]

#: Seconds between two lines where they stay: in a file or a pipe.
EVERY = 60.0
#: Columns of the spinner, and of the ``^C`` that a terminal may write.
SPINNER = 6


class StatusLine:
    """Shows the latest text beside a spinner; what is noted stays above it.

    In a file or a pipe it writes the latest text as a line, once a minute.
    """

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._status: Status | None = None
        if sys.stderr.isatty() and not self._console.is_dumb_terminal:
            self._status = Status("", console=self._console, refresh_per_second=4)
        self._next = time.monotonic() + EVERY

    def show(self, text: str) -> None:
        """Let this be the latest."""
        if self._status is not None:
            line = Text(text)
            line.truncate(self._console.width - SPINNER, overflow="ellipsis")
            self._status.update(line)
            self._status.start()
        elif time.monotonic() >= self._next:
            self._next += EVERY
            self._write(text)

    def note(self, text: str) -> None:
        """Write a line that stays."""
        if self._status is not None:
            self._console.print(Text(text), soft_wrap=True)
        else:
            self._write(text)

    def end(self) -> None:
        """Take the latest away."""
        if self._status is not None:
            self._status.stop()

    def _write(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def settled(progress: Progress) -> str:
    """Write how many accounts have settled: ``3 of 10, 1 ended``."""
    ended = f", {progress.failed} ended" if progress.failed else ""
    return f"{progress.settled} of {progress.total}{ended}"


def clock(seconds: float) -> str:
    """Write ``1:02:03``, ``2:03`` or ``0:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(count: int) -> str:
    """Write ``532 bytes``, ``12.3 KB`` or ``4.5 MB``."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1e3:.1f} KB" if count < 1e6 else f"{count / 1e6:.1f} MB"
