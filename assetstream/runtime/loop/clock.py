"""The clock all deadlines of the runtime are measured with."""

from __future__ import annotations

import sys
import time

__all__ = ["now"]

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
