"""The queue of one place: its lock and its grants."""

from __future__ import annotations

import math
import threading
from typing import cast

import pytest
from msgspec.structs import replace

from assetstream import CoinW, Upbit
from assetstream.core.effects import Turn
from assetstream.core.turns import AUDIT_SHARE
from assetstream.protocol import Rate
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.reader import Reader
from assetstream.runtime.places import Place, ReaderQueue, forget_all, place_of


class Waiting:
    """A member that keeps its grants."""

    def __init__(self) -> None:
        self.granted: list[int] = []
        self.intervals: list[float] = []

    def grant(self, ticket: int) -> None:
        self.granted.append(ticket)

    def share(self, least_interval: float) -> None:
        self.intervals.append(least_interval)


@pytest.fixture
def place() -> Place:
    """A place with two connects and ten reads a second."""
    return Place(
        replace(
            Upbit.limits, connects_together=Rate(2, 1.0), reads_together=Rate(10, 1.0)
        )
    )


class Elsewhere(Upbit):
    """Upbit under another name."""

    name = "elsewhere"


def test_l4_a_place_is_an_exchange_its_hosts_and_the_proxy() -> None:
    """Keys do not count, as exchanges limit by address."""

    def at(ws: str, rest: str, kind: type[Upbit] = Upbit) -> Upbit:
        return kind("key", "secret", region="sg", ws_url=ws, rest_url=rest)

    here = at("ws://127.0.0.1:1/a", "http://127.0.0.1:2")
    place = place_of(here, None)
    assert place_of(at("ws://127.0.0.1:1/b", "http://127.0.0.1:2/x"), None) is place
    others = [
        place_of(here, "http://proxy:1"),
        place_of(here, "http://me:pass@proxy:1"),
        place_of(at("ws://127.0.0.1:3", "http://127.0.0.1:2"), None),
        place_of(at("ws://127.0.0.1:1", "http://127.0.0.1:3"), None),
        place_of(at("ws://127.0.0.1:1/a", "http://127.0.0.1:2", Elsewhere), None),
        place_of(CoinW("key", "secret"), None),
    ]
    assert len({place, *others}) == 7


@pytest.fixture
def upbit() -> Upbit:
    """An exchange of which any place will do."""
    return Upbit("key", "secret", region="sg")


def test_d5_a_place_without_streams_is_forgotten(
    monkeypatch: pytest.MonkeyPatch, upbit: Upbit
) -> None:
    """It is kept for a minute, for whoever is about to join."""
    now = 100.0
    monkeypatch.setattr(clock, "now", lambda: now)
    place, member = place_of(upbit, None), Waiting()
    place.join(member)
    now = 1e6
    assert place_of(upbit, None) is place
    place.leave(member)
    now += 59.0
    assert place_of(upbit, None) is place
    now += 60.0
    assert place_of(upbit, None) is not place


@pytest.mark.parametrize("turn", [Turn.CONNECT, Turn.AUDIT])
def test_l4_a_place_that_is_held_back_is_not_forgotten(
    monkeypatch: pytest.MonkeyPatch, upbit: Upbit, turn: Turn
) -> None:
    """Who stops a stream that was told to wait, and makes a new one, waits too."""
    now = 100.0
    monkeypatch.setattr(clock, "now", lambda: now)
    place, member = place_of(upbit, None), Waiting()
    place.join(member)
    place.hold_back(turn, 3600.0)
    place.leave(member)
    now = 3699.0
    assert place_of(upbit, None) is place
    now = 3760.0
    assert place_of(upbit, None) is not place


def test_a_forked_child_begins_with_no_queue(upbit: Upbit) -> None:
    """The streams that wait in the parent's queue do not run in the child."""
    place = place_of(upbit, None)
    forget_all()
    assert place_of(upbit, None) is not place


class ReaderScript:
    """Stands in for a reader: keeps what it watches."""

    def __init__(self) -> None:
        self.watched: list[object] = []

    def attach(self, owner: object) -> None:
        if owner not in self.watched:
            self.watched.append(owner)

    def detach(self, owner: object) -> None:
        self.watched.remove(owner)


