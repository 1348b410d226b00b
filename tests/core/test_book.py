"""The balance book, rule by rule; each test begins with the label of its rule."""

from __future__ import annotations

import gc
import math
import weakref
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from assetstream.core.book import BalanceBook
from assetstream.core.evidence import Piece
from assetstream.core.moment import Stamp
from assetstream.core.present import UNNAMED, Present
from assetstream.model.errors import ProtocolError
from assetstream.model.events import AssetUpdate, Balance, Source
from assetstream.model.states import State
from tests.support.books import (
    START,
    START_MS,
    Account,
    at,
    report,
    snapshot,
    the_update,
)

USUAL = report("BTC", "1"), report("USDT", "100")


@pytest.fixture
def account() -> Account:
    """An account that holds BTC 1 and USDT 100 since a snapshot 20 s before."""
    account = Account()
    account.connect(-20, snapshot(*USUAL))
    return account


def test_k1_greater_key_is_applied(account: Account) -> None:
    """The newest push wins and is delivered with what was before it."""
    update = the_update(account.push(1, "2").items)

    assert update.available == 2
    assert update.source is Source.STREAM
    assert update.previous is not None
    assert update.previous.available == 1
    assert update.change == 1
    assert update.time == START + timedelta(seconds=1)
    assert account.in_doubt == ()


def test_an_update_and_its_balance_say_whose_they_are_and_since_when(
    account: Account,
) -> None:
    """Since the push's own time, or since a read came."""
    dated = report("BTC", "2", key=(900, 0))
    dated = msgspec.structs.replace(dated, update_id="7-1", raw=b"{}")
    pushed = the_update(account.book.push([dated], at(1)).items)
    was_pushed = account.present.balances["BTC"]
    read = the_update(account.connect(40, snapshot(report("BTC", "3"))).items[:1])
    was_read = account.present.balances["BTC"]

    for event in (pushed, was_pushed, read, was_read):
        assert (event.exchange, event.account) == ("test", "test-1")
    assert was_pushed.changed_at == pushed.time == START + timedelta(seconds=0.9)
    assert (pushed.update_id, pushed.raw, pushed.folded) == ("7-1", b"{}", 0)
    assert was_read.changed_at == read.received == START + timedelta(seconds=40)
    assert read.time is None
    assert read.source is was_read.source is Source.RECOVERED


def test_k1_smaller_key_is_ignored_and_counted(account: Account) -> None:
    """A push that comes out of order changes nothing."""
    account.push(1, "2", second=5)
    pushed = account.push(2, "3", dated=1, second=4)

    assert pushed.items == []
    assert pushed.recheck_at == math.inf
    assert account.shown() == ("2", "0")
    assert account.present.ignored == 1
    assert account.entry().ignored_at == 2
    account.push(3, "3", dated=1, second=4)
    assert account.present.ignored == 2


def test_k1_one_that_is_ignored_holds_up_no_other(account: Account) -> None:
    """All reports of one frame are judged, whichever comes first."""
    account.push(1, "2", second=5)
    late = report("BTC", "3", "0", (1000, 4))
    pushed = account.book.push([late, report("USDT", "90", "0", (2000, 0))], at(2))

    assert the_update(pushed.items).currency == "USDT"
    assert account.present.ignored == 1


def test_k1_greater_key_moves_even_if_the_amounts_are_equal(account: Account) -> None:
    """No update is delivered, but an older push is no longer accepted."""
    assert account.push(2, "1").items == []
    assert account.push(3, "9", dated=1).items == []

    assert account.shown() == ("1", "0")


def test_k1_equal_key_and_amounts_is_a_duplicate(account: Account) -> None:
    """The same push twice gives one update; nothing of other amounts was ignored."""
    account.push(1, "2")

    assert account.push(2, "2", dated=1).items == []
    assert account.entry().ignored_at == -math.inf


def test_k1_equal_key_and_other_amounts_the_later_arrival_wins(
    account: Account,
) -> None:
    """Of two changes with one key the later arrival is believed."""
    account.push(1, "2")
    update = the_update(account.push(1.2, "3", dated=1).items)

    assert update.available == 3
    assert account.in_doubt == ()


