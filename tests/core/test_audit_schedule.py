"""The times of audits, and the lease on LIVE; by the labels of the rules."""

from __future__ import annotations

import math
from typing import Callable

import pytest

from assetstream.core.audit_schedule import AuditSchedule
from assetstream.core.book import BalanceBook
from assetstream.core.present import Present
from assetstream.protocol import Limits, Rate
from tests.support.books import Account, at, report, snapshot

ANY = Rate(1, 1.0)
LIMITS = Limits(ANY, ANY, 20.0, 10.0, audit_interval=60.0)
#: Like CoinW: audited more often while anything is on hold.
LOCKED = Limits(ANY, ANY, 10.0, 5.0, audit_interval=30.0, audit_interval_locked=15.0)


def schedule(
    interval: float | None = 60.0,
    limits: Limits = LIMITS,
    random: Callable[[], float] = lambda: 0.5,
    adaptive: bool = True,
) -> AuditSchedule:
    return AuditSchedule(limits, interval, random, adaptive=adaptive)


@pytest.fixture
def book() -> BalanceBook:
    """A book that holds BTC 1 and has had a push."""
    account = Account()
    account.connect(0, snapshot(report("BTC", "1")))
    account.push(0, "1")
    return account.book


def complete(plan: AuditSchedule, now: float, book: BalanceBook) -> float:
    """Send and complete an audit; return when the next one is due."""
    plan.began()
    plan.completed(now, book)
    return plan.due_at


def test_a1_audits_come_5_s_and_15_s_after_live_then_at_the_interval(
    book: BalanceBook,
) -> None:
    """Changes during the read of the snapshot are found soon."""
    plan = schedule()
    plan.live(1000, book)

    assert plan.due_at == 1005
    assert complete(plan, 1005.5, book) == 1015
    assert complete(plan, 1015.5, book) == 1075.5


def test_a1_the_early_audits_are_made_after_each_live(book: BalanceBook) -> None:
    """Every reconnect may have missed a change."""
    plan = schedule()
    plan.live(1000, book)
    complete(plan, 1006, book)
    complete(plan, 1016, book)
    plan.ended()
    assert plan.due_at == math.inf
    plan.live(1020, book)

    assert plan.due_at == 1025
    assert complete(plan, 1026, book) == 1035


def test_a1_an_audit_asked_for_does_not_stand_in_for_the_one_at_15_s(
    book: BalanceBook,
) -> None:
    """An audit before 15 s cannot show what a REST 10 s behind lacked at LIVE."""
    plan = schedule()
    plan.live(1000, book)
    complete(plan, 1005.1, book)
    plan.request(1011)

    assert plan.due_at == 1011
    assert complete(plan, 1012, book) == 1015


def test_a1_an_audit_asked_for_at_once_does_not_stand_in_for_the_one_at_5_s(
    book: BalanceBook,
) -> None:
    plan = schedule()
    plan.live(1000, book)
    plan.request(1002)

    assert complete(plan, 1003, book) == 1005
    assert complete(plan, 1006, book) == 1015


def test_a1_an_audit_before_live_is_none_of_the_first(book: BalanceBook) -> None:
    """Nothing is planned until then, but for what is in doubt."""
    plan = schedule()
    assert (plan.due_at, plan.lease_ends_at) == (math.inf, math.inf)
    plan.request(990)
    plan.began()
    assert plan.due_at == math.inf
    plan.live(1000, book)

    assert plan.due_at == 1005
    assert complete(plan, 1006, book) == 1015


def test_a1_a_slow_audit_is_followed_by_the_early_one_at_once(
    book: BalanceBook,
) -> None:
    """The second early audit became due while the first was under way."""
    plan = schedule()
    plan.live(1000, book)

    assert complete(plan, 1020, book) == 1020
    assert complete(plan, 1021, book) == 1081


@pytest.mark.parametrize(("drawn", "wait"), [(0.0, 48), (0.5, 60), (0.999999, 72)])
def test_a1_the_interval_is_spread_by_a_fifth(
    book: BalanceBook, drawn: float, wait: float
) -> None:
    """Many streams do not send their audits at the same moment."""
    plan = schedule(random=lambda: drawn)
    plan.live(1000, book)
    complete(plan, 1005, book)
    complete(plan, 1015, book)

    assert complete(plan, 1100, book) == pytest.approx(1100 + wait, abs=0.001)


