"""A terminal with a program on it, as its user sees it."""

from __future__ import annotations

import codecs
import os
import select
import signal
import struct
import time
from types import TracebackType
from typing import Callable, Mapping, Sequence

import pyte
import pytest

from tests.support.event_recorder import PATIENCE
from tests.support.processes import clean_environment, start_python

__all__ = ["ALTERNATE", "PRIMARY", "Terminal"]

ALTERNATE, PRIMARY = "\x1b[?1049h", "\x1b[?1049l"


class Terminal:
    """A window of a given size, whose letters a test reads as a user would.

    Args:
        columns: of the window.
        lines: of the window.
        arguments: of the interpreter.
        environment: variables beside the clean ones.
    """

    def __init__(
        self,
        columns: int,
        lines: int,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")
        self.written = ""
        self._screen = pyte.Screen(columns, lines)
        self._emulator = pyte.Stream(self._screen)
        # A letter may be divided between two reads.
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._master, slave = pty.openpty()
        self._set_size(columns, lines)
        self._process = start_python(
            arguments,
            [slave] * 3,
            {
                **clean_environment(("UPBIT_", "COINW_", "NO_COLOR")),
                "TERM": "xterm-256color",
                **(environment or {}),
            },
        )

    @property
    def lines(self) -> list[str]:
        """The lines of the window, without room at their ends."""
        return [line.rstrip() for line in self._screen.display]

    def wait_for(self, *texts: str) -> list[str]:
        """Read until each of these is in the window; return its lines."""
        return self.wait_until(
            lambda lines: all(text in "\n".join(lines) for text in texts)
        )

    def wait_until(self, seen: Callable[[Sequence[str]], bool]) -> list[str]:
        """Read until the window's lines are as they should be; return them."""
        deadline = time.monotonic() + PATIENCE
        while not seen(self.lines):
            assert time.monotonic() < deadline, "\n".join(self.lines)
            assert self.read(), "\n".join(self.lines)
        return self.lines

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Give the window another size."""
        self._screen.resize(lines, columns)
        self._set_size(columns, lines)
        self._process.send_signal(signal.SIGWINCH)

    def send(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self._process.send_signal(number)

    def finish(self) -> int:
        """Read to the end; return the exit code."""
        while self.read():
            pass
        return self._process.wait(PATIENCE)

    def read(self) -> bool:
        """Wait for the program to write; False if it never will again."""
        ready, _, _ = select.select([self._master], [], [], PATIENCE)
        assert ready, "\n".join(self.lines)
        try:
            data = os.read(self._master, 65536)
        except OSError:  # how Linux says that the other end is closed
            return False
        text = self._decoder.decode(data)
        self.written += text
        # The emulator has one screen: a program's own begins with an empty one.
        self._emulator.feed(text)
        return bool(data)

    def _set_size(self, columns: int, lines: int) -> None:
        import fcntl
        import termios

        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(PATIENCE)
        os.close(self._master)