def test_k1_without_a_time_by_arrival_and_the_key_stays(account: Account) -> None:
    """A push without a time is applied as it comes and moves no key."""
    account.push(1, "2")
    book = account.book
    assert the_update(book.push([report("BTC", "3")], at(2)).items).available == 3
    assert account.push(2.5, "4", dated=0.5).items == []
    assert the_update(account.push(4, "5").items).available == 5
    assert account.in_doubt == ()


def test_k1_the_first_push_may_have_no_time(account: Account) -> None:
    """It is only as sharp as a read: the read before may be newer."""
    pushed = account.book.push([report("BTC", "3")], at(-15))
    assert the_update(pushed.items).available == 3
    assert account.in_doubt == ("BTC",)

    assert the_update(account.push(1, "2").items).available == 2
    assert account.in_doubt == ()


def test_k1_a_greater_serial_number_under_a_smaller_time_is_in_question() -> None:
    """The exchange's second order contradicts its first."""
    for serial, in_doubt in ((True, ("BTC",)), (False, ())):
        account = Account(serial=serial)
        account.connect(-20, snapshot(report("BTC", "1")))
        account.push(1, "2", second=5)
        account.push(1, "9", dated=0.95, second=5)
        assert account.in_doubt == ()
        account.push(1.1, "3", dated=0.9, second=6)
        assert account.shown() == ("2", "0")
        assert account.in_doubt == in_doubt
        assert [piece.fair for piece in account.entry().evidence.open] == [False] * len(
            in_doubt
        )
        account.push(1.2, "4", dated=0.8, second=4)
        assert account.in_doubt == in_doubt
        account.push(1.3, "5", second=7)
        assert account.in_doubt == ()


def test_k1_a_smaller_serial_number_under_a_greater_time_is_passed_over() -> None:
    """Neither can be believed: what is shown stays, in doubt, until something newer."""
    for serial, shown in ((True, "2"), (False, "3")):
        account = Account(serial=serial)
        account.connect(-20, snapshot(report("BTC", "1")))
        account.push(0.9, "8", second=5)
        account.push(1, "2", second=5)
        account.push(1.05, "9", dated=1, second=4)
        account.push(1.1, "2", second=1)
        assert account.shown() == ("2", "0")
        assert account.in_doubt == ()
        account.push(1.2, "3", second=1)
        assert account.shown() == (shown, "0")
        opened = account.entry().evidence.open
        moments = [(p.amounts, p.earliest, p.latest, p.at) for p in opened]
        assert moments == [(None, 1.2, 1.2, 1.2)] * serial
        assert account.in_doubt == ("BTC",) * serial
        account.push(1.3, "4", second=0)
        assert account.shown() == ("4", "0")
        assert account.present.ignored == 1 + 2 * serial


def test_d3_what_nets_to_zero_is_a_balance(account: Account) -> None:
    """A debt may be as great as what an order holds: callbacks are told."""
    owed = report("ETH", "-5", "5")
    judged = account.connect(60, snapshot(report("BTC", "1"), owed))

    assert [item.currency for item in judged.items] == ["ETH"]


def test_k1_serial_numbers_may_begin_anew() -> None:
    """What is passed over for it is passed over for a minute, not for ever."""
    account = Account(serial=True)
    account.connect(-20, snapshot(report("BTC", "1")))
    account.push(1, "2", second=900)
    account.push(31, "3", second=1)
    account.push(61, "4", second=2)
    assert account.shown() == ("2", "0")
    assert account.in_doubt == ("BTC",)
    account.push(61.1, "5", second=3)
    assert account.shown() == ("5", "0")
    account.push(63, "6", second=4)

    assert account.shown() == ("6", "0")
    assert account.in_doubt == ()


def test_k1_serial_numbers_order_nothing_where_no_exchange_promises_it() -> None:
    book = BalanceBook(Present("test", "test-1"))
    assert book.pushed_at == -math.inf
    book.push([report("BTC", "2", key=(1000, 5))], at(1))
    book.push([report("BTC", "3", key=(900, 6))], at(1.1))

    assert book.present.doubts == {}
    assert book.pushed_at == 1.1


