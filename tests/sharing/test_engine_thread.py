"""Calls to an engine, in a thread that may wait for it."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Any, Callable, Iterator, cast

import pytest

from assetstream.model.errors import ConnectionLost
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.helpers import Helpers
from assetstream.sharing.engine import Engine
from assetstream.sharing.engine_thread import EngineThread
from tests.support.event_recorder import PATIENCE


class Stub:
    """Stands for an engine; waits until it is cancelled, if it is told to wait."""

    def __init__(self) -> None:
        self.cancelled, self.closed = threading.Event(), threading.Event()

    def cancel(self) -> None:
        self.cancelled.set()

    def close(self) -> None:
        self.closed.set()

    def wait(self) -> None:
        assert self.cancelled.wait(PATIENCE)
        raise ConnectionLost("given up")


class Desk:
    """A thread, and the outcomes that it tells."""

    def __init__(self) -> None:
        self.stub, self.helpers = Stub(), Helpers("test")
        self.posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.outcomes: list[tuple[Any, float]] = []
        engine = cast(Engine, self.stub)
        self.thread = EngineThread(engine, self.helpers, self.posted.put)

    def call(self, make: Callable[[Any], Any]) -> None:
        self.thread.call(make, lambda *outcome: self.outcomes.append(outcome))

    def told(self) -> Any:
        """Return the next outcome."""
        self.posted.get(timeout=PATIENCE)()
        return self.outcomes[-1][0]


@pytest.fixture
def desk() -> Iterator[Desk]:
    """One that has begun, and is ended."""
    desk = Desk()
    desk.thread.begin()
    yield desk
    desk.thread.end()
    assert desk.stub.closed.wait(PATIENCE)
    desk.helpers.close()
    for thread in desk.helpers.threads:
        thread.join(PATIENCE)


def test_calls_are_made_in_order(desk: Desk) -> None:
    """Each is told what it has brought, and when it was about to be made."""
    began = clock.now()
    desk.call(lambda engine: 1)
    desk.call(lambda engine: engine is desk.stub)

    assert [desk.told(), desk.told()] == [1, True]
    (_, first), (_, second) = desk.outcomes
    assert began <= first <= second <= clock.now()


def test_an_error_is_an_outcome(desk: Desk) -> None:
    """The next call may connect again."""

    def fail(engine: Any) -> None:
        raise ConnectionLost("gone")

    desk.call(fail)
    desk.call(lambda engine: 2)

    assert isinstance(desk.told(), ConnectionLost)
    assert desk.told() == 2


def test_a_fault_of_ours_is_raised_where_it_was_asked(desk: Desk) -> None:
    """It ends the thread, and the connection with it."""
    desk.call(lambda engine: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        desk.told()
    assert desk.stub.closed.wait(PATIENCE)


def test_the_end_cancels_what_is_under_way(desk: Desk) -> None:
    """And the connection is closed by the thread that uses it."""
    desk.call(lambda engine: engine.wait())
    desk.thread.end()

    assert desk.stub.closed.wait(PATIENCE)
