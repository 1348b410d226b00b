"""The audit, rule by rule; each test begins with the label of its rule."""

from __future__ import annotations

import math
from typing import Callable

import pytest

from assetstream.audit import Audit, AuditSchedule, Verdict
from assetstream.book import BalanceBook
from assetstream.errors import AssetStreamError, ExchangeError
from assetstream.events import AssetUpdate, Source
from assetstream.protocol import Limits, Snapshot
from tests.books import amounts, at, said, snapshot

LIMITS = Limits(
    connects_per_second=1.0,
    reads_per_second=30.0,
    ping_interval=20.0,
    pong_timeout=10.0,
    audit_interval=60.0,
    drift_reconnect_interval=600.0,
)
#: Like CoinW: audited more often while anything is on hold.
LOCKED = Limits(1.0, 2.5, 10.0, 5.0, audit_interval=30.0, audit_interval_locked=15.0)


class Audited:
    """A book that holds BTC 1 and USDT 100 since a snapshot at 0, and its audit."""

    def __init__(self) -> None:
        self.book = BalanceBook("test", "test-1")
        self.audit = Audit(self.book, LIMITS)
        self.connect(0, said("BTC", "1"), said("USDT", "100"))

    def connect(self, now: float, *reports: object, generation: int = 1) -> None:
        read = snapshot(*reports)  # type: ignore[arg-type]
        self.book.merge(read, at(now, generation), sent=now)
        self.audit.connected(now)

    def push(self, now: float, available: str, key: int, currency: str = "BTC") -> None:
        self.book.push([said(currency, available, key=(key, 0))], at(now))
        self.audit.pushed()

    def first(self, now: float, read: Snapshot) -> Verdict:
        return self.audit.first_read(read, at(now), sent=now)

    def second(self, now: float, read: Snapshot) -> Verdict:
        return self.audit.second_read(read, at(now), sent=now)

    def both(self, now: float, one: Snapshot, other: Snapshot | None = None) -> Verdict:
        """Both reads of an audit, 2 s apart."""
        first = self.first(now, one)
        assert first.second
        return self.second(now + 2, other or one)


@pytest.fixture
def audited() -> Audited:
    return Audited()


def btc(available: str) -> Snapshot:
    """A read that says so of BTC, and of USDT what the book holds."""
    return snapshot(said("BTC", available), said("USDT", "100"))


def the_update(verdict: Verdict) -> AssetUpdate:
    (update,) = verdict.news
    assert isinstance(update, AssetUpdate)
    return update


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
    book = BalanceBook("test", "test-1")
    book.merge(snapshot(said("BTC", "1")), at(0), sent=0)
    book.push([said("BTC", "1", key=(1, 0))], at(0))
    return book


def complete(plan: AuditSchedule, now: float, book: BalanceBook) -> float:
    """An audit is sent and completed; return when the next is due."""
    plan.began()
    plan.completed(now, book, math.inf)
    return plan.due_at


# A1: when.


def test_a1_audits_come_5_s_and_15_s_after_live_then_at_the_interval(
    book: BalanceBook,
) -> None:
    """What changed while the snapshot was read is found soon."""
    plan = schedule()
    plan.live(1000, book)

    assert plan.due_at == 1005
    assert complete(plan, 1005.5, book) == 1015
    assert complete(plan, 1015.5, book) == 1075.5


def test_a1_the_early_audits_are_made_after_each_live(book: BalanceBook) -> None:
    """Every reconnect may have missed something."""
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
    """It was sent too early to show what a REST 10 s behind did not have at LIVE."""
    plan = schedule()
    plan.live(1000, book)
    complete(plan, 1005.1, book)
    plan.request(1011)

    assert plan.due_at == 1011
    assert complete(plan, 1012, book) == 1015


def test_a1_a_slow_audit_is_followed_by_the_early_one_at_once(
    book: BalanceBook,
) -> None:
    """The read of the first one was sent before the second one was due."""
    plan = schedule()
    plan.live(1000, book)

    assert complete(plan, 1020, book) == 1020
    assert complete(plan, 1021, book) == 1081


