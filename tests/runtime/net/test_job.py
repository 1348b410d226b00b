"""Blocking work on a helper, and its cancelling."""

from __future__ import annotations

import selectors
import socket
import threading
from queue import SimpleQueue
from typing import Any, Iterator

import pytest

from assetstream.runtime.loop import clock, helpers
from assetstream.runtime.loop.helpers import MOST_THREADS, Helpers
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.net.cancel import Cancelled, CancelScope, CancelToken
from assetstream.runtime.net.job import CancellableJob, helpers_place
from tests.support.event_recorder import PATIENCE
from tests.support.sockets import open_sockets


class Bench:
    """Helpers, a silent socket, and the reports of jobs."""

    def __init__(self) -> None:
        self.helpers = Helpers("test")
        self.silent, self.peer = socket.socketpair()
        self.reported: SimpleQueue[Any] = SimpleQueue()
        self.began = threading.Semaphore(0)

    def job(self) -> CancellableJob[str]:
        return CancellableJob(self.helpers, "here", self.wait, self.reported.put)

    def wait(self, token: CancelToken) -> str:
        scope = CancelScope(clock.now() + PATIENCE, token, "the peer")
        try:
            token.check()
            self.began.release()
            scope.wait(self.silent, selectors.EVENT_READ, "waiting")
        except Cancelled:
            return "cancelled"
        return "done"


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    before = open_sockets()
    yield bench
    bench.helpers.close()
    for thread in bench.helpers.threads:
        thread.join(PATIENCE)
    assert open_sockets() == before
    bench.silent.close()
    bench.peer.close()


def test_the_outcome_is_reported(bench: Bench) -> None:
    """The report comes once all resources are released."""
    job = bench.job()
    job.begin()
    bench.peer.send(b"x")
    assert bench.reported.get(timeout=PATIENCE) == "done"
    assert job.ended.happened


def test_one_that_runs_ends_at_once(bench: Bench) -> None:
    """A running job is cancelled; a second cancel does nothing."""
    job = bench.job()
    job.begin()
    assert bench.began.acquire(timeout=PATIENCE)
    job.call_off()
    assert bench.reported.get(timeout=PATIENCE) == "cancelled"
    assert job.ended.wait(Deadline(PATIENCE))
    job.call_off()
    assert bench.reported.empty()


def test_one_that_waits_for_a_helper_ends_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cancel reports at once, though every helper is stuck."""
    monkeypatch.setattr(helpers, "STUCK", 0.0)
    running = [bench.job() for _ in range(MOST_THREADS)]
    for job in running:
        job.begin()
        assert bench.began.acquire(timeout=PATIENCE)
    waiting = bench.job()
    waiting.begin()
    waiting.call_off()
    assert waiting.ended.happened
    assert bench.reported.get_nowait() == "cancelled"
    for job in running:
        job.call_off()
        assert bench.reported.get(timeout=PATIENCE) == "cancelled"


def test_what_it_raises_is_reported(bench: Bench) -> None:
    """A fault of ours is reported, to be raised in the reader's thread."""

    def fail(token: CancelToken) -> str:
        raise ZeroDivisionError

    CancellableJob(bench.helpers, "here", fail, bench.reported.put).begin()
    assert isinstance(bench.reported.get(timeout=PATIENCE), ZeroDivisionError)


def test_one_that_cannot_begin_holds_nothing(bench: Bench) -> None:
    """No thread was available."""
    bench.helpers.close()
    job = bench.job()
    with pytest.raises(RuntimeError):
        job.begin()
    assert job.ended.happened
    assert bench.reported.empty()


def test_places() -> None:
    """A place is a host, a scheme and a proxy; no place holds up another."""
    place = helpers_place("wss://exchange.test/private?sign=1", None)
    assert place == helpers_place("wss://exchange.test/other", None)
    assert place != helpers_place("https://exchange.test/private", None)
    assert place != helpers_place("wss://exchange.test:8443/private", None)
    assert place != helpers_place("wss://exchange.test/private", "http://proxy:1")
