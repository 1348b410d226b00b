"""Lines of standard input, be it a terminal, a pipe or nothing."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Iterator

__all__ = ["read_lines", "stay_in_background"]

#: Seconds between two attempts to read from a terminal while in the background.
BACKGROUND = 0.5


def stay_in_background() -> None:
    """Keep a shell's background job running where reading would suspend it.

    Call it in the main thread; it does nothing unless standard input is a terminal.
    """
    if hasattr(signal, "SIGTTIN") and sys.stdin is not None and sys.stdin.isatty():
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)


def read_lines() -> Iterator[str]:
    """Yield line after line up to the end of standard input, if there is one."""
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # a GUI program has no standard input
        return
    rest = b""
    # os.read, not sys.stdin: a daemon thread that reads holds the lock of sys.stdin,
    # and the interpreter dies of that at exit.
    while data := _read(descriptor):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")


def _read(descriptor: int) -> bytes:
    """Read some bytes; empty at the end of the input."""
    while True:
        try:
            return os.read(descriptor, 4096)
        except OSError:
            if not in_background(descriptor):
                return b""
        time.sleep(BACKGROUND)


def in_background(descriptor: int) -> bool:
    """Return True if a terminal is not for this process to read, but for its shell."""
    try:
        return os.tcgetpgrp(descriptor) != os.getpgrp()
    except (AttributeError, OSError):  # Windows; no terminal
        return False