def test_l4_a_reader_watches_a_place_only_while_its_own_streams_wait(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever watching reader comes first grants the turns of all."""
    now = 100.0
    monkeypatch.setattr(clock, "now", lambda: now)
    place.hold_back(Turn.CONNECT, 1.0)
    place.hold_back(Turn.SNAPSHOT, 1.0)
    readers = [ReaderScript(), ReaderScript()]
    one, two = [ReaderQueue(place, cast(Reader, reader)) for reader in readers]
    a, b = Waiting(), Waiting()
    assert (one.deadline, two.deadline) == (math.inf, math.inf)
    one.ask(a, 1, Turn.CONNECT)
    one.ask(a, 2, Turn.AUDIT)
    assert one.deadline == 101.0
    assert two.deadline == math.inf
    two.ask(b, 3, Turn.SNAPSHOT)
    assert [reader.watched for reader in readers] == [[one], [two]]
    assert a.granted == b.granted == []
    now = 101.0
    two.due()
    assert (a.granted, b.granted) == ([1], [3])
    one.granted(a, 1)
    two.granted(b, 3)
    assert [reader.watched for reader in readers] == [[one], []]
    assert (one.deadline, two.deadline) == (place.deadline, math.inf)
    one.forgo(a, 2)
    assert readers[0].watched == []
    one.ask(a, 4, Turn.AUDIT)
    one.ask(b, 5, Turn.AUDIT)
    one.leave(a)
    assert readers[0].watched == [one]
    one.leave(b)
    assert readers[0].watched == []
    assert place.deadline == math.inf


def test_a_turn_that_is_free_is_granted_as_it_is_asked_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for the reader to come round again; the next one does wait."""
    monkeypatch.setattr(clock, "now", lambda: 100.0)
    queue, a = ReaderQueue(place, cast(Reader, ReaderScript())), Waiting()
    queue.ask(a, 1, Turn.AUDIT)
    assert a.granted == [1]
    queue.granted(a, 1)
    queue.ask(a, 2, Turn.AUDIT)
    assert a.granted == [1]
    assert 100.0 < queue.deadline == place.deadline < math.inf


def test_more_members_take_more_time(place: Place) -> None:
    """Members connect one after another, and audit in half of the reads."""
    assert place.connect_time == 0.0
    members = [Waiting() for _ in range(20)]
    for member in members:
        place.join(member)

    assert place.connect_time >= 20 / 2.0
    assert members[0].intervals[-1] == pytest.approx(20 / (10 * AUDIT_SHARE), rel=0.1)


def test_a6_whoever_joins_learns_how_many_share_the_place(place: Place) -> None:
    """A new member gets its interval even if the others get no announcement."""
    members = [Waiting() for _ in range(32)]
    for member in members:
        place.join(member)

    least = 32 / (10 * AUDIT_SHARE)
    assert [m.intervals[-1] for m in members] == pytest.approx([least] * 32, rel=0.15)


def test_turns_are_granted_when_they_are_due(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader that looks first grants them; the deadline is known."""
    now = 100.0
    monkeypatch.setattr(clock, "now", lambda: now)
    one, two = Waiting(), Waiting()
    assert place.deadline == math.inf
    place.ask(one, 1, Turn.CONNECT)
    place.ask(two, 2, Turn.CONNECT)
    place.due()
    assert (one.granted, two.granted) == ([1], [])
    now = place.deadline
    assert now > 100.0
    place.due()

    assert two.granted == [2]
    assert place.deadline == math.inf


def test_whoever_leaves_is_granted_nothing(place: Place) -> None:
    """A member that forgoes a turn keeps the others."""
    gone, stays = Waiting(), Waiting()
    place.join(gone)
    place.ask(gone, 1, Turn.CONNECT)
    place.ask(stays, 2, Turn.CONNECT)
    place.ask(stays, 3, Turn.SNAPSHOT)
    place.leave(gone)
    place.forgo(stays, 2)
    place.due()

    assert gone.granted == []
    assert stays.granted == [3]


def test_a_place_is_held_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange's own wait is kept."""
    monkeypatch.setattr(clock, "now", lambda: 100.0)
    place.hold_back(Turn.CONNECT, 30.0)
    one = Waiting()
    place.ask(one, 1, Turn.CONNECT)
    place.due()

    assert one.granted == []
    assert place.deadline == 130.0


def test_many_threads_lose_no_turn(place: Place) -> None:
    """Each request is granted once."""
    at_once = Rate(10**9, 1.0)
    quick = Place(
        replace(Upbit.limits, connects_together=at_once, reads_together=at_once)
    )
    members = [Waiting() for _ in range(8)]

    def run(member: Waiting) -> None:
        quick.join(member)
        for ticket in range(200):
            quick.ask(member, ticket, Turn.AUDIT)
            quick.due()

    threads = [threading.Thread(target=run, args=(m,)) for m in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while quick.deadline < math.inf:
        quick.due()

    assert [sorted(m.granted) for m in members] == [list(range(200))] * 8
