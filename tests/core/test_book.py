"""The balance book, rule by rule; each test begins with the label of its rule."""

from __future__ import annotations

import gc
import math
import weakref
from datetime import timedelta

import pytest

from assetstream.core.book import BalanceBook
from assetstream.core.entry import Entry
from assetstream.core.moment import Stamp
from assetstream.core.present import UNNAMED, Present
from assetstream.model.errors import ProtocolError
from assetstream.model.events import AssetUpdate, Balance, Source
from assetstream.model.states import State
from assetstream.protocol import Snapshot
from tests.support.books import START, START_MS, amounts, at, report, snapshot


@pytest.fixture
def book() -> BalanceBook:
    """A book that holds BTC 1 and USDT 100 since a snapshot on connection 1."""
    book = BalanceBook(Present("test", "test-1"))
    book.merge(snapshot(report("BTC", "1"), report("USDT", "100")), at(0), sent=0)
    return book


def the_update(events: list[AssetUpdate | ProtocolError]) -> AssetUpdate:
    (update,) = events
    assert isinstance(update, AssetUpdate)
    return update


def test_k1_greater_key_is_applied(book: BalanceBook) -> None:
    """The newest push wins and is delivered with what was before it."""
    update = the_update(book.push([report("BTC", "2", key=(10, 1))], at(1)).items)

    assert update.available == 2
    assert update.source is Source.STREAM
    assert update.previous is not None
    assert update.previous.available == 1
    assert update.change == 1
    assert update.time == START + timedelta(milliseconds=10)


def test_k1_smaller_key_is_ignored_and_counted(book: BalanceBook) -> None:
    """A push that comes out of order changes nothing."""
    book.push([report("BTC", "2", key=(10, 5))], at(1))
    events = book.push([report("BTC", "3", key=(10, 4))], at(2)).items

    assert events == []
    assert amounts(book)["BTC"] == ("2", "0")
    assert book.present.ignored == 1


def test_k1_greater_key_moves_even_if_the_amounts_are_equal(book: BalanceBook) -> None:
    """No update is delivered, but an older push is no longer accepted."""
    assert book.push([report("BTC", "1", key=(20, 0))], at(1)).items == []
    assert book.push([report("BTC", "9", key=(10, 0))], at(2)).items == []

    assert amounts(book)["BTC"] == ("1", "0")


def test_k1_equal_key_and_amounts_is_a_duplicate(book: BalanceBook) -> None:
    """The same push twice gives one update."""
    push = report("BTC", "2", key=(10, 0))
    book.push([push], at(1))

    assert book.push([push], at(2)).items == []
    assert book.present.ignored == 0


def test_k1_equal_key_and_other_amounts_the_later_arrival_wins(
    book: BalanceBook,
) -> None:
    """Of two changes with one key the later arrival is believed."""
    book.push([report("BTC", "2", key=(10, 0))], at(1))
    update = the_update(book.push([report("BTC", "3", key=(10, 0))], at(2)).items)

    assert update.available == 3


def test_k1_without_a_time_by_arrival_and_the_key_stays(book: BalanceBook) -> None:
    """A push without a time is applied as it comes and moves no key."""
    book.push([report("BTC", "2", key=(10, 0))], at(1))
    assert the_update(book.push([report("BTC", "3")], at(2)).items).available == 3
    assert book.push([report("BTC", "4", key=(9, 0))], at(3)).items == []
    assert (
        the_update(book.push([report("BTC", "5", key=(11, 0))], at(4)).items).available
        == 5
    )


@pytest.mark.parametrize(
    ("newer", "expected"), [(("2", None), (2, 7)), ((None, "2"), (9, 2))]
)
def test_k1_keys_are_kept_per_field(
    book: BalanceBook,
    newer: tuple[str | None, str | None],
    expected: tuple[int, int],
) -> None:
    """A field that a newer push did not name still takes an older one."""
    book.push([report("BTC", *newer, key=(20, 0))], at(1))
    update = the_update(book.push([report("BTC", "9", "7", key=(10, 0))], at(2)).items)

    assert (update.available, update.locked) == expected


def test_k2_a_snapshot_moves_no_key(book: BalanceBook) -> None:
    """After a reconnect the old keys still separate old pushes from new ones."""
    book.push([report("BTC", "2", key=(20, 0))], at(1))
    book.merge(snapshot(report("BTC", "5"), report("USDT", "100")), at(20, 2), sent=20)

    assert book.push([report("BTC", "2", key=(19, 0))], at(21, 2)).items == []
    assert amounts(book)["BTC"] == ("5", "0")