def test_k1_a_push_dated_ten_seconds_behind_puts_the_order_in_question(
    account: Account,
) -> None:
    """Its date is not to be believed, nor is that of another before it."""
    account.push(30, "2")
    account.push(30.5, "3", dated=18)
    assert account.shown() == ("2", "0")
    assert account.in_doubt == ("BTC",)
    # By the clock it was true 13 s ago at the earliest, by its arrival now.
    key = START_MS + 18_000, 0
    late = Piece((Decimal(3), Decimal(0)), 17.5, 30.5, 30.5, key, fair=False)
    assert account.entry().evidence.open == (late,)
    account.push(31, "4")

    assert account.in_doubt == ()


def test_k1_a_repeated_push_from_ahead_is_known_again(account: Account) -> None:
    """It was passed over; applied once more it would bring back what is over."""
    account.push(1, "2", dated=6)
    account.push(3, "3")
    assert account.shown() == ("3", "0")
    account.push(4, "2", dated=6)
    account.push(7, "2", dated=6)  # Its time has come meanwhile.

    assert account.shown() == ("3", "0")
    assert account.in_doubt == ()


def test_k1_a_repeated_push_of_one_field_is_known_again(account: Account) -> None:
    """Another has passed over it; the order of the two is in no question."""
    account.push(1, "2", None)
    account.push(2, "3")
    assert account.push(3, "2", None, dated=1).items == []

    assert account.shown() == ("3", "0")
    assert account.in_doubt == ()


def test_t1_the_date_of_a_push_is_as_wide_as_the_clock(account: Account) -> None:
    """The moments in one of which it was true, by our clock; never after now."""
    account.book.push([report("BTC", "2", key=(900, 0))], at(1, width=3.0))
    piece = account.entry().evidence.ground

    assert piece is not None
    assert piece.earliest == pytest.approx(1 - 0.1 - 1.5)
    assert piece.latest == 1
    account.book.push([report("BTC", "2", key=(5_000, 0))], at(9, width=3.0))
    piece = account.entry().evidence.ground
    assert piece is not None
    assert piece.latest == pytest.approx(9 - 4 + 1.5)


@pytest.mark.parametrize(
    ("dated", "fair"),
    [(19_499, False), (19_500, True), (30_500, True), (30_501, False)],
)
def test_t1_a_date_is_fair_from_ten_seconds_behind_to_the_clock(
    account: Account, dated: int, fair: bool
) -> None:
    """Of the clock as an interval: its lower end, its upper end."""
    account.book.push([report("BTC", "2", key=(dated, 0))], at(30))
    push = account.entry().evidence.push

    assert push is not None
    assert push.fair is fair


def test_t1_without_a_clock_nothing_is_ahead(account: Account) -> None:
    """A push may be as old as can be, and a read within 10 s may be newer."""
    stamp = Stamp(-15, START, -math.inf, math.inf)
    pushed = account.book.push([report("BTC", "2", key=(10**9, 0))], stamp)

    assert the_update(pushed.items).available == 2
    assert account.in_doubt == ("BTC",)
    account.read(11, snapshot(report("BTC", "2"), report("USDT", "100")))
    assert account.in_doubt == ()


def test_t1_what_was_ignored_before_a_step_of_the_clock_is_in_doubt(
    account: Account,
) -> None:
    """It was judged by a wrong clock; pushes of the last 2 minutes only."""
    assert not account.book.stepped(at(1))
    account.push(5, "2")
    account.push(6, "3", dated=4)
    account.push(6, "100", currency="USDT", dated=4)
    assert not account.book.stepped(at(126))
    assert account.book.stepped(at(125.9))

    assert account.in_doubt == ("BTC",)
    assert account.entry().evidence.open == (blank(125.9),)
    assert account.book.recheck_at == pytest.approx(135.901)


def test_k3_a_time_in_the_future_is_an_error_applied_by_arrival_in_doubt(
    account: Account,
) -> None:
    """A time over 60 s ahead is an error; the push is applied, its key ignored."""
    pushed = account.push(1, "2", dated=1 + 61)
    error, update = pushed.items

    assert isinstance(error, ProtocolError)
    assert error.currency == "BTC"
    assert isinstance(update, AssetUpdate)
    assert update.available == 2
    assert account.in_doubt == ("BTC",)
    known = account.entry().evidence
    assert known.open == (blank(1),)
    by_arrival = Piece((Decimal(2), Decimal(0)), -9, 1, 1, (0, 0), fair=False)
    assert known.ground == by_arrival
    assert pushed.recheck_at == pytest.approx(11.001)
    assert account.push(1.2, "2", dated=1 + 61).items == []  # The same once more.
    assert the_update(account.push(3, "3").items).available == 3
    assert account.in_doubt == ()