def test_a1_every_15_s_while_anything_is_locked(book: BalanceBook) -> None:
    """An open order may be filled at any moment."""
    plan = schedule(30.0, LOCKED)
    plan.live(1000, book)
    assert plan.interval(1000, book) == 30
    book.push([report("BTC", "1", "0.5", key=(1000, 0))], at(1))

    assert plan.interval(1001, book) == 15


def test_a1_every_15_s_for_10_minutes_while_nothing_was_pushed() -> None:
    """The exchange may not push at all."""
    book = BalanceBook(Present("test", "test-1"))
    plan = schedule()
    plan.live(1000, book)

    assert plan.interval(1599.9, book) == 15
    assert plan.interval(1600, book) == 60
    assert complete(plan, 1016, book) == 1016
    assert complete(plan, 1017, book) == 1032
    assert not plan.adapt(1017, book)
    assert plan.detection_time(1017, book, 10) == 20 + 60
    assert plan.detection_time(1600, book, 10) == 20 + 150


def test_a1_the_10_minutes_are_the_streams_not_the_connections() -> None:
    """A reconnect does not start the 10 minutes again."""
    book = BalanceBook(Present("test", "test-1"))
    plan = schedule()
    plan.live(1000, book)
    plan.live(1500, book)

    assert plan.interval(1600, book) == 60


def test_a1_the_first_push_ends_the_short_interval() -> None:
    """A push proves that the exchange does push."""
    book = BalanceBook(Present("test", "test-1"))
    plan = schedule()
    plan.live(1000, book)
    book.push([report("BTC", "1", key=(1, 0))], at(1))

    assert plan.interval(1001, book) == 60


def test_a1_an_interval_that_the_user_chose_does_not_adapt() -> None:
    """Locked amounts and missing pushes do not change it."""
    account = Account()
    account.connect(0, snapshot(report("BTC", "1", "1")))
    plan = schedule(45.0, LOCKED, adaptive=False)
    plan.live(1000, account.book)

    assert plan.interval(1000, account.book) == 45
    assert schedule(0.5, adaptive=False).interval(1000, account.book) == 0.5


def test_a1_none_switches_it_off(book: BalanceBook) -> None:
    """There is no lease and no detection time; only doubts are compared."""
    plan = schedule(None)
    plan.live(1000, book)

    assert plan.due_at == math.inf
    assert plan.lease_ends_at == math.inf
    assert plan.interval(1000, book) is None
    assert not plan.adapt(1000, book)
    assert plan.detection_time(1000, book, 10) is None
    plan.request(1010)
    assert plan.due_at == 1010
    assert complete(plan, 1011, book) == math.inf


def test_a6_causes_coalesce_in_the_earliest(book: BalanceBook) -> None:
    """One audit serves all causes."""
    plan = schedule()
    plan.live(1000, book)
    complete(plan, 1005, book)
    complete(plan, 1015, book)
    plan.request(1030)
    plan.request(1025)
    plan.request(1050)

    assert plan.due_at == 1025
    assert complete(plan, 1026, book) == 1086


def test_a6_what_is_asked_for_during_an_audit_is_not_forgotten(
    book: BalanceBook,
) -> None:
    """An unreadable frame during the second read asks for another audit."""
    plan = schedule()
    plan.live(1000, book)
    complete(plan, 1005, book)
    complete(plan, 1015, book)
    plan.began()
    plan.request(1081)
    plan.completed(1080, book)

    assert plan.due_at == 1081


def test_s3_a_read_that_failed_is_tried_again(book: BalanceBook) -> None:
    """The audit is due after the delay that the caller chose."""
    plan = schedule()
    plan.live(1000, book)
    plan.began()
    plan.failed(1007, 3.5)

    assert plan.due_at == 1010.5