@pytest.mark.parametrize(("drawn", "wait"), [(0.0, 48), (0.5, 60), (0.999999, 72)])
def test_a1_the_interval_is_spread_by_a_fifth(
    book: BalanceBook, drawn: float, wait: float
) -> None:
    """Many streams do not ask at the same moment."""
    plan = schedule(random=lambda: drawn)
    plan.live(1000, book)
    complete(plan, 1005, book)
    complete(plan, 1015, book)

    assert complete(plan, 1100, book) == pytest.approx(1100 + wait, abs=0.001)


def test_a1_every_15_s_while_anything_is_locked(book: BalanceBook) -> None:
    """An order that is open may be filled at any moment."""
    plan = schedule(30.0, LOCKED)
    plan.live(1000, book)
    assert plan.interval(1000, book) == 30
    book.push([said("BTC", "1", "0.5", key=(9, 0))], at(1))

    assert plan.interval(1001, book) == 15


def test_a1_every_15_s_for_10_minutes_while_nothing_was_pushed() -> None:
    """Nobody knows yet whether this exchange pushes at all."""
    book = BalanceBook("test", "test-1")
    plan = schedule()
    plan.live(1000, book)

    assert plan.interval(1599.9, book) == 15
    assert plan.interval(1600, book) == 60


def test_a1_the_10_minutes_are_the_streams_not_the_connections() -> None:
    """A reconnect does not begin them anew."""
    book = BalanceBook("test", "test-1")
    plan = schedule()
    plan.live(1000, book)
    plan.live(1500, book)

    assert plan.interval(1600, book) == 60


def test_a1_the_first_push_ends_the_short_interval() -> None:
    """It does push."""
    book = BalanceBook("test", "test-1")
    plan = schedule()
    plan.live(1000, book)
    book.push([said("BTC", "1", key=(1, 0))], at(1))

    assert plan.interval(1001, book) == 60


def test_a1_an_interval_that_the_user_chose_does_not_adapt() -> None:
    """Neither to locked amounts nor to silence."""
    book = BalanceBook("test", "test-1")
    book.merge(snapshot(said("BTC", "1", "1")), at(0), sent=0)
    plan = schedule(45.0, LOCKED, adaptive=False)
    plan.live(1000, book)

    assert plan.interval(1000, book) == 45


def test_a1_none_switches_it_off(book: BalanceBook) -> None:
    """No audit, no lease, no detection time; only what is in doubt is compared."""
    plan = schedule(None)
    plan.live(1000, book)

    assert plan.due_at == math.inf
    assert plan.lease_ends_at == math.inf
    assert plan.interval(1000, book) is None
    assert plan.detection_time(1000, book, 10) is None
    plan.request(1010)
    assert plan.due_at == 1010
    assert complete(plan, 1011, book) == math.inf


# A2: on what.


def test_a2_a_read_sent_10_s_after_the_last_push_may_judge(audited: Audited) -> None:
    """REST may be 10 s behind, no more."""
    audited.push(100, "2", 1)

    assert not audited.first(109.9, btc("7")).second
    assert audited.first(110, btc("7")).second


def test_a2_one_read_changes_nothing(audited: Audited) -> None:
    """It takes a second one."""
    verdict = audited.first(100, btc("7"))

    assert verdict.second
    assert verdict.news == []
    assert amounts(audited.book)["BTC"] == ("1", "0")


def test_a2_a_push_before_the_second_read_is_merged_wins(audited: Audited) -> None:
    """The reads do not know of it."""
    audited.first(100, btc("7"))
    audited.push(101, "2", 1)
    verdict = audited.second(102, btc("7"))

    assert verdict.news == []
    assert amounts(audited.book)["BTC"] == ("2", "0")


