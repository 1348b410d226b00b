"""The clock of the package: what asks for the time, or lets some pass, goes by it.

Tests have it run faster, jump or stand still, by replacing these three functions; so
they are always called by their module: ``clock.now()``.
"""

from __future__ import annotations

import sys
import time
from typing import Callable

__all__ = ["now", "real_seconds", "wall"]

#: Returns the seconds since 1970 by this machine's clock, which somebody may set.
wall: Callable[[], float] = time.time


def real_seconds(seconds: float) -> float:
    """Return for how long the system must wait until ``seconds`` have passed here."""
    return seconds


# L1: after a suspend the last proof of life is as old as it really is. On Linux and
# macOS time.monotonic() stands still meanwhile, so a dead connection would look fresh.
if sys.platform == "linux":

    def now() -> float:
        """Return monotonic seconds that go on while the machine is suspended."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

elif sys.platform == "darwin":

    def now() -> float:
        """Return monotonic seconds that go on while the machine is suspended."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

else:

    def now() -> float:
        """Return monotonic seconds that go on while the machine is suspended."""
        return time.monotonic()
