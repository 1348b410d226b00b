"""Jobs that block, and the threads that do them."""

from __future__ import annotations

import threading
from typing import Iterator

import pytest

from assetstream.protocol import NEVER
from assetstream.runtime.loop import clock, helpers
from assetstream.runtime.loop.helpers import Helpers, Pool
from assetstream.runtime.net.cancel import Cancelled, CancelToken
from tests.support.recorders import PATIENCE


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A pool of two, whose threads have ended when the test has."""
    pool = Pool("test", 2)
    yield pool
    pool.close()
    for thread in pool.threads:
        thread.join(PATIENCE)


class Stuck:
    """A job that ends when it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        self.let_go.wait(PATIENCE)


def test_threads_come_when_needed_and_no_more(pool: Pool) -> None:
    """Up to its size; one that is free takes the next job."""
    assert pool.threads == []
    first = threading.Event()
    pool.start(first.set)
    assert first.wait(PATIENCE)
    held = [Stuck() for _ in range(5)]
    for each in held:
        pool.start(each)
    assert held[0].begun.wait(PATIENCE)
    assert held[1].begun.wait(PATIENCE)

    assert len(pool.threads) == 2
    assert not held[2].begun.is_set()
    for each in held:
        each.let_go.set()
    assert all(each.begun.wait(PATIENCE) for each in held)
    assert len(pool.threads) == 2


def test_a_stuck_job_holds_up_nobody(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread takes its place, and leaves when it is idle."""
    held, waiting = [Stuck(), Stuck()], Stuck()
    for each in held:
        pool.start(each)
        assert each.begun.wait(PATIENCE)
    assert pool.deadline == NEVER, "nothing waits"
    pool.start(waiting)
    assert clock.now() < pool.deadline <= clock.now() + helpers.STUCK
    pool.due()
    assert len(pool.threads) == 2

    monkeypatch.setattr(helpers, "STUCK", 0.0)
    monkeypatch.setattr(helpers, "IDLE_TIME", 0.01)
    pool.due()
    assert waiting.begun.wait(PATIENCE)
    extra = pool.threads[2]
    for each in (*held, waiting):
        each.let_go.set()
    deadline = clock.now() + PATIENCE
    while len(pool.threads) > 2:
        assert clock.now() < deadline
        extra.join(0.01)


def test_a_machine_without_a_free_thread(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It raises if nobody is there to do the job, else those do it."""

    def no_thread(thread: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError):
            pool.start(lambda: None)
    assert pool.threads == []

    stuck, done = Stuck(), threading.Event()
    pool.start(stuck)
    assert stuck.begun.wait(PATIENCE)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        pool.start(done.set)
        # The reader that is to make one does not try without a pause.
        assert pool.deadline > clock.now()
    stuck.let_go.set()
    assert done.wait(PATIENCE)


def test_a_job_that_raises_takes_no_thread_along(
    pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and its thread does the next one."""

    def fail() -> None:
        raise ValueError

    stuck, done = Stuck(), threading.Event()
    pool.start(stuck)
    assert stuck.begun.wait(PATIENCE)
    pool.start(fail)  # by the other one
    pool.start(done.set)
    assert done.wait(PATIENCE)
    stuck.let_go.set()

    assert len(caplog.records) == 1


def test_a_closed_pool_takes_no_job(pool: Pool) -> None:
    """What waits is still run, for it releases what it holds; then all threads end."""
    stuck, never, waiting = Stuck(), Stuck(), threading.Event()
    other = Stuck()
    for job in (stuck, other):
        pool.start(job)
        assert job.begun.wait(PATIENCE)
    pool.start(waiting.set)
    threads = pool.threads
    pool.close()
    pool.start(never)
    stuck.let_go.set()
    other.let_go.set()
    for thread in threads:
        thread.join(PATIENCE)

    assert not any(thread.is_alive() for thread in pool.threads)
    assert waiting.is_set()
    assert not never.begun.is_set()


def test_helpers_end_with_their_job() -> None:
    """And are waited for."""
    helpers, stuck = Helpers(), Stuck()
    helpers.start(stuck, "helper")
    assert stuck.begun.wait(PATIENCE)
    assert helpers.join(0.0) == 1
    stuck.let_go.set()
    assert helpers.join(PATIENCE) == 0


def test_a_call_off_ends_waits_once_pulled() -> None:
    """By any thread, and after its end nothing happens."""
    call_off = CancelToken()
    call_off.check()
    call_off.cancel()
    with pytest.raises(Cancelled):
        call_off.check()
    call_off.close()
    call_off.cancel()
