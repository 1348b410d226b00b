"""SIGTERM, by which service managers end a program: an orderly end before it."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Callable, Iterator

from assetstream.runtime.loop.log import log_aside
from assetstream.runtime.loop.registrations import Registrations

__all__ = ["before_end", "flush_output", "stopped_by_sigterm"]

#: Called, when all has stopped, before the signal ends the process: what else would be
#: done at the exit, which does not come. They take seconds at most, and do not raise.
before_end: Registrations[Callable[[], object]] = Registrations()


@contextmanager
def stopped_by_sigterm(stop: Callable[[float], object]) -> Iterator[None]:
    """Have SIGTERM stop what runs in the block, and end the process behind it.

    Only in the main thread, and only where nobody else handles the signal. A second
    one ends the process at once.

    Args:
        stop: asks for the end and waits so many seconds; called in a signal handler by
            0, and once more when the block is left.
    """
    came = False

    def terminate(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        stop(0.0)

    if not _handle(terminate):
        yield
        return
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is terminate:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if came:
            stop(5.0)  # logs what holds it up
            for call in before_end.copy().values():
                call()
            # Python's own flush at the exit will not come. Elsewhere, for a handler
            # may hang, or a pipe be stuck.
            log_aside(flush_output)
            signal.raise_signal(signal.SIGTERM)
            # The first process of a container outlives a signal that it leaves to the
            # kernel. It has to end all the same, by the code that shells give.
            sys.exit(128 + signal.SIGTERM)


def _handle(terminate: Callable[[int, FrameType | None], None]) -> bool:
    if threading.current_thread() is not threading.main_thread():
        return False
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return False
    with suppress(ValueError):  # a subinterpreter, which may handle none
        signal.signal(signal.SIGTERM, terminate)
        return True
    return False


def flush_output() -> None:
    """Write out what stdout, stderr and log handlers still hold."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # closed, or there is none
            stream.flush()
    with suppress(Exception):
        logging.shutdown()
