"""The exchange's clocks: intervals, by ``Date`` headers and by pushes (T1)."""

from __future__ import annotations

import math
from email.utils import formatdate

import pytest

from assetstream.core.exchange_clock import ExchangeClock
from assetstream.core.moment import Moment
from assetstream.protocol import Instant

START = 1_767_225_600


def date(seconds: float) -> str:
    """Return the ``Date`` header so many seconds after the start, cut to whole ones."""
    return formatdate(int(START + seconds), usegmt=True)


def ms(seconds: float) -> float:
    """Return the time so many seconds after the start; ms since 1970."""
    return (START + seconds) * 1000


def opened(asked: float = 10.0, now: float = 10.2) -> ExchangeClock:
    """Make a clock that knows one ``Date``, asked for at 10 and right."""
    clock = ExchangeClock()
    assert not clock.opened("ws", date(asked), asked, now)
    return clock


def bounds(clock: ExchangeClock, now: float) -> tuple[float, float]:
    """Return the least and the most that the host's clock shows now, ms."""
    stamp = clock.stamp(Moment(now, START))
    return stamp.least_ms, stamp.most_ms


def pushed(clock: ExchangeClock, time: int, now: float) -> bool:
    """Note a push of that time, ms, which came at ``now``."""
    return clock.pushed(time, clock.stamp(Moment(now, START)))


def test_t1_a_date_is_cut_and_took_its_time() -> None:
    """The interval is a second wide, and as much more as the answer took."""
    clock = opened(10.0, 10.5)

    assert bounds(clock, 10.5) == (ms(10.0), ms(11.5))
    assert bounds(clock, 20.5) == (ms(20.0), ms(21.5))
    # Exchanges accept what is a few seconds old, but hardly anything from the future.
    assert clock.instant(Moment(20.5, 0.0)).ms == ms(20.0)


@pytest.mark.parametrize("header", [None, "", "yesterday", "Thu, 99 Jan 2026"])
def test_t1_without_a_date_the_interval_has_no_ends(header: str | None) -> None:
    """Nothing is ahead then; calls are signed by this machine's clock."""
    clock = ExchangeClock()
    assert not clock.opened("ws", header, 10.0, 10.2)
    assert not clock.read("rest", header, 10.0, 10.2)

    assert bounds(clock, 10.2) == (-math.inf, math.inf)
    assert clock.instant(Moment(10.2, START + 3.0)).ms == ms(3.0)
    assert not pushed(clock, 0, 10.2)


def test_t2_what_is_signed_has_the_time_of_the_host_that_it_is_for() -> None:
    """By another host's clock where its own is not known, by ours where none is."""
    clock = ExchangeClock()
    assert clock.instant_of("rest", Moment(5.0, START + 3.0)).ms == ms(3.0)
    clock.read("rest", date(100.0), 10.0, 10.0)
    assert clock.instant(Moment(20.0, START)).ms == ms(110.0)
    assert clock.instant_of("elsewhere", Moment(20.0, START)).ms == ms(110.0)
    clock.opened("ws", date(50.0), 20.0, 20.0)

    assert clock.instant(Moment(21.0, START)) == Instant(21.0, int(ms(51.0)))
    assert clock.instant_of("rest", Moment(21.0, START)).ms == ms(111.0)
    assert clock.instant_of("elsewhere", Moment(21.0, START)).ms == ms(51.0)


def test_t1_readings_of_one_host_are_intersected() -> None:
    """So one slow answer does not blur what was known."""
    clock = opened(10.0, 10.0)
    assert not clock.read("ws", date(20.9), 20.9, 20.9)
    least, most = bounds(clock, 30.0)
    # By the first it is at least 30.0; by the second at most 30.1.
    assert least == pytest.approx(ms(30.0), abs=60)
    assert most == pytest.approx(ms(30.1), abs=60)

    assert not clock.read("ws", date(40.0), 40.0, 49.0)
    assert bounds(clock, 50.0)[1] - bounds(clock, 50.0)[0] < 300


def test_t1_the_drift_of_a_day_is_allowed_for() -> None:
    """Readings a day apart meet though one clock gains 15 s."""
    clock = opened(10.0, 10.0)

    assert not clock.read("ws", date(86_410.0 + 15.0), 86_410.0, 86_410.0)


def test_t1_other_hosts_tell_only_that_the_time_has_stepped() -> None:
    """A clock of theirs that is wrong is nothing to pushes."""
    clock = opened(10.0, 10.0)
    before = bounds(clock, 30.0)
    assert not clock.read("rest", date(30.0 + 70.0), 30.0, 30.0)
    assert bounds(clock, 30.0) == before
    assert clock.read("rest", date(40.0 + 77.0), 40.0, 40.0)
    least, most = bounds(clock, 40.0)

    assert least < ms(47.0) < most
    assert most - least == pytest.approx(1000 + 1200)


def test_t1_a_step_of_the_pushing_host_begins_its_interval_anew() -> None:
    clock = opened(10.0, 10.0)

    assert clock.read("ws", date(30.0 - 3600.0), 30.0, 30.0)
    assert bounds(clock, 30.0) == (ms(30.0 - 3600.0), ms(31.0 - 3600.0))
    assert not clock.opened("ws", date(40.0 - 3600.0), 40.0, 40.1)


def test_t1_three_pushes_over_ten_seconds_widen_the_clock_to_the_farthest() -> None:
    """They lie in a row on one side of it; the clock may still be right."""
    clock = opened(10.0, 10.0)
    assert not pushed(clock, int(ms(20.0 + 5.0)), 20.0)
    assert not pushed(clock, int(ms(25.0 + 7.0)), 25.0)
    assert pushed(clock, int(ms(30.0 + 5.0)), 30.0)

    assert bounds(clock, 40.0) == (ms(40.0), ms(40.0 + 7.0) + 50)
    assert not pushed(clock, int(ms(41.0 + 7.0)), 41.0)


def test_t1_pushes_behind_the_clock_widen_it_back() -> None:
    """A push may arrive 2 s late without being out of step."""
    clock = opened(10.0, 10.0)
    for now in (20.0, 25.0, 29.0):
        assert not pushed(clock, int(ms(now - 2.0)), now)
    for now in (30.0, 35.0):
        assert not pushed(clock, int(ms(now - 12.0)), now)
    assert pushed(clock, int(ms(40.0 - 12.0)), 40.0)

    assert bounds(clock, 50.0) == pytest.approx((ms(50.0 - 10.0) - 50, ms(51.0)))


def test_t1_too_few_too_soon_or_on_both_sides_widen_nothing() -> None:
    clock = opened(10.0, 10.0)
    for now in (20.0, 21.0, 22.0, 29.9):
        assert not pushed(clock, int(ms(now + 5.0)), now)
    assert not pushed(clock, int(ms(30.0)), 30.0)  # In step: the row is over.
    assert not pushed(clock, int(ms(31.0 + 5.0)), 31.0)
    assert not pushed(clock, int(ms(41.5 + 5.0)), 41.5)  # Two in the row.
    assert not pushed(clock, int(ms(42.0 - 5.0)), 42.0)
    assert not pushed(clock, int(ms(52.5 + 5.0)), 52.5)
    clock.opened("ws", date(53.0), 53.0, 53.0)
    assert not pushed(clock, int(ms(63.5 + 5.0)), 63.5)
    assert not pushed(clock, int(ms(64.0 + 5.0)), 64.0)

    assert bounds(clock, 60.0)[1] < ms(62.0)
