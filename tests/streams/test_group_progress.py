"""The counts of a group's accounts that are LIVE, were LIVE, or have ended."""

from __future__ import annotations

from functools import partial
from queue import SimpleQueue
from typing import Any, Callable

import pytest

from assetstream import Progress, State
from assetstream.streams.group_progress import GroupProgress
from tests.support.interleaving import all_at_once, at_every_step


class Run:
    """A stand-in for a stream's run, only to be counted."""


@pytest.fixture
def runs() -> list[Any]:
    return [Run(), Run(), Run()]


@pytest.fixture
def progress(runs: list[Any]) -> GroupProgress:
    progress = GroupProgress()
    for run in runs:
        progress.add(run)
    return progress


def figures(progress: GroupProgress) -> tuple[bool, bool, bool]:
    return progress.lived, progress.settled, progress.over


def test_states_are_counted(progress: GroupProgress, runs: list[Any]) -> None:
    """An account that was LIVE once has settled; an ended one is not LIVE."""
    assert progress.members == runs
    assert progress.progress() == Progress(0, 0, 3)
    assert figures(progress) == (False, False, False)
    progress.note(runs[0], State.CONNECTING)
    assert progress.progress() == Progress(0, 0, 3)
    for run in runs[:2]:
        progress.note(run, State.LIVE)
    assert progress.progress() == Progress(2, 0, 3, settled=2)
    progress.note(runs[0], State.STALE)
    assert progress.progress() == Progress(1, 0, 3, settled=2)
    assert figures(progress) == (True, False, False)
    progress.note(runs[2], State.FAILED)
    assert progress.progress() == Progress(1, 1, 3, settled=3)
    assert figures(progress) == (True, True, False)
    for run in runs[:2]:
        progress.note(run, State.STOPPED)
    assert progress.progress() == Progress(0, 3, 3, settled=3)
    assert figures(progress) == (True, True, True)


def test_who_is_removed_does_not_count(
    progress: GroupProgress, runs: list[Any]
) -> None:
    """Later changes of a removed account are ignored."""
    progress.note(runs[0], State.LIVE)
    progress.remove(runs[0])
    assert progress.progress() == Progress(0, 0, 2)
    assert not progress.lived
    progress.note(runs[0], State.LIVE)
    progress.note(runs[0], State.STOPPED)
    assert progress.progress() == Progress(0, 0, 2)
    for run in runs[1:]:
        progress.note(run, State.FAILED)
        progress.remove(run)
    assert progress.progress() == Progress(0, 0, 0)
    assert progress.settled
    assert not progress.over


def test_those_who_wait_look_again(progress: GroupProgress, runs: list[Any]) -> None:
    """Each change wakes the waiting threads until they leave."""
    queue = progress.watch()
    progress.note(runs[0], State.CONNECTING)
    assert queue.qsize() == 0
    progress.note(runs[0], State.LIVE)
    progress.note(runs[1], State.FAILED)
    progress.remove(runs[1])
    progress.poke()
    assert queue.qsize() == 4
    progress.unwatch(queue)
    progress.poke()
    assert queue.qsize() == 4


def test_d5_no_waiter_is_lost_under_any_interleaving(progress: GroupProgress) -> None:
    """Fault 15: one that begins to wait while others come and go is woken."""
    lost: list[bool] = []

    def wait() -> None:
        for _ in range(100):
            queue = progress.watch()
            progress.poke()
            lost.append(queue.empty())
            progress.unwatch(queue)

    all_at_once(*[wait] * 8)
    assert len(lost) == 800
    assert not any(lost)


@pytest.mark.parametrize("interrupted", ["watch", "unwatch"])
def test_d5_no_waiter_is_lost_wherever_one_comes_in_between(interrupted: str) -> None:
    """A signal handler may begin to wait while another waiter comes or goes."""
    queues: list[SimpleQueue[None]] = []
    progress = GroupProgress()

    def prepare() -> tuple[Callable[[], object], Callable[[], object]]:
        queues.clear()
        acts: dict[str, Callable[[], object]] = {
            "watch": lambda: queues.append(progress.watch()),
            "unwatch": partial(progress.unwatch, progress.watch()),
        }
        return acts[interrupted], acts["watch"]

    def check() -> None:
        progress.poke()
        assert not any(queue.empty() for queue in queues)
        assert len(queues) == (2 if interrupted == "watch" else 1)

    assert at_every_step(prepare, check) > 3
