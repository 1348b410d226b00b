"""How often something may be done."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Callable

__all__ = ["Limit"]


class Limit:
    """At most ``times`` in any ``seconds``: a sliding window. Thread-safe."""

    def __init__(
        self, times: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.times = times
        self._seconds = seconds
        self._clock = clock
        self._used: deque[float] = deque()
        self._lock = threading.Lock()

    def use(self) -> bool:
        """Use it once; False, and nothing used, if that would be too often."""
        with self._lock:
            if self._free() == 0:
                return False
            self._used.append(self._clock())
            return True

    @property
    def left(self) -> int:
        """How many more uses are allowed at this moment."""
        with self._lock:
            return self._free()

    def _free(self) -> int:
        oldest = self._clock() - self._seconds
        while self._used and self._used[0] <= oldest:
            self._used.popleft()
        return self.times - len(self._used)
