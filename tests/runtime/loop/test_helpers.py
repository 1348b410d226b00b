"""Threads that run blocking jobs."""

from __future__ import annotations

import gc
import threading
import weakref
from queue import SimpleQueue
from typing import Callable, Iterator

import pytest

from assetstream.runtime.loop import clock
from assetstream.runtime.loop import helpers as module
from assetstream.runtime.loop.helpers import MOST_THREADS, USUAL_THREADS, Helpers
from tests.support.event_recorder import PATIENCE


@pytest.fixture
def helpers() -> Iterator[Helpers]:
    """Give helpers whose threads have ended when the test has."""
    helpers = Helpers("test")
    yield helpers
    helpers.close()
    for thread in helpers.threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


class Stuck:
    """A job that runs until it is released."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.thread = ""

    def __call__(self) -> None:
        self.thread = threading.current_thread().name
        self.begun.set()
        self.let_go.wait(PATIENCE)


@pytest.fixture
def stuck(
    helpers: Helpers, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, int], list[Stuck]]]:
    """Start jobs at a place, wait until they run, and release them in the end."""
    monkeypatch.setattr(module, "STUCK", 0.0)
    started: list[Stuck] = []

    def start(place: str, number: int) -> list[Stuck]:
        jobs = [Stuck() for _ in range(number)]
        for job in jobs:
            assert helpers.start(place, job) == 0
            assert job.begun.wait(PATIENCE)
        started.extend(jobs)
        return jobs

    yield start
    for job in started:
        job.let_go.set()


Start = Callable[[str, int], list[Stuck]]


def run(helpers: Helpers, place: str = "here") -> str:
    """Run a short job; return its thread's name once that is idle again."""
    job = Stuck()
    job.let_go.set()
    helpers.start(place, job)
    assert job.begun.wait(PATIENCE)
    until(lambda: helpers._places[place].idle)
    return job.thread


def until(met: Callable[[], object]) -> None:
    deadline = clock.now() + PATIENCE
    while not met():
        assert clock.now() < deadline


def test_an_idle_helper_takes_the_next_job(helpers: Helpers) -> None:
    """A place has only as many threads as it has jobs at once."""
    assert helpers.threads == []
    assert [run(helpers) for _ in range(3)] == ["test-helper-1"] * 3
    assert len(helpers.threads) == 1


def test_l5_a_stuck_place_holds_up_no_other(helpers: Helpers, stuck: Start) -> None:
    """A place has MOST_THREADS helpers at most; its other jobs wait in order."""
    held = stuck("silent", MOST_THREADS)
    waiting = [Stuck() for _ in range(2)]
    assert [helpers.start("silent", job) for job in waiting] == [1, 2]
    assert run(helpers, "other") == f"test-helper-{MOST_THREADS + 1}"
    assert not any(job.begun.is_set() for job in waiting)
    assert len(helpers.threads) == MOST_THREADS + 1

    held[0].let_go.set()
    assert waiting[0].begun.wait(PATIENCE)
    assert not waiting[1].begun.is_set()
    waiting[0].let_go.set()
    assert waiting[1].begun.wait(PATIENCE)
    waiting[1].let_go.set()


