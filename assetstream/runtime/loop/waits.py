"""Waits of a caller's thread: they end at Ctrl-C, and no lock is left behind.

``queue.SimpleQueue`` is the one primitive whose ``put`` may interrupt any code at all,
a signal handler included, so everything a user's thread waits for comes through one.
"""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Callable, TypeVar

from assetstream.model.errors import ConfigurationError
from assetstream.runtime.loop import clock

__all__ = [
    "FOR_EVER",
    "Deadline",
    "OneShotEvent",
    "get_interruptibly",
    "join_interruptibly",
]

T = TypeVar("T")

# Waits are cut into slices, real seconds: on Windows a blocked one does not notice
# Ctrl-C, and elsewhere one misses a signal that comes after Python has looked for
# signals, but before the system call has begun.
SLICE = 0.05


#: Seconds beyond which a timeout is for ever; a greater whole number may be no float.
FOR_EVER = 1e18


class Deadline:
    """One timeout spread over several waits; None waits for ever, 0 not at all.

    Args:
        timeout: seconds, of any size.
        more: seconds that are added to it.
    """

    def __init__(self, timeout: float | None, more: float = 0.0) -> None:
        if timeout is not None and not isinstance(timeout, (int, float)):
            raise ConfigurationError(
                f"a timeout must be a number of seconds, or None, not {timeout!r}"
            )
        if timeout is None or timeout > FOR_EVER:
            self.at = math.inf
        else:
            self.at = clock.now() + timeout + more

    def left(self) -> float:
        """Seconds left, never negative; inf for ever."""
        return max(0.0, self.at - clock.now())


def get_interruptibly(queue: SimpleQueue[T], deadline: Deadline) -> T:
    """Take the next item, waiting until the deadline.

    Raises:
        queue.Empty: the deadline came first.
    """
    while True:
        left = deadline.left()
        if left == 0.0:
            return queue.get_nowait()
        try:
            return queue.get(timeout=min(clock.real_seconds(left), SLICE))
        except Empty:
            continue


def join_interruptibly(thread: threading.Thread, deadline: Deadline) -> bool:
    """Wait until a thread has ended; False if the deadline came first."""
    while thread.is_alive():
        left = deadline.left()
        if left == 0.0:
            return False
        thread.join(min(clock.real_seconds(left), SLICE))
    return True


class OneShotEvent:
    """An event that happens once; any number of threads may wait for it."""

    def __init__(self) -> None:
        self._happened = False
        self._calls: list[Callable[[], None]] = []

    @property
    def happened(self) -> bool:
        """True after ``set``."""
        return self._happened

    def set(self) -> None:
        """End every wait for the event; from any thread or signal handler."""
        self._happened = True
        self._call()

    def then(self, call: Callable[[], None]) -> None:
        """Have this called once: by ``set``, or at once if that came before."""
        self._calls.append(call)
        # Looked at after joining the list: set() cannot fall in between unseen.
        if self._happened:
            self._call()

    def wait(self, deadline: Deadline) -> bool:
        """Wait for the event; False if the deadline came first."""
        queue: SimpleQueue[None] = SimpleQueue()
        end = partial(queue.put, None)
        self.then(end)
        try:
            get_interruptibly(queue, deadline)
        except Empty:
            pass
        finally:
            # Unless it was called, or is about to be, by another thread.
            with suppress(ValueError):
                self._calls.remove(end)
        return self._happened

    def _call(self) -> None:
        while True:
            try:
                call = self._calls.pop()
            except IndexError:
                return
            call()
