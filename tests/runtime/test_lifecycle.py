"""The life cycle: one start and one stop, in one process."""

from __future__ import annotations

import os
import threading
from typing import Callable

import pytest

from assetstream.model.errors import StreamStateError
from assetstream.runtime.lifecycle import Lifecycle
from tests.support.event_recorder import PATIENCE


class Own:
    """A lifecycle, and a flag whether the calling thread is one of its own."""

    def __init__(self) -> None:
        self.own_thread = False
        self.begun = 0
        self.lifecycle = Lifecycle(
            "StreamGroup",
            lambda problem, remedy: StreamStateError(f"mine: {problem}", remedy=remedy),
            lambda: self.own_thread,
        )

    def begin(self) -> None:
        self.lifecycle.claim()
        with self.lifecycle.beginning():
            self.begun += 1


@pytest.fixture
def own() -> Own:
    return Own()


def test_it_starts_once(own: Own) -> None:
    """A second caller joins without starting."""
    assert own.lifecycle.new
    own.lifecycle.join_or_begin(own.begin)
    own.lifecycle.join_or_begin(own.begin)
    assert own.begun == 1
    assert not own.lifecycle.new
    with pytest.raises(StreamStateError, match=r"mine: start\(\) was already called"):
        own.begin()


def test_one_start_joins_what_a_table_has_begun(own: Own) -> None:
    """A second one is refused, as ever."""
    own.lifecycle.show(own.begin)
    own.lifecycle.start(own.begin)
    assert own.begun == 1
    with pytest.raises(StreamStateError, match=r"start\(\) was already called"):
        own.lifecycle.start(own.begin)


def test_a_start_that_would_wait_for_itself_does_not_join(own: Own) -> None:
    """It is refused before it does anything; another thread may still join."""
    own.lifecycle.show(own.begin)
    own.own_thread = True
    with pytest.raises(StreamStateError, match="inside a callback"):
        own.lifecycle.start(own.begin)
    own.own_thread = False
    own.lifecycle.start(own.begin)


def test_a_start_joins_nothing_that_was_stopped(own: Own) -> None:
    """The table has shown its end."""
    own.lifecycle.show(own.begin)
    own.lifecycle.request_stop()
    with pytest.raises(StreamStateError, match="was stopped"):
        own.lifecycle.start(own.begin)


def test_ctrl_c_right_at_the_beginning_leaves_no_mark(own: Own) -> None:
    """A mark that stays would make every later stop() in this thread return early."""

    class Interrupted(list[int]):
        def append(self, item: int) -> None:
            super().append(item)
            raise KeyboardInterrupt

    own.lifecycle._beginning = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        own.begin()
    assert not own.lifecycle.beginning_here
    assert not own.lifecycle.ends_with_caller


def test_one_of_many_threads_starts_it(own: Own) -> None:
    """The others wait until it has begun."""
    entered, go_on, seen = threading.Event(), threading.Event(), list[int]()

    def slow() -> None:
        own.lifecycle.claim()
        with own.lifecycle.beginning():
            entered.set()
            assert go_on.wait(PATIENCE)
            own.begun += 1

    def join() -> None:
        own.lifecycle.join_or_begin(slow)
        seen.append(own.begun)

    threads = [threading.Thread(target=join) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert entered.wait(PATIENCE)
    assert seen == []
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert seen == [1] * 4


@pytest.mark.parametrize("started", [True, False])
def test_once_stopped_it_never_starts(own: Own, started: bool) -> None:
    """Joining callers do not start it either."""
    if started:
        own.begin()
    own.lifecycle.request_stop()
    own.lifecycle.request_stop()
    assert own.lifecycle.stop_requested
    assert not own.lifecycle.new
    uses: list[Callable[[], object]] = [
        own.begin,
        own.lifecycle.refuse_stopped,
        lambda: own.lifecycle.join_or_begin(own.begin),
    ]
    for use in uses:
        with pytest.raises(StreamStateError, match=r"was stopped\. Make a new Stream"):
            use()
    assert own.begun == started


def test_a_signal_handler_in_the_middle_of_a_start(own: Own) -> None:
    """The handler must not wait for the start that it interrupts."""
    elsewhere: list[bool] = []

    def look() -> None:
        elsewhere.append(own.lifecycle.ends_with_caller)

    assert not own.lifecycle.ends_with_caller
    with own.lifecycle.beginning():
        assert own.lifecycle.ends_with_caller
        own.lifecycle.request_stop()
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert not own.lifecycle.ends_with_caller
    assert elsewhere == [False]


def test_nothing_waits_for_itself(own: Own) -> None:
    """A thread that ends with the lifecycle does not wait for its end."""
    own.lifecycle.refuse_in_callback("waiting")
    own.own_thread = True
    assert own.lifecycle.ends_with_caller
    with pytest.raises(StreamStateError, match="waiting inside a callback would wait"):
        own.lifecycle.refuse_in_callback("waiting")


def test_a_forked_child_has_no_part_in_it(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call raises with a remedy."""
    pid = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: pid + 1)
    assert not own.lifecycle.owned_here
    uses: list[Callable[[], object]] = [
        own.begin,
        own.lifecycle.request_stop,
        lambda: own.lifecycle.join_or_begin(own.begin),
    ]
    for use in uses:
        with pytest.raises(StreamStateError, match="make a new StreamGroup in the chi"):
            use()
    assert not own.lifecycle.stop_requested


def test_it_runs_until_its_end(own: Own) -> None:
    """Once begun by anybody; its end is no error."""
    waited: list[int] = []
    assert own.lifecycle.run(own.begin, lambda: waited.append(own.begun), unexpected)
    assert own.lifecycle.run(own.begin, lambda: waited.append(own.begun), unexpected)
    assert waited == [1, 1]


def test_ctrl_c_stops_what_runs(own: Own) -> None:
    """And says that it was that."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    assert not own.lifecycle.run(own.begin, interrupted, own.lifecycle.request_stop)
    assert own.lifecycle.stop_requested


def test_a_stop_just_before_it_runs_is_its_end(own: Own) -> None:
    """By a signal handler; one that was stopped long before is refused."""

    def stopped() -> None:
        own.lifecycle.request_stop()
        own.begin()

    assert own.lifecycle.run(stopped, unexpected, unexpected)
    with pytest.raises(StreamStateError, match="it was stopped"):
        own.lifecycle.run(own.begin, unexpected, unexpected)


def test_it_does_not_run_in_a_thread_of_its_own(own: Own) -> None:
    """It would wait for itself."""
    own.own_thread = True
    with pytest.raises(StreamStateError, match="wait for itself"):
        own.lifecycle.run(own.begin, unexpected, unexpected)
    assert own.begun == 0


def unexpected() -> None:
    raise AssertionError("not to be called")
