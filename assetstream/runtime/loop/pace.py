"""Rate limit for all streams of one place together."""

from __future__ import annotations

import threading

__all__ = ["Pace"]

#: Keeps what is sent evenly from arriving unevenly, over the limit for a second.
MARGIN = 1.05


class Pace:
    """A token bucket that holds one token: hands out times, evenly spaced.

    Asked by readers, of which there may be several, in threads of their own.

    Nothing is saved up in quiet times, for exchanges count by the second: five at once
    and five more in the course of that second would be twice what is allowed. Those who
    ask are served in the order in which they ask.

    Args:
        rate: times a second.
    """

    def __init__(self, rate: float) -> None:
        #: Seconds from one time to the next.
        self.step = MARGIN / rate
        self._next = float("-inf")
        self._lock = threading.Lock()

    def reserve(self, now: float) -> float:
        """Take the next free time, not before ``now``; seconds of ``clock.now``."""
        with self._lock:
            at = max(now, self._next)
            self._next = at + self.step
            return at