def test_s3_no_doubt_makes_a_read_that_failed_be_tried_sooner(
    book: BalanceBook,
) -> None:
    """Else a flood of doubts would ask an exchange that is down again and again."""
    plan = schedule()
    plan.live(1000, book)
    plan.began()
    plan.failed(1007, 3.5)
    plan.request(1008)
    assert plan.due_at == 1010.5
    plan.request(1012)
    assert plan.due_at == 1010.5

    complete(plan, 1011, book)
    plan.request(1011.5)
    assert plan.due_at == 1011.5


def test_a7_live_is_a_lease_of_2_intervals_and_30_s(book: BalanceBook) -> None:
    """Only a completed audit renews the lease."""
    plan = schedule()
    plan.live(1000, book)
    assert plan.lease_ends_at == 1150

    plan.began()
    plan.failed(1007, 1.0)
    plan.request(1010)
    assert plan.lease_ends_at == 1150

    complete(plan, 1020, book)
    assert plan.lease_ends_at == 1170


def test_a7_the_lease_follows_the_present_interval() -> None:
    """Before the first push the interval is 15 s, so the lease is 60 s."""
    book = BalanceBook(Present("test", "test-1"))
    plan = schedule()
    plan.live(1000, book)

    assert plan.lease_ends_at == 1060


def test_the_detection_time_comes_from_what_is_planned(book: BalanceBook) -> None:
    """REST lags 10 s, a read takes its time, and then the lease runs out."""
    plan = schedule(60.0, adaptive=False)
    assert plan.detection_time(1000, book, 10) == 10 + 10 + 150
    plan.live(1000, book)
    assert plan.detection_time(1100, book, 10) == 170
    complete(plan, 1100, book)

    assert plan.detection_time(1100, book, 5) == 165


def test_a7_an_interval_that_shrinks_pulls_in_audit_and_lease(
    book: BalanceBook,
) -> None:
    """Something was put on hold; the detection time shrinks no sooner than that."""
    plan = schedule(30.0, LOCKED)
    plan.live(1000, book)
    complete(plan, 1006, book)
    complete(plan, 1016, book)
    assert (plan.due_at, plan.lease_ends_at) == (1046, 1106)
    assert not plan.adapt(1020, book)
    assert (plan.due_at, plan.lease_ends_at) == (1046, 1106)
    book.push([report("BTC", "1", "0.5", key=(1000, 0))], at(1))
    assert plan.detection_time(1020, book, 10) == 20 + 90
    assert plan.adapt(1020, book)
    assert (plan.due_at, plan.lease_ends_at) == (1031, 1076)
    assert plan.detection_time(1020, book, 10) == 20 + 60
    assert not plan.adapt(1025, book)

    assert (plan.due_at, plan.lease_ends_at) == (1031, 1076)


def test_a7_before_live_there_is_nothing_to_pull_in(book: BalanceBook) -> None:
    """Something is put on hold while the snapshot is read; the first audits stay."""
    plan = schedule(30.0, LOCKED)
    book.push([report("BTC", "1", "0.5", key=(1000, 0))], at(1))
    assert not plan.adapt(999, book)
    assert (plan.due_at, plan.lease_ends_at) == (math.inf, math.inf)
    book.push([report("BTC", "1", "0", key=(2000, 0))], at(2))
    plan.live(1000, book)
    plan.ended()
    book.push([report("BTC", "1", "0.5", key=(3000, 0))], at(3))
    assert not plan.adapt(1019, book)
    plan.live(1020, book)

    assert (plan.due_at, plan.lease_ends_at) == (1025, 1080)


def test_a7_a_lease_that_is_pulled_in_leaves_time_for_an_audit(
    book: BalanceBook,
) -> None:
    """The next audit is due at once, and has 30 s."""
    plan = schedule(30.0, LOCKED)
    plan.live(1000, book)
    complete(plan, 1006, book)
    complete(plan, 1016, book)
    book.push([report("BTC", "1", "0.5", key=(1000, 0))], at(1))
    plan.request(1040)
    plan.adapt(1039, book)
    assert (plan.due_at, plan.lease_ends_at) == (1039, 1076)
    late = schedule(30.0, LOCKED)
    book.push([report("BTC", "1", "0", key=(2000, 0))], at(2))
    late.live(1000, book)
    book.push([report("BTC", "1", "0.5", key=(3000, 0))], at(3))
    late.adapt(1050, book)

    assert late.lease_ends_at == 1080
