"""Events that wait to be written."""

from __future__ import annotations

import threading
from typing import Any, Iterator, Sequence

import pytest

from assetstream import AssetUpdate, State, StateChange
from assetstream.archive import inbox as module
from assetstream.archive.inbox import (
    BATCH,
    DatedChange,
    Fold,
    Inbox,
    QueuedEvents,
    StreamSink,
)
from assetstream.runtime.loop import clock
from tests.support.archives import change, update
from tests.support.clock import TimeMachine


class Rings:
    """Counts how often an inbox has rung."""

    def __init__(self) -> None:
        self.first = self.full = 0

    def ring_first(self) -> None:
        self.first += 1

    def ring_full(self) -> None:
        self.full += 1


@pytest.fixture
def machine() -> Iterator[TimeMachine]:
    """A clock that stands still."""
    with TimeMachine(0.0).installed() as machine:
        yield machine


@pytest.fixture
def rings() -> Rings:
    """Nothing has rung yet."""
    return Rings()


@pytest.fixture
def inbox(rings: Rings) -> Inbox:
    """An empty inbox."""
    return Inbox(rings.ring_first, rings.ring_full)


def amounts(entries: Any) -> list[tuple[str, str]]:
    """Return currency and available of each update."""
    return [
        (event.currency, str(event.available))
        for _, _, events in entries
        for event in events
        if isinstance(event, AssetUpdate)
    ]


def test_h1_events_keep_their_order(inbox: Inbox, machine: TimeMachine) -> None:
    """Of all streams together, each with the time at which it came."""
    one, other = StreamSink(inbox), StreamSink(inbox)
    first = clock.wall()
    assert one.put([update("A", "1"), update("B", "1")], step=1)
    machine.jump(1)
    assert other.put([update("A", "2")], step=1)
    assert one.put([update("A", "3")], step=2)
    assert inbox.pending == 4

    entries, until = inbox.take()

    assert [sink for sink, _, _ in entries] == [one, other, one]
    assert [round(at - first) for _, at, _ in entries] == [0, 1, 1]
    assert amounts(entries) == [("A", "1"), ("B", "1"), ("A", "2"), ("A", "3")]
    assert until == clock.wall()
    assert inbox.pending == 0


def test_h4_until_says_how_far_what_was_taken_reaches(
    inbox: Inbox, machine: TimeMachine
) -> None:
    """To the last that was taken if there is more, else to this moment."""
    sink = StreamSink(inbox)
    began = clock.wall()
    for n in range(BATCH + 2):
        machine.jump(1)
        sink.put([update("A", str(n))], step=n)

    assert round(inbox.take().until - began) == BATCH
    machine.jump(1)
    assert round(inbox.take().until - began) == BATCH + 3