def test_k3_a_time_in_the_future_is_an_error_applied_by_arrival_in_doubt(
    book: BalanceBook,
) -> None:
    """A time over 60 s ahead is an error; the push is applied, its key ignored."""
    error, update = book.push(
        [report("BTC", "2", key=(1_000 + 60_001, 0))], at(1)
    ).items

    assert isinstance(error, ProtocolError)
    assert error.currency == "BTC"
    assert isinstance(update, AssetUpdate)
    assert update.available == 2
    assert book.present.in_doubt() == ("BTC",)
    assert (
        the_update(book.push([report("BTC", "3", key=(1, 0))], at(2)).items).available
        == 3
    )


def test_k3_sixty_seconds_ahead_is_accepted(book: BalanceBook) -> None:
    """Clocks may differ by a minute."""
    the_update(book.push([report("BTC", "2", key=(1_000 + 60_000, 0))], at(1)).items)

    assert book.present.in_doubt() == ()


def test_k3_is_measured_by_the_exchanges_clock(book: BalanceBook) -> None:
    """Our own clock may be wrong by an hour."""
    hour_behind = Stamp(1, START - timedelta(hours=1), START_MS, 1)
    update = the_update(book.push([report("BTC", "2", key=(5, 0))], hour_behind).items)

    assert update.available == 2
    assert book.present.in_doubt() == ()


def test_k4_missing_is_unchanged_and_zero_is_zero(book: BalanceBook) -> None:
    """A missing field keeps its amount; zero is an amount like any other."""
    book.push([report("BTC", None, "3", key=(10, 0))], at(1))
    book.push([report("USDT", "0", "0", key=(10, 0))], at(1))

    assert amounts(book) == {"BTC": ("1", "3"), "USDT": ("0", "0")}


def test_k4_a_currency_with_an_unknown_field_is_not_shown(book: BalanceBook) -> None:
    """Half a balance is shown only when a read has supplied the other half."""
    assert book.push([report("ETH", "5", None, key=(10, 0))], at(1)).items == []
    assert "ETH" not in book.present.balances
    assert book.present.balance("ETH") is None

    full = snapshot(report("BTC", "1"), report("USDT", "100"), report("ETH", "5", "2"))
    (update,) = book.merge(full, at(20, 2), sent=20)

    assert (update.currency, update.available, update.locked) == ("ETH", 5, 2)


def test_k5_an_unreadable_frame_puts_its_currency_in_doubt(book: BalanceBook) -> None:
    """Only the currency of the frame is in doubt."""
    book.doubt("BTC", at(5))

    assert book.present.in_doubt() == ("BTC",)


def test_k5_the_whole_book_if_the_currency_is_unknown(book: BalanceBook) -> None:
    """A frame of unknown currency puts every currency in doubt."""
    book.doubt(None, at(5))

    assert book.present.in_doubt() == ("BTC", "USDT")
    assert book.absent.doubted == 5


def test_k5_an_unreadable_unknown_currency_is_not_taken_for_zero(
    book: BalanceBook,
) -> None:
    """The balance is unknown, because its push could not be read."""
    assert book.present.balance("ETH") is not None
    book.doubt("ETH", at(5))

    assert book.present.balance("ETH") is None


def test_a2_a_later_full_push_heals_doubt(book: BalanceBook) -> None:
    """A busy currency is never judged by a read; its next push has all amounts."""
    book.doubt("BTC", at(5))
    book.push([report("BTC", "2", None, key=(6_000, 0))], at(6))
    assert book.present.in_doubt() == ("BTC",)

    book.push([report("BTC", "2", "0", key=(7_000, 0))], at(7))
    assert book.present.in_doubt() == ()


def test_a2_a_push_older_than_the_doubt_heals_nothing(book: BalanceBook) -> None:
    """An older push does not replace the newer one that could not be read."""
    book.doubt("BTC", at(5))
    book.push([report("BTC", "2", "0", key=(4_999, 0))], at(6))

    assert book.present.in_doubt() == ("BTC",)


def test_a2_a_push_without_a_time_heals_nothing(book: BalanceBook) -> None:
    """A push without a time may be an old one."""
    book.doubt("BTC", at(5))
    book.push([report("BTC", "2")], at(6))

    assert book.present.in_doubt() == ("BTC",)


def test_s1_what_a_push_on_this_connection_set_is_kept(book: BalanceBook) -> None:
    """A read that differs from it puts it in doubt and changes nothing."""
    book.push([report("BTC", "2", key=(10, 0))], at(20, 2))
    events = book.merge(
        snapshot(report("BTC", "1.5"), report("USDT", "100")), at(21, 2), sent=20.5
    )

    assert events == []
    assert amounts(book)["BTC"] == ("2", "0")
    assert book.present.in_doubt() == ("BTC",)