def test_k3_the_error_says_what_was_dated_how_and_what_to_do(account: Account) -> None:
    dated = msgspec.structs.replace(report("BTC", "2", key=(61_501, 0)), raw=b"{}")
    error = account.book.push([dated], at(1)).items[0]

    assert isinstance(error, ProtocolError)
    assert error.problem == (
        "test: a change of BTC is dated more than 60 s in the future; it was applied "
        "as it came and BTC is in doubt until it has been verified"
    )
    assert error.remedy == "If this goes on, check this machine's clock."
    assert error.frame == b"{}"
    assert (error.exchange, error.account) == ("test", "test-1")


@pytest.mark.parametrize(("ahead", "fair"), [(5_000, True), (5_001, False)])
def test_k3_a_stored_key_five_seconds_ahead_of_the_clock_counts(
    account: Account, ahead: int, fair: bool
) -> None:
    """The clock has stepped since it was stored."""
    account.push(100, "2")
    most = START_MS + 100_000 - ahead
    stamp = Stamp(100.5, at(100.5).received, most - 1000, most)
    behind = report("BTC", "3", key=(100_000 - ahead - 500, 0))
    account.book.push([behind], stamp)
    push = account.entry().evidence.push

    assert push is not None
    assert push.amounts == (2, 0)
    assert push.fair is fair


def test_k3_a_stored_key_ahead_of_a_clock_that_stepped_counts_as_none(
    account: Account,
) -> None:
    """Its date was fair when it came; else every push would be older for an hour."""

    def push(now: float, ahead: int, available: str) -> None:
        stamp = at(now)
        key = int((now - 3600) * 1000) + ahead, 0
        least, most = stamp.least_ms - 3.6e6, stamp.most_ms - 3.6e6
        stamp = Stamp(now, stamp.received, least, most)
        account.book.push([report("BTC", available, key=key)], stamp)

    account.push(100, "2")
    push(100.5, 0, "3")
    assert account.shown() == ("2", "0")
    assert account.in_doubt == ("BTC",)
    push(102, 0, "4")
    assert account.shown() == ("4", "0")
    assert account.in_doubt == ()
    push(102.5, 4_000, "5")  # Not as far ahead as to count for nothing.
    push(103, -1000, "6")

    assert account.shown() == ("5", "0")


def test_k3_sixty_seconds_ahead_are_no_error(account: Account) -> None:
    """Its date is not fair, and the next one in time is newer."""
    update = the_update(account.push(1, "2", dated=1 + 60.5).items)
    assert update.available == 2
    assert account.in_doubt == ()

    assert the_update(account.push(3, "3").items).available == 3


def test_k3_is_measured_by_the_exchanges_clock(account: Account) -> None:
    """Our own clock may be wrong by an hour."""
    hour_behind = Stamp(1, START - timedelta(hours=1), START_MS, START_MS + 1000)
    pushed = account.book.push([report("BTC", "2", key=(5, 0))], hour_behind)

    assert the_update(pushed.items).available == 2
    assert account.in_doubt == ()


def test_k4_missing_is_unchanged_and_zero_is_zero(account: Account) -> None:
    """A missing field keeps its amount; zero is an amount like any other."""
    account.push(1, None, "3")
    account.push(1, "0", "0", currency="USDT")
    nothing = account.push(2, None, None)

    assert account.shown() == ("1", "3")
    assert account.shown("USDT") == ("0", "0")
    assert nothing.items == []


@pytest.mark.parametrize(
    ("half", "expected"), [(("5", None), ("5", "2")), ((None, "5"), ("4", "5"))]
)
def test_k4_a_push_of_one_field_takes_the_other_from_what_is_shown(
    account: Account, half: tuple[str | None, str | None], expected: tuple[str, str]
) -> None:
    account.push(1, "4", "2")
    the_update(account.push(2, *half).items)

    assert account.shown() == expected


