"""The clock of the runtime."""

from __future__ import annotations

import sys
import time

import pytest

from assetstream.runtime.loop import clock
from tests.support.clock import TimeMachine, fast_time


def test_never_goes_back() -> None:
    """Later readings are never smaller."""
    readings = [clock.now() for _ in range(1000)]
    assert readings == sorted(readings)


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
def test_counts_suspend_on_linux() -> None:
    """On Linux the clock goes on while the machine sleeps (L1)."""
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= clock.now() <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_real_seconds_are_its_own() -> None:
    """Outside of tests nothing is stretched."""
    assert clock.real_seconds(1.5) == 1.5


def test_a_test_can_make_it_run_fast() -> None:
    """All of the clock goes at that speed, and waits are as much shorter."""
    real = clock.now()
    with fast_time(1000.0):
        began, wall = clock.now(), clock.wall()
        while clock.now() < began + 1.0:
            pass
        assert clock.wall() - wall >= 0.9
        assert clock.real_seconds(20.0) == 0.02

    assert began >= real


def test_a_test_can_make_it_stand_still_and_jump() -> None:
    """At the speed 0 only a jump moves it."""
    with TimeMachine(speed=0.0).installed() as machine:
        began, wall = clock.now(), clock.wall()
        machine.jump(7.0)

        assert (clock.now() - began, clock.wall() - wall) == pytest.approx((7.0, 7.0))