def test_s1_an_ignored_push_does_not_count(book: BalanceBook) -> None:
    """A push that was too old does not protect its field from the read."""
    book.push([report("BTC", "2", key=(10, 0))], at(1, 1))
    book.push([report("BTC", "7", key=(9, 0))], at(20, 2))
    (update,) = book.merge(
        snapshot(report("BTC", "3"), report("USDT", "100")), at(21, 2), sent=20.5
    )

    assert update.available == 3
    assert book.present.in_doubt() == ()


def test_s1_everything_else_takes_the_read_as_recovered(book: BalanceBook) -> None:
    """Changes while the connection was down become RECOVERED updates."""
    events = book.merge(
        snapshot(report("BTC", "3"), report("USDT", "100")), at(20, 2), sent=20
    )
    (update,) = events

    assert (update.currency, update.source) == ("BTC", Source.RECOVERED)
    assert update.change == 2


def test_s1_a_read_that_may_lag_behind_the_last_push_is_in_doubt(
    book: BalanceBook,
) -> None:
    """A read sent seconds after a push may show the value before it."""
    book.push([report("BTC", "2", key=(10, 0))], at(1, 1))
    book.merge(snapshot(report("BTC", "1"), report("USDT", "100")), at(3, 2), sent=2.5)

    assert book.present.in_doubt() == ("BTC",)


def test_s2_what_a_complete_snapshot_omits_is_zero(book: BalanceBook) -> None:
    """A currency that was sold out is no longer listed."""
    (update,) = book.merge(snapshot(report("USDT", "100")), at(20, 2), sent=20)

    assert (update.currency, update.total) == ("BTC", 0)


def test_s2_a_bad_entry_leaves_its_currency_unchanged_and_in_doubt(
    book: BalanceBook,
) -> None:
    """Currencies that such a snapshot omits are not taken for zero."""
    events = book.merge(
        snapshot(report("USDT", "90"), unreadable=("BTC",)), at(20, 2), sent=20
    )

    assert [u.currency for u in events] == ["USDT"]
    assert amounts(book)["BTC"] == ("1", "0")
    assert book.present.in_doubt() == ("BTC",)


def test_s2_an_empty_snapshot_needs_a_second_one(book: BalanceBook) -> None:
    """An empty list may be a fault of the exchange."""
    assert book.doubtful(Snapshot((), empty=True))
    assert BalanceBook(Present("x", "x")).doubtful(Snapshot((), empty=True))


def test_s2_more_than_one_missing_currency_needs_a_second_read(
    book: BalanceBook,
) -> None:
    """One currency may have been sold out; two at once are doubtful."""
    assert not book.doubtful(snapshot(report("USDT", "100")))
    assert book.doubtful(snapshot(report("ETH", "1")))


def test_s2_what_could_not_be_read_is_not_missing(book: BalanceBook) -> None:
    """The exchange has named it; only its amounts are not known."""
    unread = snapshot(report("ETH", "1"), unreadable=("BTC",))

    assert book.doubtful(snapshot(report("ETH", "1")))
    assert not book.doubtful(unread)


def test_s2_a_bad_entry_may_have_been_any_that_is_held(book: BalanceBook) -> None:
    """What is known to be zero need not be in a read."""
    book.push([report("ETH", "0", key=(1, 0))], at(1))
    book.merge(snapshot(report("BTC", "1"), unreadable=("XRP",)), at(100, 2), sent=100)

    assert set(book.present.doubts) == {"USDT", "XRP"}


@pytest.mark.parametrize(("sent", "doubted"), [(10.9, True), (11.0, False)])
def test_a2_a_complete_snapshot_ends_the_doubt_about_what_is_not_held(
    book: BalanceBook, sent: float, doubted: bool
) -> None:
    """No sooner than REST has caught up with the frame that could not be read."""
    book.doubt(None, at(1))
    assert UNNAMED in book.present.doubts
    read = snapshot(report("BTC", "1"), report("USDT", "100"))
    book.merge(read, at(12, 2), sent=sent)

    assert (UNNAMED in book.present.doubts) == doubted


def test_d3_the_first_snapshot_delivers_non_zero_currencies_only() -> None:
    """Hundreds of zeros give no updates, yet they are known to be zero."""
    book = BalanceBook(Present("test", "test-1"))
    events = book.merge(snapshot(report("BTC", "1"), report("ETH", "0")), at(0), sent=0)

    assert [(u.currency, u.source, u.change) for u in events] == [
        ("BTC", Source.SNAPSHOT, 0)
    ]
    assert set(book.present.balances) == {"BTC"}
    eth = book.present.balance("ETH")
    assert eth is not None
    assert eth.total == 0


