"""Deadlines of many, which move all the time, in the order in which they come."""

from __future__ import annotations

import heapq
import itertools
import math
from typing import Any, Protocol

from assetstream.runtime.loop import clock

__all__ = ["LONGEST_WAIT", "DeadlineQueue", "HasDeadline"]

# Seconds; a turn for nothing. epoll refuses to wait for more than 24 days.
LONGEST_WAIT = 86_400.0
#: Superseded entries beyond this many, and as many as are current, are swept out.
MOST_SUPERSEDED = 64


class HasDeadline(Protocol):
    """Acts at a time of its own choice."""

    @property
    def deadline(self) -> float:
        """Moment to call ``due``, in seconds of ``clock.now``; math.inf if never."""
        ...

    def due(self) -> None:
        """Act; called once per round while ``deadline`` has passed."""


#: When, a number that keeps those apart that are due together, and who.
Entry = list[Any]


class DeadlineQueue:
    """The earliest deadline of each, as it was when ``plan`` was last called for it.

    Most deadlines only move away (every frame puts off the moment at which a silent
    connection counts as dead). Such a one keeps its place until that comes, and is then
    looked at again: so putting it off costs nothing but reading it.
    """

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self._numbers = itertools.count()
        # Of each, the entry that counts. One that is superseded stays in the heap, but
        # without its owner: whoever has gone is held by nothing here (D5).
        self._current: dict[HasDeadline, Entry] = {}

    def plan(self, timed: HasDeadline) -> None:
        """Plan to look at it by its present deadline."""
        at = timed.deadline
        current = self._current.get(timed)
        if at == math.inf or (current is not None and current[0] <= at):
            return
        if current is not None:
            current[2] = None
        entry: Entry = [at, next(self._numbers), timed]
        self._current[timed] = entry
        heapq.heappush(self._heap, entry)
        if len(self._heap) > 2 * len(self._current) + MOST_SUPERSEDED:
            self._heap = sorted(self._current.values())

    def forget(self, timed: HasDeadline) -> None:
        """Drop a deadline."""
        entry = self._current.pop(timed, None)
        if entry is not None:
            entry[2] = None

    def timeout(self) -> float | None:
        """Return the real seconds until the next look; None: there is no deadline."""
        if not self._heap:
            return None
        left = min(max(0.0, self._heap[0][0] - clock.now()), LONGEST_WAIT)
        return clock.real_seconds(left)

    def passed(self) -> list[HasDeadline]:
        """Take those that are due, the earliest first; plan the others anew."""
        now = clock.now()
        passed: list[HasDeadline] = []
        while self._heap and self._heap[0][0] <= now:
            timed = heapq.heappop(self._heap)[2]
            if timed is None:
                continue
            del self._current[timed]
            if timed.deadline <= now:
                passed.append(timed)
            else:
                self.plan(timed)
        return passed

    def clear(self) -> None:
        """Drop all deadlines."""
        self._heap.clear()
        self._current.clear()
