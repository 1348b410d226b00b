"""The clock of the package: what asks for the time, or lets some pass, goes by it.

Tests have it run faster, jump or stand still, by replacing these three functions; so
they are always called by their module: ``clock.now()``.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import Callable

__all__ = ["now", "real_seconds", "wall"]

#: Returns the seconds since 1970 by this machine's clock, which somebody may set.
wall: Callable[[], float] = time.time
#: Returns for how long the system must wait until so many seconds have passed here.
real_seconds: Callable[[float], float] = float
#: Returns monotonic seconds that go on while the machine is suspended.
now: Callable[[], float]

# L1: after a suspend the last proof of life is as old as it really is. On Linux and
# macOS time.monotonic() stands still meanwhile, so a dead connection would look fresh.
# In C from end to end: every frame asks for the time, more than once.
if sys.platform == "linux":
    now = partial(time.clock_gettime, time.CLOCK_BOOTTIME)
elif sys.platform == "darwin":
    now = partial(time.clock_gettime, time.CLOCK_MONOTONIC)
else:
    now = time.monotonic
