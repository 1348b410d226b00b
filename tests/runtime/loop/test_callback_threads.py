"""The threads that call handlers: one worker is on one thread at a time."""

from __future__ import annotations

import gc
import threading
import weakref
from queue import SimpleQueue
from typing import Callable, Iterator

import pytest

from assetstream.runtime.loop.callback_threads import CallbackThreads
from tests.support.event_recorder import PATIENCE
from tests.support.groups import wait_until


class Batches:
    """A worker with batches to work off."""

    def __init__(self, name: str, seen: SimpleQueue[str]) -> None:
        self.name = name
        self.wake: Callable[[], None] = lambda: None
        self.leave: Callable[[], None] | None = None
        self.batches = 0
        self.over = False
        self.faults = 0
        self.busy = threading.Lock()
        self._seen = seen

    def work(self) -> bool:
        assert self.busy.acquire(blocking=False), "two threads at a time"
        try:
            if self.faults:
                self.faults -= 1
                raise ValueError
            if not self.batches:
                if self.over and self.leave is not None:
                    self.leave()
                return False
            self.batches -= 1
            self._seen.put(self.name)
            return True
        finally:
            self.busy.release()

    def end(self) -> None:
        self.over = True
        self.wake()


@pytest.fixture
def seen() -> SimpleQueue[str]:
    return SimpleQueue()


@pytest.fixture
def threads() -> Iterator[CallbackThreads]:
    """Give two threads, which have ended when the test has."""
    threads = CallbackThreads(["one", "two"])
    yield threads
    threads.end()
    for thread in threads.threads:
        if thread.ident is not None:
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_workers_take_turns(seen: SimpleQueue[str]) -> None:
    """After each batch the next worker has its turn."""
    threads = CallbackThreads(["one"])
    workers = [Batches("a", seen), Batches("b", seen)]
    for worker in workers:
        worker.batches = 3
        threads.serve(worker)
        threads.serve(worker)
        worker.end()
    threads.end()
    threads.start()
    threads.threads[0].join(PATIENCE)
    assert not threads.threads[0].is_alive()
    assert [seen.get_nowait() for _ in range(6)] == ["a", "b"] * 3


def test_they_end_when_every_worker_has_left(
    threads: CallbackThreads, seen: SimpleQueue[str]
) -> None:
    """``stop`` alone does not end threads that still have workers."""
    worker = Batches("a", seen)
    threads.serve(worker)
    threads.start()
    threads.end()
    worker.batches = 1
    worker.wake()
    assert seen.get(timeout=PATIENCE) == "a"
    assert any(thread.is_alive() for thread in threads.threads)
    worker.end()
    for thread in threads.threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_worker_that_raises_takes_no_thread_along(
    threads: CallbackThreads, seen: SimpleQueue[str]
) -> None:
    """A user's logging handler may raise; its thread goes on."""
    worker = Batches("a", seen)
    worker.faults, worker.batches = 2, 1
    threads.serve(worker)
    threads.start()
    worker.wake()
    assert seen.get(timeout=PATIENCE) == "a"
    worker.end()


def test_d5_a_thread_that_waits_holds_no_worker(
    threads: CallbackThreads, seen: SimpleQueue[str]
) -> None:
    """A stream that has left is not kept until another one has an event."""
    worker = Batches("a", seen)
    gone = weakref.ref(worker)
    threads.serve(worker)
    threads.start()
    worker.end()
    del worker
    wait_until(lambda: gc.collect() >= 0 and gone() is None)