def test_k4_a_currency_with_an_unknown_field_is_not_shown() -> None:
    """Half a balance is shown only when a read has supplied the other half."""
    account = Account()
    assert account.push(1, "5", None).items == []
    assert account.present.balances == {}
    assert account.present.unknown == {"BTC"}
    assert account.in_doubt == ("BTC",)
    assert account.entry().evidence.open == (Piece(None, -9, 1, 1, began=1),)
    update = the_update(account.connect(2, snapshot(report("BTC", "5", "2"))).items)

    assert (update.available, update.locked) == (5, 2)
    assert account.in_doubt == ("BTC",)
    account.read(12, snapshot(report("BTC", "5", "2")))
    assert account.in_doubt == ()


def test_k4_neither_field_is_made_up() -> None:
    """Half of what is not known is not known."""
    new = Account()
    new.push(1, None, "5")
    new.push(2, "5", None)

    assert new.present.unknown == {"BTC"}


def test_k5_an_unreadable_frame_puts_its_currency_in_doubt(account: Account) -> None:
    """Only the currency of the frame is in doubt, and REST is asked 10 s later."""
    entry = account.entry()
    account.book.unreadable("BTC", at(5))

    assert account.entry() is entry
    assert account.in_doubt == ("BTC",)
    assert account.present.doubts == {"BTC": 5}
    assert account.entry().evidence.open == (blank(5),)
    assert account.book.recheck_at == pytest.approx(15.001)


def blank(now: float) -> Piece:
    """The piece of what could not be read."""
    return Piece(None, now, now, now, began=now)


def test_k6_a_push_without_amounts_puts_its_currency_in_doubt(account: Account) -> None:
    """What is shown stays; the push counts as one (A5), and REST is asked later."""
    account.book.outdate("BTC", at(5))

    assert account.present.doubts == {"BTC": 5}
    assert account.entry().evidence.open == (blank(5),)
    assert account.shown() == ("1", "0")
    assert account.book.pushed_at == account.entry().outdated_at == 5
    assert account.book.recheck_at == pytest.approx(15.001)


def test_k6_a_currency_that_was_not_held_is_not_taken_for_zero(
    account: Account,
) -> None:
    """Its change was pushed, and nobody knows to what."""
    account.book.outdate("ETH", at(5))

    assert account.present.balance("ETH") is None
    assert account.in_doubt == ("ETH",)


def test_k6_a_later_push_with_the_amounts_ends_the_doubt(account: Account) -> None:
    """One that is dated before it may be older, and does not."""
    account.book.outdate("BTC", at(5))
    account.push(5.2, "2", dated=5.0)
    assert account.in_doubt == ("BTC",)
    account.push(6, "3")

    assert account.in_doubt == ()


def test_k5_the_whole_book_if_the_currency_is_unknown(account: Account) -> None:
    """A frame of unknown currency puts every currency in doubt."""
    account.book.unreadable(None, at(5))

    assert account.present.doubts == {"BTC": 5, "USDT": 5, UNNAMED: 5}


def test_k5_an_unreadable_unknown_currency_is_not_taken_for_zero(
    account: Account,
) -> None:
    """The balance is unknown, because its push could not be read."""
    assert account.present.balance("ETH") is not None
    account.book.unreadable("ETH", at(5))

    assert account.present.balance("ETH") is None


def test_k5_a_doubt_of_all_others_is_one_of_a_new_currency(account: Account) -> None:
    """The frame may have been about it; its next push is newer."""
    account.book.unreadable(None, at(5))
    account.push(5.2, "7", currency="ETH", dated=4.9)
    assert account.present.doubts["ETH"] == 5
    account.push(5.6, "8", currency="ETH")

    assert "ETH" not in account.in_doubt


def test_a2_a_later_full_push_heals_doubt(account: Account) -> None:
    """A busy currency is never judged by a read; its next push has all amounts."""
    account.book.unreadable("BTC", at(5))
    account.push(6, "2", None)
    assert account.in_doubt == ("BTC",)

    account.push(7, "2", "0")
    assert account.in_doubt == ()


def test_a2_a_push_older_than_the_doubt_heals_nothing(account: Account) -> None:
    """An older push does not replace the newer one that could not be read."""
    account.book.unreadable("BTC", at(5))
    account.push(6, "2", dated=5.4)
    assert account.in_doubt == ("BTC",)
    account.book.push([report("BTC", "2")], at(7))

    assert account.in_doubt == ("BTC",)