def test_a2_the_second_read_agrees_with_the_book(audited: Audited) -> None:
    """Then the first one was behind."""
    verdict = audited.both(100, btc("7"), btc("1"))

    assert verdict.news == []
    assert verdict.drifts == 0
    assert amounts(audited.book)["BTC"] == ("1", "0")


def test_a2_each_currency_is_judged_by_its_own_pushes(audited: Audited) -> None:
    """A busy one does not keep the others from being judged."""
    audited.push(99, "2", 1)
    verdict = audited.both(100, snapshot(said("BTC", "1"), said("USDT", "90")))

    assert the_update(verdict).currency == "USDT"


def test_a2_a_duplicate_or_an_old_push_does_not_put_it_off(audited: Audited) -> None:
    """They bring nothing that a read could lack."""
    audited.push(80, "2", 10)
    audited.push(99, "2", 10)
    audited.push(99, "5", 9)

    assert audited.first(100, btc("7")).second


def test_a2_a_read_that_agrees_ends_doubt(audited: Audited) -> None:
    """If it was sent 10 s after the reason to doubt."""
    audited.book.doubt("BTC", 100)
    verdict = audited.first(109.9, btc("1"))
    assert audited.book.in_doubt() == ("BTC",)
    assert verdict.again_at == 110

    audited.first(110, btc("1"))
    assert audited.book.in_doubt() == ()


def test_a2_a_second_reason_to_doubt_counts_anew(audited: Audited) -> None:
    """Each may stand for a push that a read does not show yet."""
    audited.book.doubt("BTC", 100)
    audited.book.doubt("BTC", 105)

    audited.first(110, btc("1"))
    assert audited.book.in_doubt() == ("BTC",)


def test_a2_an_unreadable_push_between_the_two_reads_stays_in_doubt(
    audited: Audited,
) -> None:
    """The second read agrees with the book, and the book is out of date."""
    audited.first(100, btc("7"))
    audited.book.doubt("BTC", 101)
    verdict = audited.second(102, btc("1"))

    assert audited.book.in_doubt() == ("BTC",)
    assert verdict.again_at == 111


def test_a2_doubt_of_the_whole_book_ends_by_reads_sent_10_s_later(
    audited: Audited,
) -> None:
    """For what is not there as for what is."""
    audited.book.doubt(None, 100)
    verdict = audited.first(105, btc("1"))
    assert verdict.again_at == 110
    assert audited.book.absent.doubted == 100

    audited.first(110, btc("1"))
    assert audited.book.in_doubt() == ()
    assert audited.book.absent.doubted is None


def test_a2_a_busy_currency_not_in_doubt_asks_for_no_extra_read(
    audited: Audited,
) -> None:
    """Its next push says all anew."""
    audited.push(99, "2", 1)

    assert audited.first(100, btc("7")).again_at == math.inf


def test_a2_what_an_audit_corrected_is_not_undone_by_reads_behind_it(
    audited: Audited,
) -> None:
    """A currency in doubt asks for an audit soon; those reads may be 10 s behind."""
    audited.both(100, btc("7"))

    assert not audited.first(107, btc("1")).second
    assert amounts(audited.book)["BTC"] == ("7", "0")


def test_a2_what_a_snapshot_recovered_is_not_undone_by_the_audit_at_5_s(
    audited: Audited,
) -> None:
    """The snapshot was fresh, both reads of the audit at 5 s are 10 s behind it."""
    audited.connect(100, said("BTC", "7"), said("USDT", "100"), generation=2)

    assert not audited.first(105, btc("1")).second
    assert audited.first(110, btc("1")).second


def test_a2_a_snapshot_behind_what_an_audit_corrected_is_in_doubt(
    audited: Audited,
) -> None:
    """The reconnect after a correction asks another replica."""
    audited.both(100, btc("7"))
    audited.connect(104, said("BTC", "1"), said("USDT", "100"), generation=2)

    assert audited.book.in_doubt() == ("BTC",)


# S2, for the reads of audits.


