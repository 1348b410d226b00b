"""Waits that end at their deadline."""

from __future__ import annotations

import math
import threading
from functools import partial
from queue import Empty, SimpleQueue
from typing import Callable

import pytest

from assetstream.runtime.loop import waits
from assetstream.runtime.loop.waits import (
    Deadline,
    OneShotEvent,
    get_interruptibly,
    join_interruptibly,
)
from tests.support.event_recorder import PATIENCE
from tests.support.interleaving import at_every_step


def test_a_deadline_counts_down() -> None:
    """None never passes, 0 has passed."""
    assert Deadline(None).left() == float("inf")
    assert Deadline(0).left() == 0
    assert 59 < Deadline(60).left() <= 60


def test_get_takes_what_is_there_without_waiting() -> None:
    """A timeout of 0 takes an item that is there."""
    queue: SimpleQueue[int] = SimpleQueue()
    queue.put(1)
    assert get_interruptibly(queue, Deadline(0)) == 1
    with pytest.raises(Empty):
        get_interruptibly(queue, Deadline(0))
    with pytest.raises(Empty):
        get_interruptibly(queue, Deadline(0.01))


@pytest.mark.parametrize("a_slice", [waits.SLICE, 0.001])
def test_get_waits_in_slices_too(
    monkeypatch: pytest.MonkeyPatch, a_slice: float
) -> None:
    """On Windows a blocked wait does not see Ctrl-C, so it waits in slices."""
    monkeypatch.setattr(waits, "SLICE", a_slice)
    queue: SimpleQueue[int] = SimpleQueue()
    timer = threading.Timer(0.02, queue.put, [1])
    timer.start()
    assert get_interruptibly(queue, Deadline(PATIENCE)) == 1
    timer.join()


def test_a_latch_wakes_everyone_once_for_all() -> None:
    """Later waits return at once."""
    latch = OneShotEvent()
    assert not latch.wait(Deadline(0))
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda: answers.append(latch.wait(Deadline(PATIENCE))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    latch.set()
    for thread in threads:
        thread.join(PATIENCE)

    assert answers == [True] * 4
    assert latch.wait(Deadline(0))


@pytest.mark.parametrize("timeout", [1e10, 1e300, math.inf, 10**400])
def test_a_timeout_of_any_size_is_accepted(timeout: float) -> None:
    """More than a selector, a lock or a float can hold is for ever, or nearly."""
    deadline = Deadline(timeout, 1.0)
    assert deadline.left() > 9e9
    queue: SimpleQueue[int] = SimpleQueue()
    queue.put(1)
    assert get_interruptibly(queue, deadline) == 1
    thread = threading.Thread(target=lambda: None)
    thread.start()
    assert join_interruptibly(thread, deadline)


def test_a_call_is_made_once_when_it_has_happened() -> None:
    """By ``set``, or at once if that came before."""
    latch, calls = OneShotEvent(), list[str]()
    latch.then(lambda: calls.append("before"))
    assert calls == []
    latch.set()
    latch.then(lambda: calls.append("behind"))
    latch.set()
    assert calls == ["before", "behind"]


@pytest.mark.parametrize("first", ["set", "then"])
def test_d5_a_call_is_made_once_wherever_it_comes_in_between(first: str) -> None:
    """Neither is it lost, nor is it made again."""
    calls: list[None] = []

    def prepare() -> tuple[Callable[[], object], Callable[[], object]]:
        calls.clear()
        latch = OneShotEvent()
        acts = latch.set, partial(latch.then, partial(calls.append, None))
        return acts if first == "set" else (acts[1], acts[0])

    def check() -> None:
        assert len(calls) == 1

    assert at_every_step(prepare, check) > 3
