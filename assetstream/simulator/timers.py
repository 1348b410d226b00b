"""Actions that are due at a time."""

from __future__ import annotations

import heapq
from itertools import count
from typing import Callable

__all__ = ["Timers"]


class Timers:
    """Actions and the times at which they are due; for one thread."""

    def __init__(self) -> None:
        self._actions: list[tuple[float, int, Callable[[], None]]] = []
        # Orders two actions that are due at once, as actions have no order.
        self._numbers = count()

    def add(self, due: float, action: Callable[[], None]) -> None:
        """Call ``action`` at the time ``due``."""
        heapq.heappush(self._actions, (due, next(self._numbers), action))

    def run(self, now: float) -> None:
        """Call every action that is due."""
        while self._actions and self._actions[0][0] <= now:
            heapq.heappop(self._actions)[2]()

    def wait(self, now: float) -> float | None:
        """Seconds until the next action is due; None: no action is left."""
        return max(0.0, self._actions[0][0] - now) if self._actions else None
