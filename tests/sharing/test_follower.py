"""Many accounts over one connection."""

from __future__ import annotations

import math
import threading
from queue import SimpleQueue
from time import sleep
from types import SimpleNamespace
from typing import Any, Callable, Iterator, Sequence, cast
from unittest.mock import Mock

import pytest

from assetstream.core.moment import Moment
from assetstream.core.present import Present
from assetstream.model.errors import AssetStreamError, ConnectionLost, ProtocolError
from assetstream.model.states import State
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.helpers import Helpers
from assetstream.runtime.reader_thread import ReaderThread
from assetstream.sharing.copybook import Copybook
from assetstream.sharing.engine import Engine, Followed
from assetstream.sharing.entries import VERSION, Head, LogItem, Pulse, SharedAccount
from assetstream.sharing.follower import Follower
from assetstream.sharing.pulses import HORIZON, OwnerPulses
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE

NOTHING = Followed({}, frozenset(), {}, {})


class Script:
    """An engine that answers as a test says: a value, or an error to raise."""

    def __init__(self) -> None:
        self.calls: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
        self.answers: SimpleQueue[Any] = SimpleQueue()
        self.closed = threading.Event()

    def connect(self) -> None:
        self._answer("connect")

    def accounts(self) -> Any:
        return self._answer("accounts")

    def positions(self, accounts: Sequence[str]) -> Any:
        return self._answer("positions", *accounts)

    def snapshot(self, accounts: Sequence[str]) -> Any:
        return self._answer("snapshot", *accounts)

    def follow(self, logs: dict[str, str], pulses: dict[str, str]) -> Any:
        return self._answer("follow", *logs)

    def cancel(self) -> None:
        self.answers.put(ConnectionLost("given up"))

    def close(self) -> None:
        self.closed.set()

    def _answer(self, *call: Any) -> Any:
        self.calls.put(call)
        answer = self.answers.get(timeout=PATIENCE)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Listener:
    """A member that notes what it is told."""

    def __init__(self, desk: Desk, account: str) -> None:
        self.book = Copybook(Present("", account), HORIZON)
        self.post = desk.posted.put
        self.told: list[Any] = []
        self.attempts = 0
        self.told_by_another = False

    def connecting(self) -> None:
        self.attempts += 1

    def restored(self, found: SharedAccount | ProtocolError | None) -> None:
        assert not isinstance(found, ProtocolError)
        self.book.restore(found, Moment(clock.now(), 0.0))
        self.told.append("restored" if found else "absent")

    def followed(
        self,
        items: Sequence[LogItem] | ProtocolError,
        complete: bool,
        pulses: OwnerPulses | ProtocolError | None,
    ) -> None:
        shown = items if isinstance(items, ProtocolError) else len(items)
        if isinstance(pulses, OwnerPulses):
            pulses = pulses.number  # type: ignore[assignment]
        self.told.append((shown, complete, pulses))

    def cut_off(self, error: AssetStreamError, told: bool) -> None:
        assert told is self.told_by_another
        self.told.append(error)