def test_d3_what_is_first_read_as_zero_is_shown_without_an_update(
    book: BalanceBook,
) -> None:
    """Nobody has ever been told anything else of the currency."""
    book.push([report("ETH", "0", None, key=(10, 0))], at(1))
    zero = report("ETH", "0", "0")
    read = snapshot(report("BTC", "1"), report("USDT", "100"), zero)

    assert book.merge(read, at(30, 2), sent=30) == []
    assert amounts(book)["ETH"] == ("0", "0")


def test_a3_former_values_are_kept_for_5_minutes_only(book: BalanceBook) -> None:
    """The values of a busy currency must not fill the memory."""
    for second in range(1, 1_000, 10):
        pushes = [
            report("BTC", str(second), key=(second * 1_000 + n, 0)) for n in (0, 1)
        ]
        book.push(pushes, at(second))
    entry = book.entry("BTC")

    assert entry is not None
    assert len(entry.past) == 300 / 10 + 1


def test_a_balance_is_not_known_before_a_complete_snapshot() -> None:
    """A missing currency is zero only once a complete snapshot was read."""
    book = BalanceBook(Present("test", "test-1"))
    assert book.present.balance("BTC") is None
    book.merge(snapshot(report("ETH", "1"), unreadable=("XRP",)), at(0), sent=0)
    assert book.present.balance("BTC") is None


def test_digits_are_kept(book: BalanceBook) -> None:
    """Amounts keep all their digits."""
    digits = "1386929.37231066771348207123"
    book.push([report("BTC", digits, key=(10, 0))], at(1))

    assert str(book.present.balances["BTC"].available) == digits


def test_the_last_change_is_of_the_total(book: BalanceBook) -> None:
    """The change is exact; a snapshot is none, and of a new currency all is change."""
    tiny = "0.0000000000000000000000000000000001"
    before = book.last_change("BTC")
    book.push([report("BTC", "1000000" + tiny[1:], key=(10, 0))], at(1))
    book.push([report("BTC", tiny, "1000000", key=(20, 0))], at(2))
    book.push([report("NEW", "3", key=(30, 0))], at(3))

    assert before == book.last_change("USDT") == book.last_change("NONE") == 0
    assert f"{book.last_change('BTC'):f}" == "999999" + tiny[1:]
    assert book.last_change("NEW") == 3


def test_a_copy_of_the_balances_does_not_change(book: BalanceBook) -> None:
    """A copy does not follow later changes."""
    before = book.present.balances
    book.push([report("BTC", "2", key=(10, 0))], at(1))
    book.merge(snapshot(report("USDT", "1")), at(20, 2), sent=20)

    assert str(before["BTC"].available) == "1"
    assert str(before["USDT"].available) == "100"


def test_w2_no_reader_sees_half_of_a_change(
    book: BalanceBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The balances of one frame or snapshot appear together."""
    seen: list[tuple[str, ...]] = []
    replace = Entry.replace

    def look(entry: Entry, balance: Balance, now: float) -> None:
        replace(entry, balance, now)
        seen.append(tuple(str(b.available) for b in book.present.balances.values()))
        seen.append((str(book.present.balance("NEW")),))

    monkeypatch.setattr(Entry, "replace", look)
    never_held = str(book.present.balance("NEW"))
    book.push([report(c, "7", key=(9, 0)) for c in ("BTC", "USDT", "NEW")], at(1))
    assert set(seen) == {("1", "100"), (never_held,)}
    seen.clear()
    book.merge(snapshot(report("BTC", "8"), report("USDT", "8")), at(30, 2), sent=30)
    assert ("8", "7", "7") not in seen
    assert {len(s) for s in seen} == {1, 3}


def test_an_event_that_is_kept_does_not_keep_its_stream() -> None:
    """Without its stream the event's balance is stale; events make no cycles."""
    present = Present("test", "test-1", lambda: 1.5)
    book = BalanceBook(present)
    present.state, present.proof, present.dead_at = State.LIVE, 0.0, math.inf
    kept = book.push([report("BTC", "1", key=(1, 0))], at(1)).items
    kept += book.push([report("BTC", "2", key=(2, 0))], at(2)).items
    previous = the_update(kept[1:]).previous
    assert previous is not None
    assert (previous.age, previous.stale) == (1.5, True)

    gone = weakref.ref(present)
    del present, book
    gc.collect()

    assert gone() is None
    assert (previous.age, previous.stale) == (math.inf, True)
