"""What waits to be written."""

from __future__ import annotations

from decimal import Decimal

import pytest

from assetstream.core.present import Present
from assetstream.model.errors import CallbackError, ConnectionLost
from assetstream.model.events import EPOCH, AssetUpdate, Balance, Source, StateChange
from assetstream.model.states import State
from assetstream.sharing.entries import (
    BookEntry,
    Entry,
    ErrorEntry,
    ResetEntry,
    StateEntry,
    UpdateEntry,
)
from assetstream.sharing.outbox import Outbox


class Desk:
    """An outbox, and the stream that fills it."""

    def __init__(self, most: int = 100) -> None:
        self.present = Present("upbit", "alice")
        self.present.state, self.present.reason = State.LIVE, "read"
        self.woken: list[Outbox] = []
        self.over: list[tuple[str, BaseException | None]] = []
        self.number = 7
        self.outbox = Outbox(
            "alice",
            lambda text: text.replace(b"s3cret", b"***"),
            most,
            lambda: self.number,
            self.woken.append,
            lambda *end: self.over.append(end),
        )

    def hold(self, currency: str, amount: str) -> None:
        self.present.balances[currency] = Balance(
            "upbit", "alice", currency, Decimal(amount), Decimal(0), EPOCH, Source.AUDIT
        )

    def taken(self) -> list[Entry]:
        return [entry for entry, _ in self.outbox.take()]


@pytest.fixture
def desk() -> Desk:
    """One that was begun, and emptied since."""
    desk = Desk()
    desk.outbox.reset(desk.present)
    desk.taken()
    desk.woken.clear()
    return desk


def update(currency: str, amount: str) -> AssetUpdate:
    """Make an update."""
    return AssetUpdate(
        "upbit",
        "alice",
        currency,
        Decimal(amount),
        Decimal(0),
        None,
        EPOCH,
        Source.STREAM,
        raw=b"s3cret",
    )


def entry(currency: str, amount: str, doubted: int = 0) -> UpdateEntry:
    """Make the entry of the same."""
    return UpdateEntry(currency, amount, "0", None, 0, Source.STREAM, doubted=doubted)


def change(state: State, reason: str = "why") -> StateChange:
    """Make a change of state."""
    return StateChange("upbit", "alice", State.LIVE, state, reason)


def test_p3_nothing_is_taken_before_the_whole_book() -> None:
    """The engine would not know what it is added to."""
    desk = Desk()
    desk.outbox.begin([change(State.LIVE)])
    assert desk.outbox.put([update("BTC", "1")], 0)
    desk.outbox.note(ConnectionLost("lost"))

    assert desk.taken() == []
    assert desk.woken == []


def test_p3_the_whole_book_comes_first() -> None:
    """And is followed by what happened since, whatever there was before."""
    desk = Desk()
    desk.outbox.reset(desk.present)
    desk.outbox.put([update("BTC", "1")], 0)
    desk.hold("BTC", "2")

    desk.outbox.reset(desk.present)
    desk.outbox.put([update("BTC", "3")], 1)

    book = {"BTC": BookEntry("2", "0", 0, Source.AUDIT)}
    assert desk.taken() == [ResetEntry(book, State.LIVE, "read"), entry("BTC", "3")]
    assert desk.taken() == []


def test_p3_what_is_muted_keeps_nothing(desk: Desk) -> None:
    """Until the whole book is there again."""
    desk.outbox.put([update("BTC", "1")], 0)
    desk.outbox.mute()
    desk.outbox.put([update("BTC", "2")], 1)
    assert desk.taken() == []

    desk.present.state = State.NEW
    desk.outbox.reset(desk.present)

    assert desk.taken() == [ResetEntry({}, State.CONNECTING, "read")]


def test_p1_the_order_is_kept(desk: Desk) -> None:
    """Of updates and changes of state, with what the book shows."""
    desk.outbox.put([update("BTC", "1"), update("ETH", "2")], 0)
    desk.outbox.put([update("BTC", "3"), change(State.STALE)], 1)

    written = desk.outbox.take()

    assert [each for each, _ in written] == [
        entry("BTC", "1"),
        entry("ETH", "2"),
        entry("BTC", "3"),
        StateEntry(State.STALE, "why"),
    ]
    assert written[0][1] == BookEntry("1", "0", 0, Source.STREAM)
    assert written[-1][1] is None


def test_p1_it_wakes_whoever_found_nothing(desk: Desk) -> None:
    """Once for all that comes until it is emptied."""
    desk.outbox.put([update("BTC", "1")], 0)
    desk.outbox.put([update("BTC", "2")], 1)
    assert desk.woken == [desk.outbox]
    desk.taken()

    desk.outbox.put([], 2)
    assert len(desk.woken) == 1
    desk.outbox.reset(desk.present)

    assert len(desk.woken) == 2


def test_d1_what_is_too_much_folds() -> None:
    """The newest of each currency is written, and the others are counted."""
    desk = Desk(most=2)
    desk.outbox.reset(desk.present)
    for step in range(9):
        desk.outbox.put([update("BTC", str(step))], step)

    assert desk.taken()[1:] == [entry("BTC", "0"), entry("BTC", "1"), entry("BTC", "8")]
    assert desk.outbox.folded == 6
    desk.outbox.reset(desk.present)
    desk.taken()
    assert desk.outbox.folded == 6


def test_v1_a_doubt_is_written_with_its_update(desk: Desk) -> None:
    """And which pulse is the first to tell whether it lasts."""
    desk.present.doubts = {"BTC": 1.0}
    desk.outbox.put([update("ETH", "1"), update("BTC", "2")], 0)

    assert desk.taken() == [entry("ETH", "1"), entry("BTC", "2", doubted=7)]


def test_p4_nothing_secret_is_written(desk: Desk) -> None:
    """Neither in a reason nor in an error, and no frame."""
    error = ConnectionLost("lost s3cret", remedy="wait s3cret", hints=("s3cret?",))
    error.__cause__ = ValueError("s3cret")
    desk.present.error, desk.present.reason = error, "s3cret"
    desk.outbox.put([update("BTC", "1"), change(State.STALE, "by s3cret")], 0)
    desk.outbox.note(error)
    desk.outbox.note(change(State.STALE))
    found = desk.taken()
    desk.outbox.reset(desk.present)
    found += desk.taken()

    assert "s3cret" not in repr(found)
    _, state, told, reset = found
    assert isinstance(state, StateEntry)
    assert isinstance(told, ErrorEntry)
    assert isinstance(reset, ResetEntry)
    assert state.reason == "by ***"
    assert state.error == told.error == reset.error
    assert told.error.problem == "lost ***"
    assert told.error.hints == ("***?",)


def test_p4_a_handlers_error_is_the_owner_s_own(desk: Desk) -> None:
    """No stream tells of it here."""
    desk.present.error = CallbackError("raised")
    desk.outbox.put([change(State.STALE)], 0)

    assert desk.taken() == [StateEntry(State.STALE, "why")]


def test_d1_errors_that_are_alike_are_counted_here_alone(desk: Desk) -> None:
    """The stream's own handlers are told of the same one."""
    first, second = ConnectionLost("lost"), ConnectionLost("lost")
    desk.outbox.note(first)
    desk.outbox.note(second)

    assert len(desk.taken()) == 1
    assert (first.repeated, second.repeated) == (0, 0)


def test_the_end_is_told(desk: Desk) -> None:
    """With what a handler has raised to cause it."""
    interrupt = KeyboardInterrupt()
    desk.outbox.end(interrupt)

    assert desk.over == [("alice", interrupt)]
