"""One currency: pushes that set a field, reads that change it, its former values."""

from __future__ import annotations

from decimal import Decimal

from assetstream import Balance, Source
from assetstream.core.entry import HELD_RECENTLY, MAX_PAST, Entry
from assetstream.protocol import BalanceReport
from tests.support.books import START, START_MS, at, report


def key_of(pushed: BalanceReport) -> tuple[int, int]:
    """Return the key of a report that has one."""
    assert pushed.key is not None
    return pushed.key


def push(entry: Entry, pushed: BalanceReport, now: float, generation: int = 1) -> bool:
    """Apply a push by its own key."""
    return entry.push(pushed, pushed.key, at(now, generation))


def amounts(entry: Entry) -> tuple[Decimal | None, Decimal | None]:
    """Return both amounts, None if unknown."""
    return entry.available.amount, entry.locked.amount


def shown(total: str, source: Source = Source.STREAM) -> Balance:
    """Make a balance of which nothing is locked."""
    amount, nothing = Decimal(total), Decimal(0)
    return Balance("test", "test-1", "BTC", amount, nothing, START, source)


def test_k1_a_push_moves_the_keys_of_both_fields() -> None:
    """A push with a smaller key is too old afterwards."""
    entry, first = Entry(), report("BTC", "1", "2", key=(10, 0))
    assert push(entry, first, 1)
    assert not push(entry, report("BTC", "9", "9", key=(9, 9)), 2)

    assert amounts(entry) == (1, 2)
    assert entry.available.key == entry.locked.key == key_of(first)
    assert entry.pushed_at == entry.heard_at == 1


def test_k4_a_push_of_one_field_leaves_the_other_as_it_was() -> None:
    """The other field keeps its key, too."""
    entry = Entry()
    push(entry, report("BTC", "1", "2", key=(10, 0)), 1)
    push(entry, report("BTC", None, "3", key=(20, 0)), 2)

    assert amounts(entry) == (1, 3)
    assert entry.available.key < entry.locked.key


def test_k1_a_duplicate_does_not_undo_what_a_read_corrected() -> None:
    """A duplicate has nothing new, and does not count as a push."""
    entry, pushed = Entry(), report("BTC", "1", key=(10, 0))
    push(entry, pushed, 1)
    entry.correct(report("BTC", "5", None), at(20))
    assert push(entry, pushed, 30)

    assert amounts(entry) == (5, 0)
    assert entry.heard_at == 20


def test_s1_a_read_does_not_replace_what_this_connection_pushed() -> None:
    """The push of an earlier connection is replaced."""
    entry = Entry()
    push(entry, report("BTC", "1", "2", key=(10, 0)), 1)
    assert not entry.take_read(report("BTC", "7", "2"), at(2))
    assert amounts(entry) == (1, 2)
    assert entry.take_read(report("BTC", "7", "2"), at(3, 2))

    assert amounts(entry) == (7, 2)
    assert entry.heard_at == 3
    assert entry.available.key[0] == START_MS + 10


def test_s1_a_read_does_not_replace_the_field_that_was_pushed() -> None:
    """The other field, which this connection has not heard of, is read."""
    entry = Entry()
    push(entry, report("BTC", "1", "1", key=(10, 0)), 1)
    push(entry, report("BTC", "5", None, key=(20, 0)), 2, generation=2)

    assert not entry.take_read(report("BTC", "7", "3"), at(3, 2))
    assert amounts(entry) == (5, 3)


def test_a2_a_newer_push_of_both_fields_ends_doubt_and_no_dispute() -> None:
    """A push of one field, or one older than the doubt, does not."""
    for pushed, ended in (
        (report("BTC", "1", key=(5001, 0)), True),
        (report("BTC", "1", key=(4999, 0)), False),
        (report("BTC", "1", None, key=(5001, 0)), False),
    ):
        for disputed in (False, True):
            entry = Entry()
            entry.doubt(at(5))
            entry.doubt(at(6))
            entry.doubted_ms, entry.disputed = START_MS + 5000, disputed
            push(entry, pushed, 7)
            assert (entry.doubted is None) == (ended and not disputed)
    entry.settle()
    assert (entry.doubted, entry.disputed, entry.drifts) == (None, False, 0)


def test_a3_what_was_held_is_remembered_for_five_minutes() -> None:
    """A read with such a value may lag behind."""
    entry = Entry()
    entry.replace(shown("1"), 0)
    entry.replace(shown("2"), 10)

    assert entry.held_recently(report("BTC", "1"), 10 + HELD_RECENTLY)
    assert not entry.held_recently(report("BTC", "1"), 10.1 + HELD_RECENTLY)
    assert not entry.held_recently(report("BTC", "2"), 10)
    assert entry.held_recently(report("BTC", None, "0"), 10)
    entry.replace(shown("3"), 20 + HELD_RECENTLY)
    assert [until for until, _, _ in entry.past] == [20 + HELD_RECENTLY]


def test_the_memory_of_a_busy_currency_is_bounded() -> None:
    """The oldest value is forgotten first."""
    entry = Entry()
    for number in range(MAX_PAST + 5):
        entry.replace(shown(str(number)), 1)

    assert len(entry.past) == MAX_PAST
    assert entry.past[-1][1] == MAX_PAST + 3


def test_the_last_change_is_that_of_the_total() -> None:
    """A new currency changes from zero; a snapshot is no change."""
    entry = Entry()
    assert entry.last_change() == 0
    entry.replace(shown("2", Source.SNAPSHOT), 0)
    assert entry.last_change() == 0
    entry.replace(shown("5"), 1)
    entry.replace(shown("5"), 2)
    assert entry.last_change() == 3

    pushed = Entry()
    pushed.replace(shown("4"), 0)
    assert pushed.last_change() == 4


def test_k2_a_read_with_the_present_amounts_does_not_lag() -> None:
    """A read with the present amounts may be sent right after a push."""
    entry = Entry()
    push(entry, report("BTC", "1", key=(10, 0)), 100)

    assert entry.may_be_lagging(report("BTC", "2"), 109, 10)
    assert not entry.may_be_lagging(report("BTC", "2"), 110, 10)
    assert not entry.may_be_lagging(report("BTC", "1"), 101, 10)
    assert not entry.may_be_lagging(report("BTC", None, None), 101, 10)


def test_k4_a_read_of_one_field_leaves_the_other_as_it_was() -> None:
    """Neither a snapshot nor an audit invents an amount that it does not name."""
    entry = Entry()
    push(entry, report("BTC", "1", "2", key=(10, 0)), 1)
    assert entry.take_read(report("BTC", None, "3"), at(2, 2))
    assert amounts(entry) == (1, 3)
    entry.correct(report("BTC", None, "4"), at(20))
    assert amounts(entry) == (1, 4)
    entry.correct(report("BTC", "5", None), at(21))

    assert amounts(entry) == (5, 4)


def test_a4_what_an_audit_corrects_is_in_doubt_no_more() -> None:
    """Two reads agree about it."""
    entry = Entry()
    entry.doubt(at(5))
    entry.correct(report("BTC", "1"), at(20))

    assert entry.doubted is None
