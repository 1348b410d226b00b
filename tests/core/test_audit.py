"""Decisions of an audit; each test begins with the label of its rule."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from msgspec.structs import replace

from assetstream.core.audit import Judged
from assetstream.core.evidence import Piece
from assetstream.core.present import UNNAMED
from assetstream.model.errors import AssetStreamError, ProtocolError
from assetstream.model.events import AssetUpdate, Source
from assetstream.protocol import Snapshot
from tests.support.books import Account, at, report, snapshot, the_update


@pytest.fixture
def account() -> Account:
    """An account that holds BTC 1 and USDT 100 since a snapshot at 0."""
    return opened(Account())


def opened(account: Account) -> Account:
    account.connect(0, read("1"))
    return account


def read(btc: str, usdt: str = "100", **others: str) -> Snapshot:
    """Make a read with these amounts."""
    amounts = {"BTC": btc, "USDT": usdt, **others}
    reports = (report(code, amount) for code, amount in amounts.items())
    return snapshot(*(replace(each, raw=each.currency.encode()) for each in reports))


def unread(asked: float) -> Piece:
    """The piece of what a read names, or may have named, and does not tell."""
    return Piece(None, asked - 10, asked, asked, began=asked)


ONLY_USDT = snapshot(report("USDT", "100"))
NOTHING = snapshot()


# S1: snapshots.


def test_s1_a_snapshot_is_believed_at_once_as_recovered(account: Account) -> None:
    """Changes while the connection was down become RECOVERED updates."""
    judged = account.connect(20, read("3"))
    update = the_update(judged.items)

    assert (update.currency, update.source, update.change) == (
        "BTC",
        Source.RECOVERED,
        2,
    )
    assert judged.recovered == 1
    assert account.in_doubt == ()
    assert account.connect(40, read("4", "90")).recovered == 2


def test_s1_what_no_read_names_is_zero(account: Account) -> None:
    """As blurred as any read, and verified by each."""
    zeros = Piece((Decimal(0), Decimal(0)), -10, 0, 0, began=0)
    assert account.book.absent.evidence.ground == zeros
    account.read(20, read("1"))

    assert account.present.verified_at[UNNAMED] == 20


def test_s1_what_was_pushed_less_than_10_s_before_keeps_its_amount(
    account: Account,
) -> None:
    """On whichever connection, whatever the read says; it is in doubt 2 s later."""
    account.push(15, "2")
    assert account.connect(20, read("7")).items == []
    assert account.in_doubt == ()
    assert account.audit.deadline == 22
    account.audit.due(22)

    assert account.shown() == ("2", "0")
    assert account.in_doubt == ("BTC",)
    assert account.present.verified_at["BTC"] == 0
    assert account.audit.deadline == math.inf


def test_s1_what_a_read_changed_less_than_10_s_before_is_kept_too(
    account: Account,
) -> None:
    """The second of two quick connections asks a replica that is behind."""
    account.connect(20, read("5"))
    account.connect(24, read("7"))

    assert account.shown() == ("5", "0")
    assert account.in_doubt == ("BTC",)
    account.connect(24.5, read("1"))  # What held before: a replica that lags.
    assert account.shown() == ("5", "0")


def test_s1_an_ignored_push_does_not_count(account: Account) -> None:
    """A push that was too old does not protect its amounts from the read."""
    account.push(28, "2")
    account.push(29, "7", dated=27)
    update = the_update(account.connect(39, read("3")).items)

    assert update.available == 3
    assert account.in_doubt == ()


def test_patience_a_push_on_its_way_explains_a_read(account: Account) -> None:
    """REST ran ahead of the stream."""
    account.push(15, "2")
    account.read(20, read("3"))
    account.push(21, "3", dated=19.9)
    account.audit.due(22)

    assert account.shown() == ("3", "0")
    assert account.in_doubt == ()


def test_patience_ends_with_its_connection(account: Account) -> None:
    """No push comes on it any more that could explain what was read."""
    account.push(15, "2")
    account.read(20, read("3"))
    account.audit.disconnected()

    assert account.audit.deadline == math.inf
    assert account.in_doubt == ("BTC",)
    assert account.present.audited_at == 0


def test_patience_ends_when_the_next_read_comes(account: Account) -> None:
    """Reads are weighed in their order: one that agrees parts two that do not."""
    account.push(95, "2")
    account.read(100, read("7"))
    assert account.audit.deadline == 102
    account.read(101.9, read("2"))
    account.audit.due(102)

    account.read(112, read("7"))
    assert account.shown() == ("2", "0")
    account.read(114, read("7"))
    assert account.shown() == ("7", "0")


def test_k2_a_late_push_after_a_newer_read_is_shown_in_doubt(
    account: Account,
) -> None:
    """Its date is too old to be believed; the read may be newer."""
    account.push(20, "2")
    account.connect(40, read("5"))
    account.push(41, "3", dated=26)

    assert account.in_doubt == ("BTC",)
    for now in (52, 67, 82, 97):
        account.read(now, read("5"))
        assert account.shown() == ("3", "0")
    account.read(112, read("5"))
    assert account.shown() == ("5", "0")
    assert account.in_doubt == ()


# S2, S4: what is omitted, and what is not understood.


def test_s2_what_a_read_omits_vanishes_after_three_reads_over_60_s(
    account: Account,
) -> None:
    """It is in doubt at once, at the old amount."""
    for now in (20, 50):
        judged = account.connect(now, ONLY_USDT)
        assert judged.items == []
        assert not judged.second
        assert account.shown() == ("1", "0")
        assert account.in_doubt == ("BTC",)
    assert account.read(79.9, ONLY_USDT).items == []
    update = the_update(account.read(80, ONLY_USDT).items)

    assert (update.currency, update.total, update.source) == ("BTC", 0, Source.AUDIT)
    assert account.in_doubt == ()


def test_s2_two_reads_are_no_row_of_three(account: Account) -> None:
    """Neither of what is omitted, nor of a list that names nothing."""
    for now in (20, 85):
        assert account.read(now, ONLY_USDT).items == []
    assert the_update(account.read(86, ONLY_USDT).items).total == 0
    for now in (100, 705):
        assert account.read(now, NOTHING).items == []

    assert the_update(account.read(706, NOTHING).items).currency == "USDT"


def test_s2_one_that_shows_it_again_begins_anew(account: Account) -> None:
    for now in (20, 50):
        account.read(now, ONLY_USDT)
    account.read(60.1, read("1"))
    assert account.in_doubt == ()
    for now in (80, 110, 139):
        account.read(now, ONLY_USDT)
    assert account.shown() == ("1", "0")
    account.read(140, ONLY_USDT)

    assert account.shown() == ("0", "0")


def test_s2_a_zero_in_the_read_is_like_an_omission(account: Account) -> None:
    for now in (20, 50, 80):
        account.read(now, read("0"))

    assert account.shown() == ("0", "0")


def test_s2_everything_vanishes_after_ten_minutes(account: Account) -> None:
    """An empty list may be an outage."""
    for now in range(20, 620, 60):
        assert account.read(now, NOTHING).items == []
        assert account.in_doubt == ("BTC", "USDT")
    assert len(account.read(620, NOTHING).items) == 2
    assert account.in_doubt == ()


def test_s2_a_push_begins_the_ten_minutes_anew(account: Account) -> None:
    """10 to 120 s before, it said that there was something."""
    account.read(20, NOTHING)
    account.push(290, "90", currency="USDT")
    account.read(299, NOTHING)
    assert account.entry().evidence.open[-1].row == 2
    account.read(300, NOTHING)
    assert account.entry().evidence.open[-1].row == 0
    account.read(409.9, NOTHING)
    assert account.entry("USDT").evidence.open[-1].row == 0
    for now in (410, 620, 1009):
        account.read(now, NOTHING)
    assert account.shown() == ("1", "0")
    account.read(1010, NOTHING)

    assert account.shown() == ("0", "0")


def test_s2_who_holds_nothing_loses_nothing() -> None:
    """Two reads of an audit suffice for zero where nothing is held."""
    account = Account()
    account.connect(0, NOTHING)
    assert account.present.doubts == {UNNAMED: 0}
    assert account.book.absent.evidence.open == (Piece(None, 0, 0, 0, began=0),)
    assert account.present.complete_since is not None
    account.read(9.9, NOTHING)
    assert account.present.doubts == {UNNAMED: 0}
    account.read(10.1, NOTHING)

    assert account.present.doubts == {}


def test_s2_a_read_that_is_not_believed_proves_no_zero(account: Account) -> None:
    """A currency that was never held may be in what it fails to show."""
    account.read(20, NOTHING)
    assert account.book.absent.evidence.open == (unread(20),)
    assert UNNAMED in account.present.doubts
    account.read(31, read("1"))

    assert UNNAMED not in account.present.doubts


def test_s2_a_read_that_is_not_believed_is_none_of_a_known_zero(
    account: Account,
) -> None:
    """Unless a push has just said zero; what names others proves it again."""
    account.push(5, "0", currency="ETH")
    account.push(15, "0", currency="XRP")
    account.read(20, NOTHING)
    assert account.in_doubt == ("BTC", "ETH", "USDT")
    assert account.entry("ETH").evidence.open == (unread(20),)
    account.read(25, NOTHING)
    assert account.in_doubt == ("BTC", "ETH", "USDT", "XRP")
    account.read(36, read("1", USDT="100"))

    assert account.in_doubt == ()


def test_s2_a_read_that_may_be_late_names_nothing_rightly() -> None:
    """All that is held was pushed within the ten seconds by which REST may lag."""
    account = Account()
    account.connect(0, NOTHING)
    account.read(10.1, NOTHING)
    account.push(12, "1")
    account.read(21.9, NOTHING)
    assert UNNAMED not in account.present.doubts
    account.read(22, NOTHING)

    assert UNNAMED in account.present.doubts


def test_s2_a_bad_entry_costs_its_own_currency_alone(account: Account) -> None:
    """What such a read omits is zero, like before."""
    judged = account.connect(20, snapshot(report("ETH", "5"), unreadable=("BTC",)))

    assert the_update(judged.items).currency == "ETH"
    assert account.shown() == ("1", "0")
    assert account.in_doubt == ("BTC", "USDT")
    assert account.entry().evidence.open == (unread(20),)
    open_pieces = account.entry("USDT").evidence.open
    assert [piece.amounts for piece in open_pieces] == [(0, 0)]
    account.read(40, read("1", ETH="5"))
    assert account.in_doubt == ()


def test_s2_an_entry_without_a_name_makes_what_is_omitted_unknown(
    account: Account,
) -> None:
    """Every missing currency is in doubt, those never held included."""
    account.push(5, "0", currency="ETH")
    account.read(20, snapshot(report("USDT", "100"), unreadable=("",)))

    assert account.in_doubt == ("BTC",)
    assert account.present.doubts == {"BTC": 20, UNNAMED: 20}
    assert account.entry().evidence.open == (unread(20),)
    assert account.book.absent.evidence.open == (unread(20),)
    account.read(31, read("1"))
    assert account.present.doubts == {}


def test_s2_a_read_of_one_field_takes_the_other_from_what_is_shown(
    account: Account,
) -> None:
    half = snapshot(report("BTC", "3", None), report("USDT", "100"))
    account.connect(20, half)
    assert account.shown() == ("3", "0")
    account.connect(40, snapshot(report("NEW", "3", None), *read("3").balances))

    assert account.shown("NEW") == ("3", "0")
    first = Account()
    first.connect(5, half)
    assert first.present.unknown == {"BTC"}
    assert "BTC" in first.present.doubts
    assert first.entry().evidence.open == (unread(5),)
    assert first.shown("USDT") == ("100", "0")


def test_d3_zeros_that_were_never_anything_else_are_not_entered(
    account: Account,
) -> None:
    """What is named behind them is."""
    zero, hold = report("ETH", "0"), report("XRP", "0", "5")
    judged = account.connect(20, snapshot(zero, hold, *read("3").balances))

    assert [update.currency for update in judged.items] == ["XRP", "BTC"]
    assert account.book.entry("ETH") is None


def test_s4_a_balance_is_zero_once_a_read_was_complete() -> None:
    """A completed audit ends the unknown as well as a snapshot does."""
    account = Account()
    account.connect(0, snapshot(report("ETH", "1"), unreadable=("",)))
    assert account.present.balance("BTC") is None
    account.read(20, snapshot(report("ETH", "1")))

    balance = account.present.balance("BTC")
    assert balance is not None
    assert balance.total == 0
    assert UNNAMED not in account.present.doubts


# A2 to A4: two reads.


def test_a2_the_first_read_that_differs_puts_it_in_doubt_at_once(
    account: Account,
) -> None:
    """A correction takes two reads, the second 2 s later."""
    judged = account.read(100, read("7"))

    assert judged.second
    assert judged.items == []
    assert account.shown() == ("1", "0")
    assert account.in_doubt == ("BTC",)


def test_s2_a_read_that_names_nothing_ends_no_doubt_of_a_zero(
    account: Account,
) -> None:
    """It is not believed of what is held, so neither of what is not."""
    account.push(20, "0")
    account.book.unreadable("BTC", at(21))
    account.read(40, NOTHING)
    assert account.in_doubt == ("BTC", "USDT")
    account.read(55, read("0"))

    assert account.in_doubt == ()


def test_a9_what_is_over_is_read_again_soon(account: Account) -> None:
    """It needs a row of five; at ten seconds each a stuck replica would have it."""
    account.push(15, "2")
    account.push(20, "3")
    judged = account.read(95, read("2"))

    assert judged.second
    assert account.shown() == ("3", "0")
    assert account.in_doubt == ("BTC",)


def test_a2_a_push_before_the_second_read_wins(account: Account) -> None:
    """A push that the reads cannot know of keeps its amounts, unmarked."""
    account.read(100, read("7"))
    account.push(101, "2")
    judged = account.read(102, read("7"))

    assert judged.items == []
    assert account.shown() == ("2", "0")
    assert account.in_doubt == ()


def test_a2_the_second_read_agrees_with_the_book(account: Account) -> None:
    """The first read was behind, so nothing changes."""
    judged = account.twice(100, read("7"), read("1"))

    assert (judged.items, judged.drifts) == ([], 0)
    assert account.shown() == ("1", "0")
    # A read that may have looked before the other does not close it.
    assert account.in_doubt == ("BTC",)
    account.read(111, read("1"))
    assert account.in_doubt == ()


def test_a2_each_currency_is_judged_by_its_own_pushes(account: Account) -> None:
    """A busy currency does not keep the others from being judged."""
    account.push(99, "2")
    judged = account.twice(100, read("1", "90"))

    assert the_update(judged.items).currency == "USDT"


def test_a2_a_duplicate_or_an_old_push_does_not_put_it_off(account: Account) -> None:
    """Such pushes bring nothing that a read could lack."""
    account.push(95, "2", second=5)
    account.push(99, "2", dated=95, second=5)
    account.push(99, "5", dated=95, second=4)

    assert the_update(account.twice(105.1, read("7")).items).available == 7


def test_a2_a_read_that_agrees_ends_doubt(account: Account) -> None:
    """A read ends a doubt if it was sent 10 s after its reason."""
    account.book.unreadable("BTC", at(100))
    account.read(109.9, read("1"))
    assert account.in_doubt == ("BTC",)
    assert account.present.verified_at["BTC"] == 109.9
    assert account.book.recheck_at == pytest.approx(110.001)

    account.read(110.1, read("1"))
    assert account.in_doubt == ()
    assert account.book.recheck_at == math.inf


def test_a2_a_second_reason_to_doubt_counts_anew(account: Account) -> None:
    """Each reason may stand for a push that a read does not show yet."""
    account.book.unreadable("BTC", at(100))
    account.book.unreadable("BTC", at(105))

    account.read(111, read("1"))
    assert account.in_doubt == ("BTC",)


def test_a2_what_an_audit_corrected_is_not_undone_by_reads_behind_it(
    account: Account,
) -> None:
    """Reads of the next audit, or snapshot, may be 10 s behind."""
    account.twice(100, read("7"))
    account.read(107, read("1"))
    account.connect(108, read("1"))

    assert account.shown() == ("7", "0")


def test_a3_what_held_before_is_believed_after_five_reads_over_60_s(
    account: Account,
) -> None:
    """A replica may be stuck; the currency is in doubt meanwhile."""
    account.push(100, "2")
    for now in (115, 130, 145, 160):
        assert not account.read(now, read("1")).second
        assert account.shown() == ("2", "0")
        assert account.in_doubt == ("BTC",)
    update = the_update(account.read(175, read("1")).items)

    assert update.available == 1
    assert account.in_doubt == ()


def test_a4_two_equal_reads_correct_the_book(account: Account) -> None:
    """The update has the source AUDIT and the previous amounts."""
    judged = account.twice(100, read("7"))
    update = the_update(judged.items)

    assert (update.source, update.change) == (Source.AUDIT, 6)
    assert (judged.drifts, judged.second) == (1, False)
    assert account.shown() == ("7", "0")
    assert account.in_doubt == ()
    assert account.present.verified_at["BTC"] == 102
    # Nothing was pushed: it is the snapshot of the new connection that counts (A5).
    assert judged.reconnect
    assert account.present.audited_at == 0


def test_a4_each_currency_that_drifted_is_counted(account: Account) -> None:
    judged = account.twice(100, read("7", "90"))

    assert judged.drifts == len(judged.items) == 2


def test_a4_a_currency_never_pushed_is_found(account: Account) -> None:
    """The first push of the currency was lost; its zero is in doubt meanwhile."""
    assert account.read(100, read("1", ETH="5")).items == []
    assert account.in_doubt == ("ETH",)
    assert account.shown("ETH") == ("0", "0")
    update = the_update(account.read(102, read("1", ETH="5")).items)

    assert update.currency == "ETH"
    assert update.available == update.change == 5


def test_a4_reads_that_differ_from_each_other_the_later_one_in_doubt(
    account: Account,
) -> None:
    """Until reads agree; the subscription may be dead, so at once a new one."""
    account.push(50, "1")
    account.read(70, read("1"))
    judged = account.twice(100, read("7"), read("8"))

    assert the_update(judged.items).available == 8
    assert judged.reconnect == (
        "a balance changed twice, as REST says, and nothing was pushed"
    )
    assert account.in_doubt == ("BTC",)
    account.read(112, read("8"))
    assert account.in_doubt == ()


def test_a4_while_something_is_pushed_it_does_not_reconnect(account: Account) -> None:
    account.push(99, "90", currency="USDT")

    assert account.twice(100, read("7", "90"), read("8", "90")).reconnect is None


def test_k2_a_correction_moves_no_key(account: Account) -> None:
    """The same push again is nothing, a later one is newer."""
    account.push(50, "2", second=10)
    account.twice(100, read("7"))
    account.push(103, "2", dated=50, second=10)
    assert account.shown() == ("7", "0")
    account.push(104, "3")

    assert account.shown() == ("3", "0")
    assert account.in_doubt == ()


# A5: reconnects.


def test_a5_drift_with_no_push_since_the_last_completed_audit(
    account: Account,
) -> None:
    """Where everything is pushed, the subscription must be dead."""
    judged = account.twice(100, read("7"))

    assert judged.reconnect == "balances changed and nothing was pushed"


def test_a5_a_push_of_any_currency_shows_that_the_subscription_works(
    account: Account,
) -> None:
    """One that is ignored counts, too."""
    account.push(50, "90", currency="USDT")
    assert account.twice(100, read("7", "90")).reconnect is None
    account.push(130, "80", currency="USDT", dated=40)

    assert account.twice(150, read("8", "90")).reconnect is None


def test_a5_before_any_completed_audit_there_is_no_silence() -> None:
    account = Account()
    account.push(1, "1")
    account.read(100, read("7"))
    assert account.present.audited_at == -math.inf
    judged = account.read(102, read("7"))

    assert (judged.drifts, judged.reconnect) == (1, None)
    assert account.present.audited_at == 102


def test_a5_a_completed_audit_begins_the_silence_anew(account: Account) -> None:
    """Pushes before it prove nothing about the time since."""
    account.push(50, "90", currency="USDT")
    account.read(70, read("1", "90"))

    assert account.twice(100, read("7", "90")).reconnect is not None


def test_a5_a_push_at_the_moment_of_a_completed_audit_is_none_before_it(
    account: Account,
) -> None:
    account.read(70, read("1"))
    account.push(70, "100", currency="USDT")

    assert account.twice(100, read("7")).reconnect is None


def test_a5_elsewhere_the_second_drift_within_ten_minutes_reconnects() -> None:
    """Deposits are never pushed there; a push between ends the row."""
    account = opened(Account(pushes_everything=False))
    assert account.twice(100, read("2")).reconnect is None
    assert account.twice(200, read("3")).reconnect is not None

    assert account.twice(300, read("4")).reconnect is None
    account.push(350, "100", currency="USDT")
    account.read(370, read("4"))
    assert account.twice(400, read("5")).reconnect is None
    assert account.twice(1003, read("6")).reconnect is None
    assert account.twice(1600, read("7")).reconnect is not None


def test_a5_elsewhere_a_push_at_the_moment_of_a_drift_is_none_after_it() -> None:
    account = opened(Account(pushes_everything=False))
    assert account.twice(100, read("2")).reconnect is None
    account.push(102, "100", currency="USDT")
    assert account.book.pushed_at == account.present.taken_at["BTC"]
    account.read(150, read("2"))

    assert account.twice(200, read("3")).reconnect is not None


def test_a5_ten_minutes_apart_two_drifts_still_belong_together() -> None:
    account = opened(Account(pushes_everything=False))
    account.twice(100, read("2"))
    assert account.twice(700, read("3")).reconnect is not None
    account.twice(1000, read("4"))

    assert account.twice(1600.5, read("5")).reconnect is None


def drift(account: Account, now: float) -> bool:
    """Let BTC drift on a new connection; return whether a reconnect is asked for."""
    held = account.shown()[0]
    account.connect(now - 20, read(held))
    return account.twice(now, read(str(int(held) + 1))).reconnect is not None


def test_a5_three_and_one_more_each_10_minutes(account: Account) -> None:
    """Deposits that are never pushed must not cause endless reconnects."""
    times = (100, 200, 300, 400, 500)
    assert [drift(account, now) for now in times] == [True, True, True, False, False]
    account.push(510, "100", currency="USDT")
    account.push(511, "100", currency="USDT")
    assert not drift(account, 550)
    assert drift(account, 703)
    assert not drift(account, 762)
    much_later = (6100, 6200, 6300, 6400)
    assert [drift(account, now) for now in much_later] == [True, True, True, False]


def test_a5_one_that_is_free_again_this_moment_is_used(account: Account) -> None:
    """Each of these costs one, and half of one comes back between them."""
    times = (100, 400, 700, 1000, 1300, 1600)

    assert [drift(account, now) for now in times] == [True] * 5 + [False]
    early = opened(Account())
    assert [drift(early, now) for now in (*times[:4], 1299.5)] == [True] * 4 + [False]


def test_a5_a_disputed_currency_counts_for_nobody(account: Account) -> None:
    """It does not reconnect by itself, nor hide that another drifts."""
    dispute(account)
    judged = account.twice(500, read("9", "90"))
    assert judged.drifts == 1

    assert judged.reconnect is not None
    assert account.read(600, read("9", "90")).drifts == 0


# A8: disputes.


def dispute(account: Account) -> Judged:
    """Let REST contradict three pushes in a row."""
    for step in (1, 2, 3):
        account.push(100 * step, str(step + 1))
        judged = account.twice(100 * step + 65, read(str(10 + step)))
    return judged


def deny(account: Account) -> None:
    """Let REST contradict two pushes in a row."""
    for step in (1, 2):
        account.push(100 * step, str(step + 1))
        account.twice(100 * step + 65, read(str(10 + step)))


def test_a8_the_third_push_in_a_row_that_rest_denies_is_kept_in_doubt(
    account: Account,
) -> None:
    """Neither REST nor stream can be believed; one error says so."""
    (error,) = dispute(account).items

    assert isinstance(error, ProtocolError)
    assert error.currency == "BTC"
    assert not error.fatal
    assert error.problem == (
        "REST and stream disagree about BTC again and again; the pushed balance "
        "is kept and marked stale"
    )
    assert error.remedy == (
        "Compare it with the exchange's own page before you rely on it."
    )
    assert error.frame == b"BTC"
    assert (error.exchange, error.account) == ("test", "test-1")
    assert account.shown() == ("4", "0")
    assert account.in_doubt == ("BTC",)
    assert account.read(400, read("13")).items == []
    assert account.book.recheck_at == math.inf


def test_k6_what_a_push_has_told_of_is_no_drift(account: Account) -> None:
    """However often REST says what a push left out: they do not disagree (A8)."""
    for step in (1, 2, 3, 4):
        account.push(100 * step, str(step + 1))
        account.book.outdate("BTC", at(100 * step))
        judged = account.twice(100 * step + 65, read(str(10 + step)))
        assert the_update(judged.items).available == 10 + step
        assert (judged.drifts, judged.reconnect) == (0, None)
        assert account.in_doubt == ()

    # A push that came later is denied as any other.
    account.push(501, "7")
    assert account.twice(565, read("20")).drifts == 1


def test_k6_a_read_that_lags_hides_no_change_that_was_told(account: Account) -> None:
    """What it shows is of before the push, though it was asked for after it."""
    account.book.outdate("BTC", at(97))
    account.read(97.1, read("1"))
    account.book.outdate("BTC", at(103))
    for now, free in ((103.1, "3"), (105.2, "3"), (115.1, "7"), (117.2, "7")):
        judged = account.read(now, read(free))
        assert (judged.drifts, judged.reconnect) == (0, None)

    assert account.shown() == ("7", "0")


def test_k6_it_is_in_doubt_until_rest_has_caught_up(account: Account) -> None:
    """A read at once may lag; what it says is shown, marked, if another agrees."""
    account.push(100, "2")
    account.book.outdate("BTC", at(200))
    assert account.read(200.1, read("2")).items == []
    assert account.in_doubt == ("BTC",)
    assert the_update(account.twice(205.1, read("5")).items).available == 5
    assert account.in_doubt == ("BTC",)
    account.read(210.1, read("5"))

    assert account.in_doubt == ()


def test_k6_a_dispute_ends_as_any_other(account: Account) -> None:
    """A push without amounts does not keep it going."""
    dispute(account)
    account.book.outdate("BTC", at(400))
    for now in (500, 650, 800, 967):
        account.read(now, read("13"))

    assert account.shown() == ("13", "0")
    assert not account.entry().disputed


def test_a8_no_push_ends_it(account: Account) -> None:
    dispute(account)
    account.push(400, "13")
    account.push(420, "5")

    assert account.shown() == ("5", "0")
    assert account.in_doubt == ("BTC",)


def test_a8_a_read_that_agrees_with_a_push_ends_it(account: Account) -> None:
    """REST and stream have the same amounts again."""
    dispute(account)
    account.read(400, read("4"))

    assert account.in_doubt == ()


def test_a8_five_reads_over_ten_minutes_without_a_push_end_it(
    account: Account,
) -> None:
    """REST wins; the next push that it denies begins the dispute anew."""
    dispute(account)
    for now in (500, 650, 800):
        assert account.read(now, read("13")).items == []
    update = the_update(account.read(967, read("13")).items)
    assert (update.source, update.available) == (Source.AUDIT, 13)
    assert account.in_doubt == ()

    account.push(1000, "5")
    (error,) = account.twice(1065, read("20")).items
    assert isinstance(error, ProtocolError)
    assert account.in_doubt == ("BTC",)


def test_a8_four_reads_over_ten_minutes_do_not(account: Account) -> None:
    """The one that was denied is the first of the row; nor do five sooner."""
    dispute(account)
    for now in (500, 650, 967):
        assert account.read(now, read("13")).items == []
    assert the_update(account.read(968, read("13")).items).available == 13
    sooner = opened(Account())
    dispute(sooner)
    for now in (500, 650, 800, 966.5):
        assert sooner.read(now, read("13")).items == []

    assert the_update(sooner.read(967, read("13")).items).available == 13


def test_a8_two_are_corrected_and_agreement_begins_the_count_anew(
    account: Account,
) -> None:
    """Lost pushes are no dispute."""
    for step in (1, 2):
        account.push(100 * step, str(step + 1))
        judged = account.twice(100 * step + 65, read(str(10 + step)))
        assert isinstance(judged.items[0], AssetUpdate)
    account.push(280, "4")
    account.read(300, read("4"))
    for step in (4, 5):
        account.push(100 * step, str(step + 1))
        judged = account.twice(100 * step + 65, read(str(10 + step)))
        assert isinstance(judged.items[0], AssetUpdate)


def test_a8_agreement_with_a_correction_clears_nothing(account: Account) -> None:
    """REST says one more than the stream, a push each five minutes."""
    for step in (1, 2):
        account.push(300 * step, str(step + 1))
        account.twice(300 * step + 65, read(str(10 + step)))
        account.read(300 * step + 130, read(str(10 + step)))
    account.push(900, "5")
    judged = account.twice(965, read("13"))

    assert isinstance(judged.items[0], ProtocolError)


def test_a8_agreement_with_what_was_pushed_last_clears(account: Account) -> None:
    """Though a correction is shown."""
    deny(account)
    for now in (300, 320, 340, 360, 380, 400):
        account.read(now, read("3"))
    assert account.shown() == ("3", "0")
    account.read(450, read("3"))

    assert account.entry().denied == 0


def test_a8_a_late_word_of_a_push_agrees_with_it(account: Account) -> None:
    """Another push came between."""
    deny(account)
    account.push(300, "4")
    account.push(303, "5")
    account.read(304, read("4"))
    account.audit.due(306.1)

    assert account.entry().denied == 0
    assert account.in_doubt == ()
    assert account.present.verified_at["BTC"] == 304


def test_a8_agreement_with_a_snapshot_is_with_no_push(account: Account) -> None:
    """What a snapshot recovered was pushed by nobody."""
    deny(account)
    account.connect(300, read("9"))
    account.read(320, read("9"))

    assert account.shown() == ("9", "0")
    assert account.entry().denied == 2


def test_a8_a_late_word_of_a_correction_agrees_with_no_push(account: Account) -> None:
    """REST says for a while what it made of the push before this one."""
    deny(account)
    account.push(300, "4")
    account.read(304, read("12"))
    account.audit.due(306.1)

    assert account.entry().denied == 2
    assert account.twice(365, read("13")).drifts == 1
    assert account.entry().disputed


def test_a8_a_correction_that_was_pushed_ends_it_after_ten_minutes(
    account: Account,
) -> None:
    """REST was wrong by one for a while; it says no more than the stream since."""
    dispute(account)
    account.push(400, "13")
    account.read(999.9, read("13"))
    assert account.in_doubt == ("BTC",)
    account.read(1000, read("13"))

    assert account.shown() == ("13", "0")
    assert account.in_doubt == ()
    assert not account.entry().disputed


def test_a8_a_change_that_is_forgotten_was_long_ago(account: Account) -> None:
    """No read came for a quarter of an hour."""
    dispute(account)
    account.push(400, "13")
    account.read(1400, read("13"))

    assert account.entry().evidence.over is None
    assert account.in_doubt == ()


def test_a8_what_is_pushed_again_unchanged_keeps_no_dispute_going(
    account: Account,
) -> None:
    """An exchange may name all balances in each push."""
    dispute(account)
    for now in range(400, 1100, 100):
        account.push(now, "13")
        account.read(now + 50, read("13"))

    assert account.in_doubt == ()


def test_a8_rest_wins_by_a_snapshot_too(account: Account) -> None:
    """The connection was lost before the read that decides; the next denial counts."""
    dispute(account)
    for now in (500, 650, 800):
        account.read(now, read("13"))
    account.connect(970, read("13"))
    assert account.shown() == ("13", "0")
    assert account.in_doubt == ()

    account.push(1000, "5")
    (error,) = account.twice(1065, read("20")).items
    assert isinstance(error, ProtocolError)


def test_a8_without_a_push_between_it_is_not_a_dispute(account: Account) -> None:
    """Drifts without pushes mean a mute subscription."""
    for step in range(1, 6):
        judged = account.twice(100 * step, read(str(step + 1)))
        assert not any(isinstance(n, AssetStreamError) for n in judged.items)


def test_a_read_throws_away_what_is_over_for_long() -> None:
    """It is the only thing that an account without changes still does."""
    account = Account()
    account.connect(-20, snapshot(report("BTC", "1")))
    account.push(1, "2")
    account.read(901, snapshot(report("BTC", "2")))
    assert account.entry().evidence.over is not None
    account.read(902, snapshot(report("BTC", "2")))

    assert account.entry().evidence.over is None
