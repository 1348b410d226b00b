"""The queue of one place: its lock and its grants."""

from __future__ import annotations

import math
import threading

import pytest
from msgspec.structs import replace

from assetstream import CoinW, Upbit
from assetstream.core.effects import Turn
from assetstream.core.turns import AUDIT_SHARE
from assetstream.runtime.loop import clock
from assetstream.runtime.places import Place, place_of


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
    return Place(replace(Upbit.limits, connects_together=2.0, reads_together=10.0))


def test_a_place_is_an_exchange_and_its_host() -> None:
    """Keys do not count, as exchanges limit by address."""
    sg = Upbit("key", "secret", region="sg")
    assert place_of(sg) == place_of(Upbit("other", "secret", region="sg"))
    assert place_of(sg) != place_of(Upbit("key", "secret", region="id"))
    assert place_of(sg) != place_of(CoinW("key", "secret"))


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
    quick = Place(replace(Upbit.limits, connects_together=1e9, reads_together=1e9))
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