def test_s2_an_entry_the_audit_cannot_read_is_in_doubt(audited: Audited) -> None:
    """It cannot be checked, so LIVE does not vouch for it."""
    audited.first(100, snapshot(said("USDT", "100"), unreadable=("BTC",)))

    assert audited.book.in_doubt() == ("BTC",)
    assert amounts(audited.book)["BTC"] == ("1", "0")


def test_s2_a_suspect_the_second_read_cannot_tell_of_is_in_doubt(
    audited: Audited,
) -> None:
    """One read has spoken against it."""
    audited.both(100, btc("7"), snapshot(said("USDT", "100"), unreadable=("BTC",)))

    assert audited.book.in_doubt() == ("BTC",)


def test_s2_an_entry_without_a_name_may_be_any_that_is_missing(
    audited: Audited,
) -> None:
    """Those never held included."""
    audited.first(100, snapshot(said("USDT", "100"), unreadable=("",)))

    assert audited.book.in_doubt() == ("BTC",)
    assert audited.book.absent.doubted == 100


def test_s2_what_both_complete_reads_omit_is_zero(audited: Audited) -> None:
    """It was sold out, and the push was lost."""
    update = the_update(audited.both(100, snapshot(said("USDT", "100"))))

    assert update.currency == "BTC"
    assert update.total == 0


# A3: what may be behind.


def test_a3_a_value_held_before_is_believed_60_s_after_the_last_push(
    audited: Audited,
) -> None:
    """It may be a replica that lags far; it may have changed back."""
    audited.push(100, "2", 1)
    verdict = audited.first(115, btc("1"))
    assert not verdict.second
    assert verdict.again_at == 160
    assert not audited.first(159.9, btc("1")).second

    update = the_update(audited.both(160, btc("1")))
    assert update.available == 1


def test_a3_another_value_needs_no_wait(audited: Audited) -> None:
    """No replica can have that from before."""
    audited.push(100, "2", 1)

    assert audited.first(115, btc("7")).second


def test_a3_the_second_read_may_be_the_one_behind(audited: Audited) -> None:
    """Then the audit is not over for this currency."""
    audited.push(100, "2", 1)
    verdict = audited.both(115, btc("7"), btc("1"))

    assert verdict.news == []
    assert verdict.again_at == 160


def test_a3_a_value_counts_as_held_for_5_minutes(audited: Audited) -> None:
    """No replica is behind for longer."""
    audited.push(100, "2", 1)
    audited.push(395, "3", 2)

    assert not audited.first(
        405, snapshot(said("BTC", "2"), said("USDT", "100"))
    ).second
    assert audited.first(405, btc("1")).second


def test_a3_five_minutes_exactly_still_count(audited: Audited) -> None:
    """The boundary belongs to it."""
    audited.push(100, "2", 1)
    audited.push(390, "3", 2)

    assert not audited.first(400, btc("1")).second


# A4: correcting.


def test_a4_two_equal_reads_correct_the_book(audited: Audited) -> None:
    """The update says where it came from and what was before."""
    update = the_update(audited.both(100, btc("7")))

    assert update.source is Source.AUDIT
    assert update.change == 6
    assert amounts(audited.book)["BTC"] == ("7", "0")


def test_a4_a_currency_never_heard_of_is_found(audited: Audited) -> None:
    """Its first push was the one that was lost."""
    read = snapshot(said("BTC", "1"), said("USDT", "100"), said("ETH", "5"))
    update = the_update(audited.both(100, read))

    assert update.currency == "ETH"
    assert update.available == update.change == 5


def test_a4_a_correction_ends_doubt(audited: Audited) -> None:
    """Two reads agree about it."""
    audited.book.doubt("BTC", 90)
    audited.both(100, btc("7"))

    assert audited.book.in_doubt() == ()


def test_a4_reads_that_differ_from_each_other_the_later_one_then_reconnect(
    audited: Audited,
) -> None:
    """It changes and nothing is pushed: the subscription may be dead."""
    audited.push(50, "1", 1)
    verdict = audited.both(100, btc("7"), btc("8"))

    assert the_update(verdict).available == 8
    assert verdict.reconnect is not None