def test_a_place_that_answers_has_a_few_helpers(
    helpers: Helpers, stuck: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each job that is stuck gives its share to another, the longest waiting first."""
    now = 100.0
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(module, "STUCK", 1.0)
    held = stuck("here", USUAL_THREADS)
    second, third = Stuck(), Stuck()
    helpers.start("here", second)
    assert len(helpers.threads) == USUAL_THREADS
    now = 101.0
    helpers.start("here", third)
    assert second.begun.wait(PATIENCE)

    assert len(helpers.threads) == USUAL_THREADS + 1
    assert not third.begun.is_set()
    for job in (*held, second, third):
        job.let_go.set()
    assert third.begun.wait(PATIENCE)


def test_l5_a_job_that_waits_can_be_withdrawn(helpers: Helpers, stuck: Start) -> None:
    """A job that runs, has run, or is unknown cannot be."""
    held = stuck("here", MOST_THREADS)
    first, second = Stuck(), Stuck()
    helpers.start("here", first)
    helpers.start("here", second)
    assert helpers.withdraw("here", first)
    assert not helpers.withdraw("here", first)
    assert not helpers.withdraw("here", held[0])
    assert not helpers.withdraw("elsewhere", second)

    held[0].let_go.set()
    assert second.begun.wait(PATIENCE)
    second.let_go.set()
    assert not first.begun.is_set()


def test_l5_an_idle_helper_ends(
    helpers: Helpers, stuck: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The helper that worked last is kept longest; new ones can start later."""
    one, two = stuck("here", 2)
    one.let_go.set()
    until(lambda: helpers._places["here"].idle)
    two.let_go.set()
    until(lambda: len(helpers._places["here"].idle) == 2)
    assert run(helpers) == two.thread

    monkeypatch.setattr(module, "IDLE_TIME", 0.01)
    short = Stuck()
    short.let_go.set()
    helpers.start("there", short)
    assert short.begun.wait(PATIENCE)
    until(lambda: "there" not in helpers._places)  # D5
    monkeypatch.undo()
    assert run(helpers, "there") != short.thread


def test_a_machine_without_a_free_thread(
    helpers: Helpers, stuck: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first job of a place raises; later ones wait for its helpers."""

    def no_thread(thread: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError):
            helpers.start("here", lambda: None)
    assert helpers.threads == []

    (held,) = stuck("here", 1)
    done = threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        helpers.start("here", done.set)
    held.let_go.set()
    assert done.wait(PATIENCE)


@pytest.mark.parametrize("fault", [ValueError, SystemExit])
def test_a_job_that_raises_takes_no_thread_along(
    helpers: Helpers, caplog: pytest.LogCaptureFixture, fault: type[BaseException]
) -> None:
    """The exception is logged, and the thread runs the next job."""

    def fail() -> None:
        raise fault

    helpers.start("here", fail)
    until(lambda: helpers._places["here"].idle)

    assert run(helpers) == "test-helper-1"
    assert len(caplog.records) == 1


def test_d4_a_logging_handler_that_raises_takes_no_thread_along(
    helpers: Helpers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither does its raise when that is logged."""

    def fail(*args: object, **options: object) -> None:
        raise SystemExit

    monkeypatch.setattr(module, "log", fail)
    helpers.start("here", fail)
    until(lambda: helpers._places["here"].idle)

    assert run(helpers) == "test-helper-1"
    assert not helpers._places["here"].running


def test_closed_helpers_take_no_job(helpers: Helpers, stuck: Start) -> None:
    """Waiting jobs still run, to release what they hold; then all threads end."""
    held, waiting = stuck("here", MOST_THREADS), threading.Event()
    helpers.start("here", waiting.set)
    run(helpers, "there")
    helpers.close()
    with pytest.raises(RuntimeError, match="closed"):
        helpers.start("here", lambda: None)
    for job in held:
        job.let_go.set()
    for thread in helpers.threads:
        thread.join(PATIENCE)

    assert len(helpers.threads) == MOST_THREADS + 1
    assert not any(thread.is_alive() for thread in helpers.threads)
    assert waiting.is_set()


def test_d5_a_helper_without_a_job_holds_none(helpers: Helpers) -> None:
    """Neither its first nor its last: their streams may be gone."""
    gone = []
    for _ in range(2):
        job = Stuck()
        job.let_go.set()
        gone.append(weakref.ref(job))
        helpers.start("here", job)
        until(lambda: helpers._places["here"].idle)
        del job
    until(lambda: gc.collect() >= 0 and not any(ref() for ref in gone))


def test_a_job_runs_in_one_of_the_helpers(
    helpers: Helpers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may ask so at once: what waits for the helpers must not wait for itself."""
    found: SimpleQueue[bool] = SimpleQueue()
    start = threading.Thread.start

    def slow_start(thread: threading.Thread) -> None:
        start(thread)
        found.put(found.get(timeout=PATIENCE))  # the job comes first

    monkeypatch.setattr(threading.Thread, "start", slow_start)
    helpers.start(
        "here", lambda: found.put(threading.current_thread() in helpers.threads)
    )
    assert found.get(timeout=PATIENCE)
