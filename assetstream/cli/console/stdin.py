"""The lines of standard input, be it a terminal, a pipe or nothing."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Iterator

__all__ = ["stay_in_background", "typed_lines"]

#: Seconds until a program that is in the background looks whether it still is.
BACKGROUND = 0.5


def stay_in_background() -> None:
    """Let a shell's background job go on where it would be stopped for reading.

    For the main thread; does nothing unless standard input is a terminal.
    """
    if hasattr(signal, "SIGTTIN") and sys.stdin is not None and sys.stdin.isatty():
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)


def typed_lines() -> Iterator[str]:
    """Yield line after line to the end; none if there is nothing to read from."""
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # a window's program has none
        return
    rest = b""
    # Not by sys.stdin: its lock, held by a daemon thread that reads, is fatal at exit.
    while data := _read(descriptor):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")


def _read(descriptor: int) -> bytes:
    """What was typed; nothing at the end."""
    while True:
        try:
            return os.read(descriptor, 4096)
        except OSError:
            if not _in_background(descriptor):
                return b""
        time.sleep(BACKGROUND)


def _in_background(descriptor: int) -> bool:
    try:
        return os.tcgetpgrp(descriptor) != os.getpgrp()
    except (AttributeError, OSError):  # Windows; no terminal
        return False
