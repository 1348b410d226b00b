"""Events and balances: sums, equality, pickling, reprs."""

from __future__ import annotations

import math
import pickle
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from assetstream.model.errors import AuthenticationError
from assetstream.model.events import AssetUpdate, Balance, Gap, Source, StateChange
from assetstream.model.health import Health
from assetstream.model.states import State

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
RAW = b'{"currency":"BTC","secret":"hidden"}'


def balance(available: str = "1", locked: str = "0", standing: Any = None) -> Balance:
    return Balance(
        "upbit",
        "upbit-1",
        "BTC",
        Decimal(available),
        Decimal(locked),
        NOON,
        Source.STREAM,
        standing,
    )


def update(
    previous: Balance | None = None, source: Source = Source.STREAM, **changed: Any
) -> AssetUpdate:
    made = AssetUpdate(
        "upbit",
        "upbit-1",
        "BTC",
        Decimal("1.5"),
        Decimal("0.5"),
        NOON,
        NOON,
        source,
        "7",
        previous,
        0,
        RAW,
    )
    return msgspec.structs.replace(made, **changed)


GAP = Gap(NOON, NOON + timedelta(seconds=90), 2)
EVENTS = [
    balance(),
    update(balance()),
    GAP,
    StateChange("upbit", "upbit-1", State.STALE, State.LIVE, "read and merged", GAP),
    Health(state=State.LIVE, in_doubt=("BTC",), last_gap=GAP),
]


def test_total_is_available_plus_locked() -> None:
    """The sum is exact to the last digit."""
    one = balance("1386929.37231066771348207123", "0.00000000000000000000000001")

    assert str(one.total) == "1386929.37231066771348207123000001"
    assert update().total == 2


def test_change_is_of_the_total() -> None:
    """An order that is placed changes no total."""
    assert str(update(balance("2.00", "0")).change) == "0", "without zeros behind"
    assert update(balance("0.5", "0.25")).change == Decimal("1.25")
    assert update(balance("3", "0")).change == -1


def test_an_absent_previous_counts_as_zero() -> None:
    """The change of a new currency is its whole amount."""
    assert update(previous=None).change == 2


@pytest.mark.parametrize("source", Source)
def test_a_snapshot_is_no_change(source: Source) -> None:
    """A balance that the stream found at its start has a change of zero."""
    expected = 0 if source is Source.SNAPSHOT else 2

    assert update(source=source).change == expected


def test_age_and_stale_are_answered_at_the_moment_of_asking() -> None:
    """The balance asks its stream, about this very object."""
    asked = []
    answers = iter([(1.5, False), (2.5, True)])

    def standing(one: Balance) -> tuple[float, bool]:
        asked.append(one)
        return next(answers)

    one = balance(standing=standing)

    assert one.age == 1.5
    assert one.stale
    assert all(it is one for it in asked)


def test_a_balance_that_no_stream_stands_behind_is_stale() -> None:
    """Without a stream a balance cannot be vouched for."""
    assert balance().stale
    assert balance().age == math.inf


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_pickle(event: Any) -> None:
    """Events survive pickling whole."""
    assert pickle.loads(pickle.dumps(event)) == event


def test_a_balance_pickles_without_its_stream() -> None:
    """The balance is stale where it is unpickled."""
    one = balance(standing=lambda _: (0.0, False))
    arrived = pickle.loads(pickle.dumps(update(previous=one))).previous

    assert arrived == one
    assert arrived.stale
    assert not one.stale


MILLISECONDS = int(NOON.timestamp() * 1000)


def with_times(time: Any) -> list[Balance | AssetUpdate]:
    """Make a balance and an update with this time."""
    old = msgspec.structs.replace(balance(), changed_at=time)
    return [old, update(old, time=time)]


@pytest.mark.parametrize("milliseconds", [0, 1, 253_402_300_799_999])
def test_a_time_is_read_as_a_datetime_of_its_milliseconds(milliseconds: int) -> None:
    """An integer becomes a datetime only when it is read."""
    exact = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(0, 0, 0, milliseconds)
    old, new = with_times(milliseconds)

    assert isinstance(old, Balance)
    assert isinstance(new, AssetUpdate)
    assert (old.changed_at, new.time) == (exact, exact)
    assert msgspec.structs.replace(new, folded=1).time == exact
    assert update(time=None).time is None
    assert update().time == NOON


@pytest.mark.parametrize("which", [0, 1], ids=["Balance", "AssetUpdate"])
def test_equality_is_of_the_times_and_not_of_how_they_were_given(which: int) -> None:
    """An event made by hand equals the stream's."""
    made, by_hand = with_times(MILLISECONDS)[which], with_times(NOON)[which]

    assert made == by_hand
    assert hash(made) == hash(by_hand)
    assert pickle.loads(pickle.dumps(made)) == by_hand
    assert made != with_times(MILLISECONDS + 1)[which]
    assert made != "BTC"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_are_frozen(event: Any) -> None:
    """Attributes cannot be set."""
    for name in (event.__struct_fields__[0], "no_such_field"):
        with pytest.raises(AttributeError):
            setattr(event, name, None)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_are_hashable(event: Any) -> None:
    """Equal events have equal hashes."""
    assert len({event, pickle.loads(pickle.dumps(event))}) == 1


def test_balances_are_equal_by_their_fields() -> None:
    """The stream of a balance does not matter."""
    assert balance(standing=lambda _: (0.0, False)) == balance()
    assert balance("1") != balance("2")
    assert balance() != "BTC"


def test_a_repr_shows_the_amounts_and_not_the_frame() -> None:
    """The frame may hold anything, so it is hidden."""
    text = repr(update(balance("0.5", "0")))

    assert "BTC" in text
    assert "1.5" in text
    assert "+1.5" in text
    assert "hidden" not in text
    assert "hidden" not in repr([update(balance())])


def test_the_repr_of_a_balance_shows_if_it_is_stale() -> None:
    """The repr of a stale balance has the mark."""
    assert repr(balance()).endswith(" stale>")
    assert "stale" not in repr(balance(standing=lambda _: (0.0, False)))


def test_the_repr_of_a_state_change_is_its_sentence() -> None:
    """The repr has both states and the reason."""
    assert repr(EVENTS[3]) == "<StateChange upbit-1 STALE -> LIVE: read and merged>"


def test_a_gap_knows_its_length() -> None:
    """The length is from the last proof of life to the next snapshot."""
    assert GAP.duration == 90


def test_health_holds_the_last_error() -> None:
    """``health().error`` is ``stream.error``."""
    error = AuthenticationError("refused", fatal=True)

    assert Health(state=State.FAILED, error=error).error is error


def test_a_source_is_its_name() -> None:
    """A source equals its name, and prints as it."""
    assert [str(source) for source in Source] == [
        "SNAPSHOT",
        "STREAM",
        "RECOVERED",
        "AUDIT",
    ]
    assert Source.AUDIT == "AUDIT"


@pytest.mark.parametrize("event", [balance(), update()])
def test_an_event_equals_no_other_thing(event: Any) -> None:
    """What is compared with it may know better, and is asked."""

    class Anything:
        def __eq__(self, other: object) -> bool:
            return True

    assert event != 1.5
    assert event != "BTC"
    assert event == Anything()
