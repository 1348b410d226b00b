"""Decisions of an audit; each test begins with the label of its rule."""

from __future__ import annotations

import math

import pytest

from assetstream.core.audit import Audit, AuditResult
from assetstream.core.book import BalanceBook
from assetstream.core.present import Present
from assetstream.model.errors import AssetStreamError, ProtocolError
from assetstream.model.events import AssetUpdate, Source
from assetstream.protocol import Limits, Snapshot
from tests.support.books import amounts, at, report, snapshot

LIMITS = Limits(
    connects_per_second=1.0,
    reads_per_second=30.0,
    ping_interval=20.0,
    pong_timeout=10.0,
    audit_interval=60.0,
    drift_reconnect_interval=600.0,
)


class Audited:
    """A book that holds BTC 1 and USDT 100 since a snapshot at 0, and its audit."""

    def __init__(self) -> None:
        self.book = BalanceBook(Present("test", "test-1"))
        self.audit = Audit(self.book, LIMITS)
        self.connect(0, report("BTC", "1"), report("USDT", "100"))

    def connect(self, now: float, *reports: object, generation: int = 1) -> None:
        read = snapshot(*reports)  # type: ignore[arg-type]
        self.book.merge(read, at(now, generation), sent=now)
        self.audit.connected(now)

    def push(self, now: float, available: str, key: int, currency: str = "BTC") -> None:
        self.book.push([report(currency, available, key=(key, 0))], at(now))
        self.audit.pushed()

    def first(self, now: float, read: Snapshot) -> AuditResult:
        return self.audit.first_read(read, at(now), sent=now)

    def second(self, now: float, read: Snapshot) -> AuditResult:
        return self.audit.second_read(read, at(now), sent=now)

    def both(
        self, now: float, one: Snapshot, other: Snapshot | None = None
    ) -> AuditResult:
        """Merge both reads of an audit, 2 s apart."""
        first = self.first(now, one)
        assert first.second
        return self.second(now + 2, other or one)


@pytest.fixture
def audited() -> Audited:
    return Audited()


def btc(available: str) -> Snapshot:
    """Make a read with this amount of BTC, and USDT as in the book."""
    return snapshot(report("BTC", available), report("USDT", "100"))


def the_update(verdict: AuditResult) -> AssetUpdate:
    (update,) = verdict.items
    assert isinstance(update, AssetUpdate)
    return update


def test_a2_a_read_sent_10_s_after_the_last_push_may_judge(audited: Audited) -> None:
    """REST may be 10 s behind, so only reads sent 10 s after a push may judge it."""
    audited.push(100, "2", 1)

    assert not audited.first(109.9, btc("7")).second
    assert audited.first(110, btc("7")).second


def test_a2_one_read_changes_nothing(audited: Audited) -> None:
    """A correction takes two reads."""
    verdict = audited.first(100, btc("7"))

    assert verdict.second
    assert verdict.items == []
    assert amounts(audited.book)["BTC"] == ("1", "0")


def test_a2_a_push_before_the_second_read_is_merged_wins(audited: Audited) -> None:
    """A push that the reads cannot know of keeps its amounts."""
    audited.first(100, btc("7"))
    audited.push(100, "2", 1)
    verdict = audited.second(102, btc("7"))

    assert verdict.items == []
    assert amounts(audited.book)["BTC"] == ("2", "0")


def test_a2_the_second_read_agrees_with_the_book(audited: Audited) -> None:
    """The first read was behind, so nothing changes."""
    verdict = audited.both(100, btc("7"), btc("1"))

    assert verdict.items == []
    assert verdict.drifts == 0
    assert amounts(audited.book)["BTC"] == ("1", "0")


def test_a2_each_currency_is_judged_by_its_own_pushes(audited: Audited) -> None:
    """A busy currency does not keep the others from being judged."""
    audited.push(99, "2", 1)
    verdict = audited.both(100, snapshot(report("BTC", "1"), report("USDT", "90")))

    assert the_update(verdict).currency == "USDT"


def test_a2_a_duplicate_or_an_old_push_does_not_put_it_off(audited: Audited) -> None:
    """Such pushes bring nothing that a read could lack."""
    audited.push(80, "2", 10)
    audited.push(99, "2", 10)
    audited.push(99, "5", 9)

    assert audited.first(100, btc("7")).second