def test_s4_the_first_push_of_a_currency_changes_from_zero(account: Account) -> None:
    """It is STREAM, for the snapshot said that there was nothing."""
    update = the_update(account.push(1, "5", currency="ETH").items)

    assert (update.source, update.change) == (Source.STREAM, 5)
    assert account.in_doubt == ()


def test_s4_a_read_that_did_not_name_a_currency_may_be_newer_than_its_push(
    account: Account,
) -> None:
    """It said that there is nothing, up to 10 s after REST saw so."""
    update = the_update(account.push(-18, "5", currency="ETH", dated=-25).items)

    assert (update.source, update.change) == (Source.STREAM, 5)
    assert account.present.doubts == {"ETH": -18}


def test_s4_before_any_snapshot_a_push_changes_nothing_known() -> None:
    """Nothing was known yet that it could be a change of."""
    account = Account()
    update = the_update(account.push(1, "5").items)

    assert (update.source, update.change) == (Source.SNAPSHOT, 0)


def test_w2_a_doubt_is_shown_before_what_is_doubtful_and_lifted_after(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No reader sees a number unmarked that is in doubt, or was when it came."""
    seen: list[tuple[str, bool]] = []

    def replaced(present: Present, name: str, value: Any) -> None:
        object.__setattr__(present, name, value)
        balance = present.balances["BTC"]
        seen.append((str(balance.available), "BTC" in present.doubts))

    account.book.unreadable("BTC", at(5))
    monkeypatch.setattr(Present, "__setattr__", replaced, raising=False)
    account.push(6, "2")
    monkeypatch.undo()
    assert ("1", False) not in seen
    assert ("2", True) in seen
    assert seen[-1] == ("2", False)

    seen.clear()
    account.connect(30, snapshot(report("BTC", "4"), report("USDT", "100")))
    monkeypatch.setattr(Present, "__setattr__", replaced, raising=False)
    account.push(30.5, "5")  # The read may be newer.
    monkeypatch.undo()
    assert ("5", False) not in seen
    assert seen[-1] == ("5", True)


def test_w2_no_reader_sees_half_of_a_change(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The balances of one frame or read appear together, in one ``update``."""
    seen: list[tuple[str, ...]] = []

    class Watched(dict[str, Balance]):
        """Balances of which each change is seen."""

        def update(self, *others: Any, **named: Any) -> None:
            super().update(*others, **named)
            seen.append(tuple(str(b.available) for b in self.values()))

        def __setitem__(self, code: str, balance: Balance) -> None:
            self.update({code: balance})

    def replaced(present: Present, name: str, value: Any) -> None:
        object.__setattr__(present, name, value)
        seen.append(tuple(str(b.available) for b in present.balances.values()))

    account.present.balances = Watched(account.present.balances)
    monkeypatch.setattr(Present, "__setattr__", replaced, raising=False)
    coins = ("BTC", "USDT", "NEW")
    reports = [report(c, "7", key=(900, 0)) for c in coins]
    account.book.push(reports, at(1))
    account.connect(30, snapshot(*(report(c, "8") for c in coins)))
    monkeypatch.undo()

    assert set(seen) == {("7", "7", "7"), ("8", "8", "8")}


@pytest.mark.parametrize(("asked", "doubted"), [(11.0, True), (11.1, False)])
def test_a2_a_complete_snapshot_ends_the_doubt_about_what_is_not_held(
    account: Account, asked: float, doubted: bool
) -> None:
    """No sooner than REST has caught up with the frame that could not be read."""
    account.book.unreadable(None, at(1))
    assert UNNAMED in account.present.doubts
    account.connect(asked, snapshot(report("BTC", "1"), report("USDT", "100")))

    assert (UNNAMED in account.present.doubts) == doubted


def test_d3_the_first_snapshot_delivers_non_zero_currencies_only() -> None:
    """Hundreds of zeros give no updates, yet they are known to be zero."""
    account = Account()
    judged = account.connect(0, snapshot(report("BTC", "1"), report("ETH", "0")))
    update = the_update(judged.items)

    assert (update.currency, update.source, update.change) == (
        "BTC",
        Source.SNAPSHOT,
        0,
    )
    assert set(account.present.balances) == {"BTC"}
    eth = account.present.balance("ETH")
    assert eth is not None
    assert eth.total == 0


def test_d3_zero_is_news_only_of_what_was_held(account: Account) -> None:
    """A read that is not believed yet leaves a currency never named at zero."""
    judged = account.read(20, snapshot(*USUAL, report("ETH", "5")))
    assert judged.items == []
    assert account.shown("ETH") == ("0", "0")
    assert account.present.doubts == {"ETH": 20}
    for now in (40, 70, 100):
        judged = account.read(now, snapshot(report("BTC", "1")))

    assert [(u.currency, u.total) for u in judged.items] == [("USDT", 0)]


def test_a1_the_currencies_with_something_locked_are_counted(account: Account) -> None:
    """None twice, and none that is so no more."""
    counts = [account.book.locked]
    for now, locked in enumerate(("1", "2", "0", "3"), 1):
        account.push(now, "1", locked)
        account.push(now, "1", "5", currency="NEW")
        counts.append(account.book.locked)

    assert counts == [0, 2, 2, 1, 2]


def test_digits_are_kept(account: Account) -> None:
    """Amounts keep all their digits."""
    digits = "1386929.37231066771348207123"
    account.push(1, digits)

    assert account.shown() == (digits, "0")


def test_the_last_change_is_of_the_total(account: Account) -> None:
    """The change is exact; a snapshot is none, and of a new currency all is change."""
    tiny = "0.0000000000000000000000000000000001"
    book = account.book
    before = book.last_change("BTC")
    account.push(1, "1000000" + tiny[1:])
    account.push(2, tiny, "1000000")
    account.push(3, "3", currency="NEW")

    assert before == book.last_change("USDT") == book.last_change("NONE") == 0
    assert f"{book.last_change('BTC'):f}" == "999999" + tiny[1:]
    assert book.last_change("NEW") == 3


@pytest.mark.parametrize(
    ("pushes", "change"),
    [
        ([("0.5", "0.5")], 0),
        ([("2", "0"), ("5", "0")], 3),
        ([("2", "0"), ("5", "0"), ("3", "2")], 3),
        ([("2", "0"), ("5", "0"), ("3", "2"), ("3", "1")], -1),
        ([("2", "0"), *[(str(n), str(99 - n)) for n in range(90)]], 97),
    ],
)
def test_the_last_change_outlives_what_leaves_the_total(
    account: Account, pushes: list[tuple[str, str]], change: int
) -> None:
    """Orders that are placed and cancelled change no total, however many they are."""
    for now, (available, locked) in enumerate(pushes):
        account.push(now + 1.0, available, locked)

    assert account.book.last_change("BTC") == change


def test_what_is_in_no_doubt_is_shown_without_a_look_at_the_others(
    account: Account,
) -> None:
    """Else each push would take as long as there are currencies."""
    doubts, unknown = account.present.doubts, account.present.unknown
    account.push(1, "2")

    assert account.present.doubts is doubts
    assert account.present.unknown is unknown


def test_an_event_that_is_kept_does_not_keep_its_stream() -> None:
    """Without its stream the event's balance is stale; events make no cycles."""
    present = Present("test", "test-1", lambda: 1.5)
    book = BalanceBook(present)
    present.state, present.proof, present.dead_at = State.LIVE, 0.0, math.inf
    kept = book.push([report("BTC", "1", key=(1000, 0))], at(1)).items
    kept += book.push([report("BTC", "2", key=(2000, 0))], at(2)).items
    previous = the_update(kept[1:]).previous
    assert previous is not None
    assert (previous.age, previous.stale) == (1.5, True)

    gone = weakref.ref(present)
    del present, book
    gc.collect()

    assert gone() is None
    assert (previous.age, previous.stale) == (math.inf, True)


def test_k4_a_push_that_says_nothing_says_nothing(account: Account) -> None:
    """Though it has a time of the far future."""
    assert account.push(1, None, None, dated=9_000).items == []
    assert account.in_doubt == ()
    new = Account()
    new.push(1, None, None)
    assert new.present.unknown == {"BTC"}
