"""How far long work is: a line on a terminal's stderr that is written anew."""

from __future__ import annotations

import shutil
import sys
import time

__all__ = ["Progress", "clock", "size"]

#: Seconds between two lines where they stay: in a file or a pipe.
EVERY = 60.0


class Progress:
    """Shows the latest text; what is noted stays above it."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._text = ""
        self._next = time.monotonic() + EVERY

    def show(self, text: str) -> None:
        """Let this be the latest."""
        if self._terminal:
            self._erase()
            self._text = text[: shutil.get_terminal_size().columns - 1]
            self._write(self._text)
        elif time.monotonic() >= self._next:
            self._next += EVERY
            self._write(f"{text}\n")

    def note(self, text: str) -> None:
        """Write a line that stays."""
        shown = self._text
        self._erase()
        self._write(f"{text}\n")
        if self._terminal and shown:
            self.show(shown)

    def end(self) -> None:
        """Take the latest away."""
        self._erase()

    def _erase(self) -> None:
        if self._text:
            # And the two characters that a terminal shows for Ctrl-C.
            self._write("\r" + " " * (len(self._text) + 2) + "\r")
            self._text = ""

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def clock(seconds: float) -> str:
    """``1:02:03``, ``2:03`` or ``0:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(count: int) -> str:
    """``532 bytes``, ``12.3 KB`` or ``4.5 MB``."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1e3:.1f} KB" if count < 1e6 else f"{count / 1e6:.1f} MB"