def test_a2_a_read_that_agrees_ends_doubt(audited: Audited) -> None:
    """A read ends a doubt if it was sent 10 s after its reason."""
    audited.book.doubt("BTC", at(100))
    verdict = audited.first(109.9, btc("1"))
    assert audited.book.present.in_doubt() == ("BTC",)
    assert verdict.again_at == 110

    audited.first(110, btc("1"))
    assert audited.book.present.in_doubt() == ()


def test_a2_a_second_reason_to_doubt_counts_anew(audited: Audited) -> None:
    """Each reason may stand for a push that a read does not show yet."""
    audited.book.doubt("BTC", at(100))
    audited.book.doubt("BTC", at(105))

    audited.first(110, btc("1"))
    assert audited.book.present.in_doubt() == ("BTC",)


def test_a2_an_unreadable_push_between_the_two_reads_stays_in_doubt(
    audited: Audited,
) -> None:
    """The second read agrees with the book, but both are out of date."""
    audited.first(100, btc("7"))
    audited.book.doubt("BTC", at(101))
    verdict = audited.second(102, btc("1"))

    assert audited.book.present.in_doubt() == ("BTC",)
    assert verdict.again_at == 111


def test_a2_doubt_of_the_whole_book_ends_by_reads_sent_10_s_later(
    audited: Audited,
) -> None:
    """The doubt about currencies that the book does not have ends as well."""
    audited.book.doubt(None, at(100))
    verdict = audited.first(105, btc("1"))
    assert verdict.again_at == 110
    assert audited.book.absent.doubted == 100

    audited.first(110, btc("1"))
    assert audited.book.present.in_doubt() == ()
    assert audited.book.absent.doubted is None


def test_a2_a_busy_currency_not_in_doubt_asks_for_no_extra_read(
    audited: Audited,
) -> None:
    """The next push of a busy currency has all its amounts."""
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
    audited.connect(100, report("BTC", "7"), report("USDT", "100"), generation=2)

    assert not audited.first(105, btc("1")).second
    assert audited.first(110, btc("1")).second


def test_a2_a_snapshot_behind_what_an_audit_corrected_is_in_doubt(
    audited: Audited,
) -> None:
    """The reconnect after a correction may ask a replica that is behind."""
    audited.both(100, btc("7"))
    audited.connect(104, report("BTC", "1"), report("USDT", "100"), generation=2)

    assert audited.book.present.in_doubt() == ("BTC",)


def test_s2_an_entry_the_audit_cannot_read_is_in_doubt(audited: Audited) -> None:
    """An entry that cannot be checked is not vouched for by LIVE."""
    audited.first(100, snapshot(report("USDT", "100"), unreadable=("BTC",)))

    assert audited.book.present.in_doubt() == ("BTC",)
    assert amounts(audited.book)["BTC"] == ("1", "0")


def test_s2_a_suspect_that_the_second_read_cannot_confirm_is_in_doubt(
    audited: Audited,
) -> None:
    """The first read differs, and the second has no readable entry."""
    audited.both(100, btc("7"), snapshot(report("USDT", "100"), unreadable=("BTC",)))

    assert audited.book.present.in_doubt() == ("BTC",)


def test_s2_an_entry_without_a_name_may_be_any_that_is_missing(
    audited: Audited,
) -> None:
    """Every missing currency is in doubt, those never held included."""
    audited.first(100, snapshot(report("USDT", "100"), unreadable=("",)))

    assert audited.book.present.in_doubt() == ("BTC",)
    assert audited.book.absent.doubted == 100


def test_s2_what_both_complete_reads_omit_is_zero(audited: Audited) -> None:
    """The currency was sold out, and the push was lost."""
    update = the_update(audited.both(100, snapshot(report("USDT", "100"))))

    assert update.currency == "BTC"
    assert update.total == 0


def test_a3_a_value_held_before_is_believed_60_s_after_the_last_push(
    audited: Audited,
) -> None:
    """A replica may lag up to 60 s; after that the value has changed back."""
    audited.push(100, "2", 1)
    verdict = audited.first(115, btc("1"))
    assert not verdict.second
    assert verdict.again_at == 160
    assert not audited.first(159.9, btc("1")).second

    update = the_update(audited.both(160, btc("1")))
    assert update.available == 1


def test_a3_another_value_needs_no_wait(audited: Audited) -> None:
    """No lagging replica can have a value that was never held."""
    audited.push(100, "2", 1)

    assert audited.first(115, btc("7")).second