def test_k2_a_correction_moves_no_key(audited: Audited) -> None:
    """The keys of pushes are still compared with those of pushes."""
    audited.push(50, "2", 10)
    audited.both(100, btc("7"))
    audited.push(103, "3", 11)

    assert amounts(audited.book)["BTC"] == ("3", "0")


def test_k1_a_duplicate_does_not_undo_a_correction(audited: Audited) -> None:
    """The push with that key has had its say before the reads."""
    audited.push(50, "2", 10)
    audited.both(100, btc("7"))
    audited.push(103, "2", 10)

    assert amounts(audited.book)["BTC"] == ("7", "0")


# A5: making the connection anew.


def test_a5_drift_with_no_push_since_the_last_clean_audit(audited: Audited) -> None:
    """The connection lives but tells nothing."""
    verdict = audited.both(100, btc("7"))

    assert verdict.reconnect is not None


def test_a5_a_push_of_any_currency_shows_that_the_subscription_works(
    audited: Audited,
) -> None:
    """One push was lost; a new connection would not help."""
    audited.push(50, "90", 1, currency="USDT")
    verdict = audited.both(100, snapshot(said("BTC", "7"), said("USDT", "90")))

    assert verdict.drifts == 1
    assert verdict.reconnect is None


def test_a5_a_clean_audit_begins_the_silence_anew(audited: Audited) -> None:
    """Pushes before it tell nothing of the time since."""
    audited.push(50, "90", 1, currency="USDT")
    audited.first(70, snapshot(said("BTC", "1"), said("USDT", "90")))
    verdict = audited.both(100, snapshot(said("BTC", "7"), said("USDT", "90")))

    assert verdict.reconnect is not None


def drift(audited: Audited, now: float) -> bool:
    """BTC drifts once more on a new connection; tell if another is asked for."""
    held = amounts(audited.book)["BTC"][0]
    audited.connect(now - 20, said("BTC", held), said("USDT", "100"))
    return audited.both(now, btc(str(int(held) + 1))).reconnect is not None


def test_a5_after_the_third_in_a_row_at_most_once_per_10_minutes(
    audited: Audited,
) -> None:
    """An exchange that never pushes deposits must not be reconnected to for ever."""
    assert [drift(audited, t) for t in (100, 200, 300)] == [True, True, True]
    assert not drift(audited, 400)
    assert not drift(audited, 302 + 550)
    assert drift(audited, 302 + 600)
    assert not drift(audited, 302 + 700)


def test_a5_any_push_begins_the_count_anew(audited: Audited) -> None:
    """The connection did tell something."""
    for now in (100, 200, 300):
        drift(audited, now)
    audited.push(310, "90", 1, currency="USDT")
    audited.push(311, "100", 2, currency="USDT")

    assert drift(audited, 400)


def test_a5_a_disputed_currency_does_not_hide_that_another_drifts(
    audited: Audited,
) -> None:
    """It drifts in every audit, which are clean but for it."""
    dispute(audited)
    assert audited.both(500, btc("9")).drifts == 0
    verdict = audited.both(600, snapshot(said("BTC", "9"), said("USDT", "90")))

    assert verdict.reconnect is not None


# A6: coalescing.


def test_a6_causes_coalesce_in_the_earliest(book: BalanceBook) -> None:
    """One audit serves all that ask for one."""
    plan = schedule()
    plan.live(1000, book)
    complete(plan, 1005, book)
    complete(plan, 1015, book)
    plan.request(1030)
    plan.request(1025)
    plan.request(1050)

    assert plan.due_at == 1025
    assert complete(plan, 1026, book) == 1086


def test_a6_a_currency_that_waits_is_audited_again(book: BalanceBook) -> None:
    """At its time, not at the interval."""
    plan = schedule()
    plan.live(1000, book)
    plan.began()
    plan.completed(1006, book, again_at=1009)

    assert plan.due_at == 1009


