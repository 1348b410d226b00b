"""Waits of a caller's thread: they end at Ctrl-C, and no lock is left behind.

``queue.SimpleQueue`` is the one primitive whose ``put`` may interrupt any code at all,
a signal handler included, so everything a user's thread waits for comes through one.
"""

from __future__ import annotations

import math
import os
from queue import Empty, SimpleQueue
from typing import TypeVar

from assetstream.runtime import clock

__all__ = ["Deadline", "Latch", "patient_get"]

T = TypeVar("T")

# On Windows a blocked wait does not notice Ctrl-C, so it is cut into slices there.
SLICE = 0.1 if os.name == "nt" else math.inf


class Deadline:
    """One timeout spread over several waits; None waits for ever, 0 not at all."""

    def __init__(self, timeout: float | None) -> None:
        self.at = math.inf if timeout is None else clock.now() + timeout

    def left(self) -> float:
        """Seconds left, never negative; inf for ever."""
        return max(0.0, self.at - clock.now())


def patient_get(queue: SimpleQueue[T], deadline: Deadline) -> T:
    """Take the next item, waiting until the deadline.

    Raises:
        queue.Empty: the deadline came first.
    """
    while True:
        left = deadline.left()
        if left == 0.0:
            return queue.get_nowait()
        # A day at most: Python refuses waits beyond some decades.
        patience = min(left, SLICE, 86_400.0)
        try:
            return queue.get(timeout=patience)
        except Empty:
            continue


class Latch:
    """Something that happens once, and that any number of threads may wait for."""

    def __init__(self) -> None:
        self._happened = False
        self._waiting: list[SimpleQueue[None]] = []

    def set(self) -> None:
        """It has happened; from any thread or signal handler."""
        self._happened = True
        for queue in tuple(self._waiting):
            queue.put(None)

    def wait(self, deadline: Deadline) -> bool:
        """Wait until it has happened; False if the deadline came first."""
        queue: SimpleQueue[None] = SimpleQueue()
        self._waiting.append(queue)
        try:
            # Looked at after joining the list: set() cannot fall in between unseen.
            if not self._happened:
                patient_get(queue, deadline)
        except Empty:
            pass
        finally:
            self._waiting.remove(queue)
        return self._happened