def test_a3_the_second_read_may_be_the_one_behind(audited: Audited) -> None:
    """The audit then goes on for this currency."""
    audited.push(100, "2", 1)
    verdict = audited.both(115, btc("7"), btc("1"))

    assert verdict.items == []
    assert verdict.again_at == 160


def test_a3_a_value_counts_as_held_for_5_minutes(audited: Audited) -> None:
    """No replica is further behind than 5 minutes."""
    audited.push(100, "2", 1)
    audited.push(395, "3", 2)

    assert not audited.first(
        405, snapshot(report("BTC", "2"), report("USDT", "100"))
    ).second
    assert audited.first(405, btc("1")).second


def test_a3_five_minutes_exactly_still_count(audited: Audited) -> None:
    """A value held exactly 5 minutes ago still counts."""
    audited.push(100, "2", 1)
    audited.push(390, "3", 2)

    assert not audited.first(400, btc("1")).second


def test_a4_two_equal_reads_correct_the_book(audited: Audited) -> None:
    """The update has the source AUDIT and the previous amounts."""
    update = the_update(audited.both(100, btc("7")))

    assert update.source is Source.AUDIT
    assert update.change == 6
    assert amounts(audited.book)["BTC"] == ("7", "0")


def test_a4_a_currency_never_pushed_is_found(audited: Audited) -> None:
    """The first push of the currency was lost."""
    read = snapshot(report("BTC", "1"), report("USDT", "100"), report("ETH", "5"))
    update = the_update(audited.both(100, read))

    assert update.currency == "ETH"
    assert update.available == update.change == 5


def test_a4_a_correction_ends_doubt(audited: Audited) -> None:
    """Two reads that agree end the doubt."""
    audited.book.doubt("BTC", at(90))
    audited.both(100, btc("7"))

    assert audited.book.present.in_doubt() == ()


def test_a4_reads_that_differ_from_each_other_the_later_one_then_reconnect(
    audited: Audited,
) -> None:
    """The balance changes without pushes: the subscription may be dead."""
    audited.push(50, "1", 1)
    verdict = audited.both(100, btc("7"), btc("8"))

    assert the_update(verdict).available == 8
    assert verdict.reconnect is not None


def test_k2_a_correction_moves_no_key(audited: Audited) -> None:
    """The keys of pushes are compared with the keys of pushes only."""
    audited.push(50, "2", 10)
    audited.both(100, btc("7"))
    audited.push(103, "3", 11)

    assert amounts(audited.book)["BTC"] == ("3", "0")


def test_k1_a_duplicate_does_not_undo_a_correction(audited: Audited) -> None:
    """A push whose key was applied before the reads changes nothing."""
    audited.push(50, "2", 10)
    audited.both(100, btc("7"))
    audited.push(103, "2", 10)

    assert amounts(audited.book)["BTC"] == ("7", "0")


def test_a5_drift_with_no_push_since_the_last_clean_audit(audited: Audited) -> None:
    """The connection lives but pushes nothing, so it is renewed."""
    verdict = audited.both(100, btc("7"))

    assert verdict.reconnect is not None


def test_a5_a_push_of_any_currency_shows_that_the_subscription_works(
    audited: Audited,
) -> None:
    """One push was lost; a new connection would not help."""
    audited.push(50, "90", 1, currency="USDT")
    verdict = audited.both(100, snapshot(report("BTC", "7"), report("USDT", "90")))

    assert verdict.drifts == 1
    assert verdict.reconnect is None


def test_a5_a_clean_audit_begins_the_silence_anew(audited: Audited) -> None:
    """Pushes before a clean audit prove nothing about the time since."""
    audited.push(50, "90", 1, currency="USDT")
    audited.first(70, snapshot(report("BTC", "1"), report("USDT", "90")))
    verdict = audited.both(100, snapshot(report("BTC", "7"), report("USDT", "90")))

    assert verdict.reconnect is not None


def drift(audited: Audited, now: float) -> bool:
    """Let BTC drift on a new connection; return whether a reconnect is asked for."""
    held = amounts(audited.book)["BTC"][0]
    audited.connect(now - 20, report("BTC", held), report("USDT", "100"))
    return audited.both(now, btc(str(int(held) + 1))).reconnect is not None