def test_a6_what_is_asked_for_during_an_audit_is_not_forgotten(
    book: BalanceBook,
) -> None:
    """A frame could not be read while the second read was under way."""
    plan = schedule()
    plan.live(1000, book)
    complete(plan, 1005, book)
    complete(plan, 1015, book)
    plan.began()
    plan.request(1081)
    plan.completed(1080, book, math.inf)

    assert plan.due_at == 1081


def test_s3_a_read_that_failed_is_tried_again(book: BalanceBook) -> None:
    """After the delay that the caller chose."""
    plan = schedule()
    plan.live(1000, book)
    plan.began()
    plan.failed(1007, 3.5)

    assert plan.due_at == 1010.5


# A7: the lease.


def test_a7_live_is_a_lease_of_2_intervals_and_30_s(book: BalanceBook) -> None:
    """Renewed by each completed audit, by nothing else."""
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
    """15 s before the first push: 60 s."""
    book = BalanceBook("test", "test-1")
    plan = schedule()
    plan.live(1000, book)

    assert plan.lease_ends_at == 1060


@pytest.mark.parametrize(
    ("interval", "call", "expected"),
    [
        # The lease: 10 s lag, an audit that fails, 2 intervals and 30 s.
        (60.0, 10.0, 10 + 22 + 150),
        # A3's wait of 60 s and two audits.
        (5.0, 10.0, 60 + 44),
    ],
)
def test_the_detection_time_is_the_longest_of_the_rules(
    book: BalanceBook, interval: float, call: float, expected: float
) -> None:
    """What health() promises."""
    plan = schedule(interval, adaptive=False)

    assert plan.detection_time(1000, book, call) == expected


# A8: disputes.


def dispute(audited: Audited) -> Verdict:
    """BTC drifts in three audits with a push before each."""
    for step in (1, 2, 3):
        audited.push(100 * step, str(step), step)
        verdict = audited.both(100 * step + 65, btc("9"))
    return verdict


def test_a8_the_third_drift_in_a_row_is_one_error_and_keeps_the_push(
    audited: Audited,
) -> None:
    """Neither side can be believed, so it is marked stale."""
    (error,) = dispute(audited).news

    assert isinstance(error, ExchangeError)
    assert not error.fatal
    assert "disagree" in str(error)
    assert amounts(audited.book)["BTC"] == ("3", "0")
    assert audited.book.in_doubt() == ("BTC",)


def test_a8_it_is_told_once(audited: Audited) -> None:
    """Not with every audit."""
    dispute(audited)

    assert audited.both(400, btc("9")).news == []


def test_a8_two_drifts_are_corrected(audited: Audited) -> None:
    """Pushes are lost now and then."""
    for step in (1, 2):
        audited.push(100 * step, str(step), step)
        assert the_update(audited.both(100 * step + 65, btc("9"))).available == 9


def test_a8_without_a_push_between_it_is_not_a_dispute(audited: Audited) -> None:
    """It merely changes and is not pushed."""
    for step in range(1, 6):
        verdict = audited.both(100 * step, btc(str(step + 1)))
        assert not any(isinstance(n, AssetStreamError) for n in verdict.news)


def test_a8_an_audit_that_agrees_begins_the_count_anew(audited: Audited) -> None:
    """In successive audits only."""
    for step in (1, 2):
        audited.push(100 * step, str(step), step)
        audited.both(100 * step + 65, btc("9"))
    audited.first(280, btc("9"))
    audited.push(300, "3", 3)

    assert the_update(audited.both(365, btc("9"))).available == 9


def test_a8_a_push_does_not_end_a_dispute(audited: Audited) -> None:
    """It is just what is in dispute."""
    dispute(audited)
    audited.push(400, "4", 10)

    assert audited.book.in_doubt() == ("BTC",)


def test_a8_a_read_that_agrees_ends_a_dispute(audited: Audited) -> None:
    """Both say the same again."""
    dispute(audited)
    audited.first(400, btc("3"))

    assert audited.book.in_doubt() == ()
