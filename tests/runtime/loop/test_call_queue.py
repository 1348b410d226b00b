"""Posting calls to a thread that waits on sockets."""

from __future__ import annotations

import select
import signal
import sys
import threading
from typing import Iterator

import pytest

from assetstream.runtime.loop.call_queue import CallQueue


@pytest.fixture
def inbox() -> Iterator[CallQueue]:
    inbox = CallQueue()
    yield inbox
    inbox.close()


def rings(inbox: CallQueue) -> bool:
    return bool(select.select([inbox], [], [], 0)[0])


def test_runs_what_was_posted_in_order(inbox: CallQueue) -> None:
    """Calls run in the order they were posted, and only in run()."""
    done: list[int] = []
    for number in range(5):
        inbox.post(lambda number=number: done.append(number))  # type: ignore[misc]
    assert done == []
    inbox.run()
    assert done == [0, 1, 2, 3, 4]


def test_is_readable_while_something_waits(inbox: CallQueue) -> None:
    """The descriptor is readable from a post to the next run."""
    assert not rings(inbox)
    inbox.post(lambda: None)
    assert rings(inbox)
    inbox.run()
    assert not rings(inbox)


def test_wakes_a_waiting_thread(inbox: CallQueue) -> None:
    """A post from another thread ends the owner's wait."""
    done = threading.Event()
    poster = threading.Thread(target=lambda: inbox.post(done.set))
    poster.start()
    assert select.select([inbox], [], [], 5)[0]
    inbox.run()
    assert done.is_set()
    poster.join()


def test_post_never_blocks(inbox: CallQueue) -> None:
    """More posts than the wake pair holds are all run."""
    done: list[int] = []
    for _ in range(20_000):
        inbox.post(lambda: done.append(1))
    while rings(inbox):
        inbox.run()
    assert len(done) == 20_000


def test_what_a_call_posts_waits_for_the_next_run(inbox: CallQueue) -> None:
    """Calls that post each other do not keep the owner in run()."""
    done: list[str] = []

    def again() -> None:
        done.append("again")
        inbox.post(again)

    inbox.post(again)
    inbox.run()
    assert done == ["again"]
    assert rings(inbox)


def test_a_raising_call_does_not_lose_those_behind(inbox: CallQueue) -> None:
    """The exception comes out of run(); the calls behind it still run."""
    done: list[int] = []
    inbox.post(lambda: 1 // 0)  # type: ignore[arg-type, return-value]
    inbox.post(lambda: done.append(1))
    with pytest.raises(ZeroDivisionError):
        inbox.run()
    assert rings(inbox)
    inbox.run()
    assert done == [1]


@pytest.mark.skipif(sys.platform == "win32", reason="no signals to oneself")
def test_a_signal_handler_may_post(inbox: CallQueue) -> None:
    """A handler that interrupts run() in the same thread posts without a dead-lock."""
    done: list[str] = []
    former = signal.signal(
        signal.SIGUSR1, lambda *_: inbox.post(lambda: done.append("handler"))
    )
    try:
        inbox.post(lambda: signal.raise_signal(signal.SIGUSR1))
        inbox.run()
        inbox.run()
    finally:
        signal.signal(signal.SIGUSR1, former)
    assert done == ["handler"]


def test_closed_it_ignores_posts() -> None:
    """After close() posts are accepted and dropped; close() may come twice."""
    inbox = CallQueue()
    inbox.close()
    inbox.close()
    inbox.post(lambda: pytest.fail("was run"))
    inbox.run()
    assert inbox.fileno() == -1
