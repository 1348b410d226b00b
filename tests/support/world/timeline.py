"""Simulated time: one heap of what happens next."""

from __future__ import annotations

import heapq
from typing import Any, Callable

__all__ = ["Timeline"]


class Timeline:
    """Calls what is due, in the order of time, then of arrangement.

    Attributes:
        now: monotonic seconds.
    """

    __slots__ = ("_heap", "_order", "now")

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self._order = 0
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []

    def at(self, when: float, call: Callable[..., None], *args: Any) -> None:
        """Call at that time, or at once if it is over."""
        self._order += 1
        heapq.heappush(self._heap, (when, self._order, call, args))

    def after(self, seconds: float, call: Callable[..., None], *args: Any) -> None:
        """Call so many seconds from now."""
        self.at(self.now + seconds, call, *args)

    def advance(self, seconds: float) -> None:
        """Let time pass, with all that happens in it."""
        heap, pop = self._heap, heapq.heappop
        end = self.now + seconds
        while heap and heap[0][0] <= end:
            when, _, call, args = pop(heap)
            if when > self.now:
                self.now = when
            call(*args)
        self.now = end