def test_it_rings_when_there_is_something_and_when_there_is_much(
    inbox: Inbox, rings: Rings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first once each time that it was armed."""
    sink = StreamSink(inbox)
    sink.put([update("A", "1")], step=1)
    assert rings.first == 0
    inbox.arm()
    assert rings.first == 1
    sink.put([update("A", "2")], step=2)
    assert rings.first == 1
    inbox.take()
    inbox.arm()
    assert rings.first == 1
    monkeypatch.setattr(module, "MANY", 20)
    for step in range(30):
        sink.put([update("A", "3")], step=step)
    assert (rings.first, rings.full) == (2, 1)


def filled_at_once(
    inbox: Inbox, sinks: Sequence[StreamSink], count: int
) -> list[QueuedEvents]:
    """Fill each sink from a thread of its own; return what is taken meanwhile."""

    def fill(sink: StreamSink) -> None:
        for n in range(count):
            sink.put([update("A", str(n))], step=n)

    threads = [threading.Thread(target=fill, args=[sink]) for sink in sinks]
    for thread in threads:
        thread.start()
    taken: list[QueuedEvents] = []
    while any(thread.is_alive() for thread in threads) or not inbox.empty:
        taken += inbox.take().entries
    for thread in threads:
        thread.join()
    return taken


def test_many_threads_lose_nothing(inbox: Inbox) -> None:
    """Each keeps its order, however they come in between each other and the taker."""
    sinks = [StreamSink(inbox) for _ in range(4)]

    taken = filled_at_once(inbox, sinks, 2_000)

    for sink in sinks:
        own = [entry for entry in taken if entry[0] is sink]
        assert amounts(own) == [("A", str(n)) for n in range(2_000)]


def test_h2_many_threads_keep_their_order_where_there_is_no_room(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands for others comes behind what had room, the newest last."""
    monkeypatch.setattr(module, "MOST", 5)
    sinks = [StreamSink(inbox) for _ in range(3)]

    taken = filled_at_once(inbox, sinks, 3_000)

    whole = 0
    for sink in sinks:
        own = [int(n) for _, n in amounts(entry for entry in taken if entry[0] is sink)]
        assert own == sorted(own)
        assert own[-1] == 2_999
        whole += len(own)
    assert whole + inbox.folded == 9_000


def test_h2_a_full_inbox_folds(
    inbox: Inbox, machine: TimeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the latest of a currency, behind what had room, which stays whole."""
    monkeypatch.setattr(module, "MOST", 3)
    sink, other = StreamSink(inbox), StreamSink(inbox)
    for n in range(3):
        sink.put([update("A", str(n))], step=n)
    began = clock.wall()
    for n in range(3, 9):
        sink.put([update("A", str(n)), update("B", str(n))], step=n)
        machine.jump(1)
    other.put([update("A", "0")], step=1)
    assert (inbox.pending, inbox.folded) == (6, 10)

    entries, _ = inbox.take()

    single = [("A", "0"), ("A", "1"), ("A", "2")]
    assert amounts(entries) == [*single, ("A", "8"), ("B", "8"), ("A", "0")]
    (folded, at, events), (of_other, _, others) = entries[-2:]
    assert (folded, round(at - began)) == (sink, 5)
    assert events[-1] == Fold(began, 10)
    assert (of_other, len(others)) == (other, 1)
    assert (inbox.pending, inbox.folded) == (0, 10)
    # There is room again.
    sink.put([update("A", "9")], step=9)
    sink.put([update("A", "10")], step=9)
    assert amounts(inbox.take().entries) == [("A", "9"), ("A", "10")]


def test_h2_changes_of_state_keep_their_times_and_their_places(
    inbox: Inbox, machine: TimeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Updates of before are not folded with those of later."""
    monkeypatch.setattr(module, "MOST", 0)
    sink = StreamSink(inbox)
    began = clock.wall()
    sink.put([update("A", "1"), change(State.STALE)], step=1)
    machine.jump(5)
    sink.put([update("A", "2")], step=2)
    sink.end(None)

    folded, end = inbox.take().entries

    before, stale, after = folded[2]
    assert isinstance(stale, DatedChange)
    assert (stale.current, round(stale.at - began)) == (State.STALE, 0)
    assert amounts([folded]) == [("A", "1"), ("A", "2")]
    assert isinstance(before, AssetUpdate)
    assert isinstance(after, AssetUpdate)
    assert end == (sink, folded[1], ())


def test_h2_it_rings_though_the_first_that_comes_is_too_much(
    inbox: Inbox, rings: Rings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A book of many balances, say."""
    monkeypatch.setattr(module, "MOST", 0)
    StreamSink(inbox).begin([change(State.LIVE), update("A", "1"), update("B", "1")])

    StreamSink(inbox).put([update("C", "1")], step=1)
    inbox.arm()
    assert rings.first == 1
    assert inbox.pending == 4
    inbox.take()
    inbox.arm()
    StreamSink(inbox).put([update("C", "1")], step=1)
    assert rings.first == 2


def test_a_sink_begins_with_the_book(inbox: Inbox) -> None:
    """The state comes behind it, and the end is an entry without events."""
    sink = StreamSink(inbox)
    assert sink.with_book
    sink.begin([change(State.LIVE), update("A", "1")])
    sink.end(None)

    (_, _, begun), (_, _, ended) = inbox.take().entries
    book, state = begun
    assert isinstance(book, AssetUpdate)
    assert isinstance(state, StateChange)
    assert ended == ()


def test_a_sink_that_is_not_wanted_takes_no_more(inbox: Inbox) -> None:
    """Nor does one of an inbox that was closed; errors alone are nothing to it."""
    sink = StreamSink(inbox)
    assert sink.put([], step=1)
    sink.wanted = False
    assert not sink.put([], step=1)
    assert not sink.put([update("A", "1")], step=1)
    sink.wanted = True
    assert sink.put([update("A", "1")], step=1)
    inbox.close()
    assert not sink.put([update("A", "1")], step=1)
    assert len(inbox.take().entries) == 1
    assert not sink.put([update("A", "1")], step=1)
    assert inbox.pending == 0
