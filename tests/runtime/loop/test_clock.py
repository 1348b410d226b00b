"""The clock of the runtime."""

from __future__ import annotations

import sys
import time

import pytest

from assetstream.runtime.loop import clock


def test_never_goes_back() -> None:
    """Later readings are never smaller."""
    readings = [clock.now() for _ in range(1000)]
    assert readings == sorted(readings)


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
def test_counts_suspend_on_linux() -> None:
    """On Linux the clock goes on while the machine sleeps (L1)."""
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= clock.now() <= time.clock_gettime(time.CLOCK_BOOTTIME)
