"""The loop that serves channels, deadlines and the call queue."""

from __future__ import annotations

import math
import select
import selectors
import socket
from typing import Callable, Iterator

import pytest

from assetstream.runtime.loop import clock
from assetstream.runtime.loop.call_queue import CallQueue
from assetstream.runtime.loop.reader import Reader
from tests.support.event_recorder import PATIENCE


class FakeChannel:
    """One end of a socket pair, as the reader serves it."""

    def __init__(self, log: list[str], name: str) -> None:
        self.mine, self.peer = socket.socketpair()
        self.mine.setblocking(False)
        self.log, self.name = log, name
        self.deadline = math.inf
        self.wants_write = False
        self.buffered = False

    @property
    def settled(self) -> bool:
        idle = not (self.wants_write or self.buffered)
        return idle and self.deadline == math.inf

    def fileno(self) -> int:
        return self.mine.fileno()

    def pending(self) -> bool:
        return self.buffered

    def readable(self) -> None:
        self.log.append(f"{self.name} reads")
        if not self.buffered:
            self.mine.recv(1)
        self.buffered = False

    def writable(self) -> None:
        self.log.append(f"{self.name} writes")
        self.wants_write = False

    def due(self) -> None:
        self.log.append(f"{self.name} is due")
        self.deadline = math.inf


class FakeOwner:
    def __init__(self, deadline: float, due: Callable[[], None]) -> None:
        self.deadline = deadline
        self.due = due


class Bench:
    """A reader with two channels."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.inbox = CallQueue()
        self.reader = Reader(self.inbox)
        self.one, self.two = FakeChannel(self.log, "one"), FakeChannel(self.log, "two")
        for channel in (self.one, self.two):
            self.reader.add(channel)

    def turn(self) -> list[str]:
        """Run one turn; return the events."""
        self.log.clear()
        self.reader.turn()
        return self.log

    def close(self) -> None:
        self.reader.close()
        self.reader.close()
        self.inbox.close()
        for channel in (self.one, self.two):
            channel.mine.close()
            channel.peer.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def test_serves_every_channel_that_is_ready(bench: Bench) -> None:
    """One turn reads once from each readable channel."""
    bench.one.peer.send(b"abc")
    bench.two.peer.send(b"abc")
    assert sorted(bench.turn()) == ["one reads", "two reads"]


def test_only_the_ready_one_is_served(bench: Bench) -> None:
    """A silent channel is left alone."""
    bench.two.peer.send(b"a")
    assert bench.turn() == ["two reads"]


def test_flushes_what_waits(bench: Bench) -> None:
    """A channel that wants to write is served when its socket takes data."""
    bench.one.wants_write = True
    bench.reader.touch(bench.one)
    assert bench.turn() == ["one writes"]
    bench.two.peer.send(b"a")
    assert bench.turn() == ["two reads"]


def test_reads_what_the_selector_cannot_see(bench: Bench) -> None:
    """Data that TLS holds already is read without waiting."""
    bench.one.buffered = True
    bench.reader.touch(bench.one)
    assert bench.turn() == ["one reads"]


def test_inbox_and_deadlines_have_their_turn_under_a_flood(bench: Bench) -> None:
    """Each turn runs posted calls first, then deadlines, then reads."""
    owner = FakeOwner(0.0, lambda: bench.log.append("owner is due"))
    bench.reader.attach(owner)
    bench.one.peer.send(b"x" * 1000)
    for _ in range(3):
        bench.inbox.post(lambda: bench.log.append("inbox"))
        assert bench.turn() == ["inbox", "one reads", "owner is due"]


def test_what_is_posted_in_a_turn_is_done_in_it(bench: Bench) -> None:
    """A granted turn waits for no other; calls that post each other do."""

    def again() -> None:
        bench.log.append("again")
        bench.inbox.post(again)

    def due() -> None:
        owner.deadline = math.inf
        bench.inbox.post(again)

    owner = FakeOwner(0.0, due)
    bench.reader.attach(owner)
    assert bench.turn() == ["again"]
    assert bench.turn() == ["again", "again"]


def test_a_post_wakes_the_selector_only_while_it_may_wait(bench: Bench) -> None:
    """Between two waits the queue is looked at, so a wake would be for nothing."""
    bench.inbox.post(lambda: bench.inbox.post(lambda: bench.log.append("inner")))
    assert bench.turn() == ["inner"]
    assert not select.select([bench.inbox], [], [], 0)[0]
    bench.inbox.post(lambda: bench.log.append("between"))
    assert not select.select([bench.inbox], [], [], 0)[0]
    assert bench.turn() == ["between"]


def test_waits_for_the_earliest_deadline(bench: Bench) -> None:
    """With nothing to read a turn ends when the first deadline has passed."""
    began = clock.now()
    owner = FakeOwner(began + PATIENCE, lambda: None)
    bench.reader.attach(owner)
    bench.two.deadline = began + 0.05
    bench.reader.touch(bench.two)
    bench.turn()
    while not bench.log:
        bench.turn()
    assert bench.log == ["two is due"]
    assert 0.05 <= clock.now() - began < PATIENCE


@pytest.mark.parametrize("ahead", [3e6, 1e9, 1e12])
def test_a_deadline_may_be_very_far_away(bench: Bench, ahead: float) -> None:
    """The deadline is further away than any selector can wait."""
    bench.reader.attach(FakeOwner(clock.now() + ahead, lambda: None))
    bench.inbox.post(lambda: bench.log.append("inbox"))
    assert bench.turn() == ["inbox"]


def test_an_owner_needs_no_channel(bench: Bench) -> None:
    """A deadline is watched between two connections as well."""
    bench.reader.discard(bench.one)
    bench.reader.discard(bench.two)
    owner = FakeOwner(clock.now() + 0.02, lambda: bench.log.append("due"))
    bench.reader.attach(owner)
    while not bench.turn():
        pass
    assert bench.log == ["due"]


def test_a_detached_owner_is_left_alone(bench: Bench) -> None:
    """After detach() due() is not called, even in the same turn."""
    second = FakeOwner(0.0, lambda: pytest.fail("was called"))
    first = FakeOwner(0.0, lambda: bench.reader.detach(second))
    bench.reader.attach(first)
    bench.reader.attach(second)
    bench.turn()


def test_a_discarded_channel_is_left_alone(bench: Bench) -> None:
    """A channel that an earlier call of the turn ended is not read."""
    for channel in (bench.one, bench.two):
        channel.peer.send(b"a")
        channel.readable = lambda: [  # type: ignore[assignment, method-assign]
            bench.log.append("read"),
            bench.reader.discard(bench.one),
            bench.reader.discard(bench.two),
        ]
    assert bench.turn() == ["read"]


def test_what_is_raised_comes_out_and_the_loop_goes_on(bench: Bench) -> None:
    """An exception ends the turn, not the reader."""
    bench.inbox.post(lambda: 1 // 0)  # type: ignore[arg-type, return-value]
    bench.one.peer.send(b"a")
    with pytest.raises(ZeroDivisionError):
        bench.turn()
    while "one reads" not in bench.turn():
        pass


def test_one_selector_serves_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """No selector is made per turn or channel."""
    made = []
    real = selectors.DefaultSelector
    monkeypatch.setattr(selectors, "DefaultSelector", lambda: made.append(1) or real())
    bench = Bench()
    for _ in range(3):
        bench.one.peer.send(b"a")
        bench.turn()
    bench.close()
    assert made == [1]