def test_a5_after_the_third_in_a_row_at_most_once_per_10_minutes(
    audited: Audited,
) -> None:
    """An exchange that never pushes deposits must not cause endless reconnects."""
    assert [drift(audited, t) for t in (100, 200, 300)] == [True, True, True]
    assert not drift(audited, 400)
    assert not drift(audited, 302 + 550)
    assert drift(audited, 300 + 600)
    assert not drift(audited, 302 + 700)


def test_a5_any_push_begins_the_count_anew(audited: Audited) -> None:
    """A push proves the connection."""
    for now in (100, 200, 300):
        drift(audited, now)
    audited.push(310, "90", 1, currency="USDT")
    audited.push(311, "100", 2, currency="USDT")

    assert drift(audited, 400)


def test_a5_a_disputed_currency_does_not_hide_that_another_drifts(
    audited: Audited,
) -> None:
    """Audits that are clean but for a disputed currency still count as drifts."""
    dispute(audited)
    assert audited.both(500, btc("9")).drifts == 0
    verdict = audited.both(600, snapshot(report("BTC", "9"), report("USDT", "90")))

    assert verdict.reconnect is not None


def dispute(audited: Audited) -> AuditResult:
    """Let BTC drift in three audits with a push before each."""
    for step in (1, 2, 3):
        audited.push(100 * step, str(step), step)
        verdict = audited.both(100 * step + 65, btc("9"))
    return verdict


def test_a8_the_third_drift_in_a_row_is_one_error_and_keeps_the_push(
    audited: Audited,
) -> None:
    """Neither REST nor stream can be believed, so the balance is marked stale."""
    (error,) = dispute(audited).items

    assert isinstance(error, ProtocolError)
    assert error.currency == "BTC"
    assert not error.fatal
    assert "disagree" in str(error)
    assert amounts(audited.book)["BTC"] == ("3", "0")
    assert audited.book.present.in_doubt() == ("BTC",)


def test_a8_no_push_ends_a_dispute(audited: Audited) -> None:
    """The currency stays marked stale, for its pushes are in dispute."""
    dispute(audited)
    audited.push(400, "9", 400_000)

    assert audited.book.present.in_doubt() == ("BTC",)


def test_a8_it_is_reported_once(audited: Audited) -> None:
    """Later audits do not report the dispute again."""
    dispute(audited)

    assert audited.both(400, btc("9")).items == []


def test_a8_two_drifts_are_corrected(audited: Audited) -> None:
    """Two lost pushes in a row are no dispute."""
    for step in (1, 2):
        audited.push(100 * step, str(step), step)
        assert the_update(audited.both(100 * step + 65, btc("9"))).available == 9


def test_a8_without_a_push_between_it_is_not_a_dispute(audited: Audited) -> None:
    """Drifts without pushes mean a mute subscription."""
    for step in range(1, 6):
        verdict = audited.both(100 * step, btc(str(step + 1)))
        assert not any(isinstance(n, AssetStreamError) for n in verdict.items)


def test_a8_an_audit_that_agrees_begins_the_count_anew(audited: Audited) -> None:
    """Only drifts of successive audits make a dispute."""
    for step in (1, 2):
        audited.push(100 * step, str(step), step)
        audited.both(100 * step + 65, btc("9"))
    audited.first(280, btc("9"))
    audited.push(300, "3", 3)

    assert the_update(audited.both(365, btc("9"))).available == 9


def test_a8_a_push_does_not_end_a_dispute(audited: Audited) -> None:
    """A push with the disputed amounts changes nothing."""
    dispute(audited)
    audited.push(400, "4", 10)

    assert audited.book.present.in_doubt() == ("BTC",)


def test_a8_a_read_that_agrees_ends_a_dispute(audited: Audited) -> None:
    """REST and stream have the same amounts again."""
    dispute(audited)
    audited.first(400, btc("3"))

    assert audited.book.present.in_doubt() == ()


def test_k4_what_is_known_in_part_is_corrected_and_not_shown(audited: Audited) -> None:
    """A currency is shown as soon as both of its amounts are known."""
    audited.book.push([report("ETH", "1", None, key=(1, 0))], at(100))
    known = report("BTC", "1"), report("USDT", "100")
    verdict = audited.both(200, snapshot(*known, report("ETH", "2", None)))

    assert (verdict.drifts, verdict.items) == (1, [])
    assert "ETH" not in amounts(audited.book)
    audited.book.push([report("ETH", None, "0", key=(2, 0))], at(300))
    assert amounts(audited.book)["ETH"] == ("2", "0")
