"""Rate limits."""

from __future__ import annotations

import threading
from collections import deque

from assetstream.runtime.loop import clock

__all__ = ["Limit"]


class Limit:
    """A sliding window: at most ``times`` uses in any ``seconds``. Thread-safe."""

    def __init__(self, times: int, seconds: float) -> None:
        self.times = times
        self._seconds = seconds
        self._used: deque[float] = deque()
        self._lock = threading.Lock()

    def use(self) -> bool:
        """Count one use; return False, and count nothing, if it is one too many."""
        with self._lock:
            if self._free() == 0:
                return False
            self._used.append(clock.now())
            return True

    @property
    def left(self) -> int:
        """Number of uses still allowed at this moment."""
        with self._lock:
            return self._free()

    def _free(self) -> int:
        oldest = clock.now() - self._seconds
        while self._used and self._used[0] <= oldest:
            self._used.popleft()
        return self.times - len(self._used)