class Desk:
    """A follower whose reader thread is the test's own."""

    def __init__(self) -> None:
        self.posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.engines: list[Script] = []
        self.helpers = Helpers("test")
        # What the reader looks after.
        self.watched: set[object] = set()
        thread = SimpleNamespace(
            calls=SimpleNamespace(post=self.posted.put),
            reader=SimpleNamespace(
                attach=self.watched.add,
                detach=self.watched.discard,
                touch=lambda timed: None,
            ),
        )
        self.thread = cast(ReaderThread, thread)
        self.follower = Follower(self.make, self.helpers, self.thread)

    def make(self) -> Engine:
        self.engines.append(Script())
        return cast(Engine, self.engines[-1])

    def join(self, *accounts: str) -> list[Listener]:
        """Let members come."""
        listeners = [Listener(self, account) for account in accounts]
        for account, listener in zip(accounts, listeners, strict=True):
            self.follower.join(account, listener)
        return listeners

    def call(self) -> tuple[Any, ...]:
        """Return the call that is under way, after the wait that is due before it.

        Behind a quick answer the next call waits, if only for microseconds: their end
        is seen by the reader, which is this test.
        """
        wait = self.follower.deadline - clock.now()
        if wait < math.inf:
            sleep(max(wait, 0.0))
            self.follower.due()
        return self.engines[-1].calls.get(timeout=PATIENCE)

    def answer(self, answer: Any) -> None:
        """Answer it, and hand out what that brings."""
        self.engines[-1].answers.put(answer)
        self.run_posted()

    def run_posted(self) -> None:
        """Wait for what the call posts, and do what follows from it."""
        self.posted.get(timeout=PATIENCE)()
        while not self.posted.empty():
            self.posted.get()()

    def following(self, *accounts: str) -> list[Listener]:
        """Connect, and read all of them."""
        listeners = self.join(*accounts)
        assert self.call() == ("connect",)
        self.answer(None)
        assert self.call() == ("snapshot", *accounts)
        self.answer({name: shared() for name in accounts})
        assert self.call() == ("follow", *accounts)
        return listeners


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A desk that nobody is left at in the end."""
    desk = Desk()
    yield desk
    for engine in desk.engines:
        engine.cancel()
        assert engine.closed.wait(PATIENCE)
    desk.helpers.close()
    for thread in desk.helpers.threads:
        thread.join(PATIENCE)


def leave(desk: Desk, *listeners: Listener) -> None:
    """Let members go."""
    for listener in listeners:
        desk.follower.leave(listener.book.present.account, listener)


def shared() -> SharedAccount:
    """Make an account that w1 owns, LIVE, and empty."""
    return SharedAccount(Head(VERSION, "upbit", "w1", 5, 57, State.LIVE), {}, "1-0")


def test_many_accounts_are_followed_over_one_connection(desk: Desk) -> None:
    """Each is told what is its own, and a pulse all whom it is about."""
    alice, bob = desk.following("alice", "bob")
    error = ProtocolError("no entry")
    pulses = {"w1": [Pulse(1, 1.0)]}
    desk.answer(Followed({"alice": error}, frozenset({"bob"}), pulses, {"w1": "9-0"}))

    assert desk.call() == ("follow", "alice", "bob")
    assert alice.told == ["restored", (error, True, 1)]
    assert bob.told == ["restored", (0, False, 1)]
    assert len(desk.engines) == 1
    assert (alice.attempts, bob.attempts) == (1, 1)
    leave(desk, alice, bob)


def test_nothing_is_told_where_nothing_came(desk: Desk) -> None:
    """But one of which a part was missing learns that it has all (F4)."""
    alice, bob = desk.following("alice", "bob")
    desk.answer(Followed({}, frozenset({"bob"}), {"w1": [Pulse(1, 1.0)]}, {}))
    desk.call()
    desk.answer(NOTHING)
    desk.call()
    desk.answer(NOTHING)
    desk.call()

    assert alice.told == ["restored", (0, True, 1)]
    assert bob.told == ["restored", (0, False, 1), (0, True, 1)]
    leave(desk, alice, bob)


def test_pulses_that_cannot_be_read_are_told(desk: Desk) -> None:
    """To all accounts of that owner."""
    (alice,) = desk.following("alice")
    error = ProtocolError("no pulse")
    desk.answer(Followed({}, frozenset(), {"w1": error}, {}))
    desk.call()

    assert alice.told == ["restored", (0, True, error)]
    leave(desk, alice)


def test_who_comes_later_is_read_in_the_next_turn(desk: Desk) -> None:
    """And has been connected once, as all have."""
    (alice,) = desk.following("alice")
    (bob,) = desk.join("bob")
    desk.answer(NOTHING)

    assert desk.call() == ("snapshot", "bob")
    desk.answer({"bob": None})
    assert desk.call() == ("follow", "alice")
    assert (bob.told, bob.attempts) == (["absent"], 1)
    leave(desk, bob)
    leave(desk, bob)
    desk.answer(NOTHING)
    assert desk.call() == ("follow", "alice")
    leave(desk, alice)


def test_the_last_to_leave_closes_the_connection(desk: Desk) -> None:
    """What comes after it is nobody's; who comes later begins a new one."""
    (alice,) = desk.following("alice")
    assert desk.watched == {desk.follower}
    leave(desk, alice)
    assert desk.watched == set()
    assert desk.engines[0].closed.wait(PATIENCE)
    desk.run_posted()  # that it was given up

    (again,) = desk.join("alice")

    assert len(desk.engines) == 2
    assert desk.call() == ("connect",)
    assert alice.told == ["restored"]
    leave(desk, again)


def test_it_connects_again_after_a_while(desk: Desk) -> None:
    """All are told; what was known is compared with what there is now (F3)."""
    with TimeMachine(0.0).installed() as time:
        (alice,) = desk.following("alice")
        assert desk.follower.deadline == math.inf
        lost = ConnectionLost("gone")
        desk.answer(lost)
        assert alice.told == ["restored", lost]
        wait = desk.follower.deadline - clock.now()
        assert 0.05 <= wait <= 0.1
        desk.follower.due()
        assert desk.engines[0].calls.empty()

        time.jump(wait)
        desk.follower.due()

        assert desk.call() == ("connect",)
        desk.answer(None)
        assert desk.call() == ("positions", "alice")
        desk.answer({"alice": (5, 12), "bob": (1, 1)})
        assert desk.call() == ("snapshot", "alice")
        assert alice.attempts == 2
        leave(desk, alice)


class Lead:
    """A leader that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def connected(self) -> None:
        self.told.append("connected")

    def listed(self, accounts: Sequence[str]) -> None:
        self.told.append(accounts)

    def cut_off(self, error: AssetStreamError) -> None:
        self.told.append(error)


def test_a_leader_knows_the_connection(desk: Desk) -> None:
    """It is there before the first account and after the last, until its end."""
    lead = Lead()
    desk.follower = Follower(desk.make, desk.helpers, desk.thread, lead, listing=True)
    desk.follower.begin()
    assert desk.call() == ("connect",)
    desk.answer(None)
    assert desk.call() == ("accounts",)
    desk.answer(["alice"])
    (alice,) = desk.join("alice")
    assert desk.call() == ("snapshot", "alice")
    alice.told_by_another = True
    lost = ConnectionLost("gone")
    desk.answer(lost)
    leave(desk, alice)

    assert lead.told == ["connected", ["alice"], lost]
    assert alice.told == [lost]
    assert desk.watched == {desk.follower}
    desk.follower.end()
    assert desk.watched == set()
    assert desk.engines[0].closed.wait(PATIENCE)
    desk.follower.due()


def test_a_machine_without_threads_is_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have one later."""
    with TimeMachine(0.0).installed() as time, monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", Mock(side_effect=RuntimeError("none")))
        (alice,) = desk.join("alice")
        desk.run_posted()
        (error,) = alice.told
        assert "this machine could not make a connection (none)" in error.problem
        desk.engines.clear()  # that one was never connected
        patch.undo()

        time.jump(desk.follower.deadline - clock.now())
        desk.follower.due()

        assert desk.call() == ("connect",)
        leave(desk, alice)
