"""One reader thread, and streams that come and go."""

from __future__ import annotations

import math
import threading
from queue import SimpleQueue
from typing import Any, Iterator

import pytest

from assetstream.runtime.reader_thread import ReaderThread
from tests.support.event_recorder import PATIENCE
from tests.support.sockets import open_sockets


class Owner:
    """A stand-in for a stream on its reader thread."""

    deadline = math.inf

    def __init__(self) -> None:
        self.failed: SimpleQueue[BaseException] = SimpleQueue()

    def due(self) -> None:
        raise ZeroDivisionError


class Bench:
    """A reader thread, and a count of streams that left it."""

    def __init__(self) -> None:
        self.left = threading.Semaphore(0)
        self.reader = ReaderThread("test-reader", self.left.release)

    def add(self) -> Owner:
        owner = Owner()
        assert self.reader.add(owner, owner.failed.put)
        return owner


@pytest.fixture
def bench() -> Iterator[Bench]:
    before = open_sockets()
    bench = Bench()
    bench.reader.thread.start()
    yield bench
    bench.reader.close()
    bench.reader.thread.join(PATIENCE)
    assert not bench.reader.thread.is_alive()
    assert open_sockets() == before


def test_calls_are_made_in_its_thread(bench: Bench) -> None:
    """The thread is a daemon, so it keeps no process alive."""
    names: SimpleQueue[str] = SimpleQueue()
    bench.reader.calls.post(lambda: names.put(threading.current_thread().name))
    assert names.get(timeout=PATIENCE) == "test-reader"
    assert bench.reader.thread.daemon


def test_streams_come_and_go(bench: Bench) -> None:
    """After ``shut`` only those that were added go on."""
    one = bench.add()
    assert bench.reader.has(one)
    assert bench.reader.streams == 1
    bench.reader.shut()
    late = Owner()
    assert not bench.reader.add(late, late.failed.put)
    assert bench.left.acquire(timeout=PATIENCE)
    assert not bench.reader.has(late)
    assert bench.reader.has(one)
    assert bench.reader.thread.is_alive()
    bench.reader.leave(one)
    assert bench.left.acquire(timeout=PATIENCE)
    assert bench.reader.streams == 0


def test_a_fault_of_one_stream_is_its_own(bench: Bench) -> None:
    """An exception of its deadline fails that stream only."""
    one, other = bench.add(), bench.add()

    def attach() -> None:
        bench.reader.reader.attach(one)
        one.deadline = -math.inf
        bench.reader.reader.touch(one)

    def fail(error: BaseException) -> None:
        bench.reader.reader.detach(one)
        one.failed.put(error)

    assert bench.reader.add(one, fail)
    bench.reader.calls.post(attach)
    assert isinstance(one.failed.get(timeout=PATIENCE), ZeroDivisionError)
    assert other.failed.empty()
    assert bench.reader.open


def test_a_fault_of_the_loop_fails_every_stream(bench: Bench) -> None:
    """Posted calls still run, and no stream can be added any more."""
    one, other = bench.add(), bench.add()
    called = threading.Event()

    def fault() -> None:
        bench.reader.calls.post(called.set)
        raise ZeroDivisionError

    bench.reader.calls.post(fault)
    for owner in (one, other):
        assert isinstance(owner.failed.get(timeout=PATIENCE), ZeroDivisionError)
    assert called.wait(PATIENCE)
    bench.reader.thread.join(PATIENCE)
    assert not bench.reader.thread.is_alive()
    assert not bench.reader.open


def test_one_that_never_ran_leaves_nothing_behind() -> None:
    """No thread was available."""
    before = open_sockets()
    reader = ReaderThread("test-reader", lambda: None)
    reader.close()
    assert open_sockets() == before
    late: Any = Owner()
    assert not reader.add(late, late.failed.put)
