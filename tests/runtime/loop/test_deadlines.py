"""The queue of deadlines."""

from __future__ import annotations

import math
import random
import weakref

import pytest

from assetstream.runtime.loop import clock
from assetstream.runtime.loop.deadlines import MOST_SUPERSEDED, DeadlineQueue


class Someone:
    def __init__(self, deadline: float) -> None:
        self.deadline = deadline

    def due(self) -> None:
        raise NotImplementedError


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the clock, which the test sets."""
    time = [0.0]
    monkeypatch.setattr(clock, "now", lambda: time[0])
    return time


def test_the_earliest_first(now: list[float]) -> None:
    """Owners whose time has come are due, in order."""
    agenda = DeadlineQueue()
    late, early, never = Someone(3.0), Someone(1.0), Someone(math.inf)
    for each in (late, early, never):
        agenda.plan(each)

    assert agenda.timeout() == 1.0
    now[0] = 2.0
    assert agenda.passed() == [early]
    assert agenda.timeout() == 1.0
    now[0] = 3.0
    assert agenda.passed() == [late]
    assert agenda.timeout() is None


def test_one_put_off_is_looked_at_again(now: list[float]) -> None:
    """At the old time nothing is due; at the new one it is."""
    agenda, one = DeadlineQueue(), Someone(1.0)
    agenda.plan(one)
    one.deadline = 5.0
    agenda.plan(one)
    now[0] = 1.0

    assert agenda.passed() == []
    assert agenda.timeout() == 4.0


def test_one_brought_forward_is_due_once(now: list[float]) -> None:
    """The entry of the former time is superseded."""
    agenda, one = DeadlineQueue(), Someone(5.0)
    agenda.plan(one)
    one.deadline = 1.0
    agenda.plan(one)
    now[0] = 1.0
    assert agenda.passed() == [one]
    now[0] = 5.0
    assert agenda.passed() == []


def test_one_forgotten_is_not_due(now: list[float]) -> None:
    """The entry that is left in the queue does nothing."""
    agenda, one = DeadlineQueue(), Someone(1.0)
    agenda.plan(one)
    agenda.forget(one)
    now[0] = 2.0
    assert agenda.passed() == []


def test_it_does_not_grow_with_what_is_superseded(now: list[float]) -> None:
    """Deadlines that are often brought forward leave no pile of entries."""
    agenda, one = DeadlineQueue(), Someone(1e9)
    for _ in range(10_000):
        one.deadline -= 1
        agenda.plan(one)
    assert len(agenda._heap) <= MOST_SUPERSEDED + 2


def test_nobody_is_ever_late(now: list[float]) -> None:
    """Random changes of many deadlines make no owner late."""
    rng = random.Random(1)
    agenda, all_of_them = DeadlineQueue(), [Someone(math.inf) for _ in range(20)]
    for _ in range(2000):
        one = rng.choice(all_of_them)
        one.deadline = now[0] + rng.choice([0.0, 1.0, 5.0, 100.0, math.inf])
        agenda.plan(one)
        now[0] += rng.random()
        passed = agenda.passed()
        assert {x for x in all_of_them if x.deadline <= now[0]} == set(passed)
        for each in passed:
            each.deadline = math.inf


def test_d5_who_has_gone_is_held_by_nothing(now: list[float]) -> None:
    """Neither by the entry that counted nor by those that were superseded."""
    agenda, one = DeadlineQueue(), Someone(1e9)
    for _ in range(3):
        one.deadline -= 1
        agenda.plan(one)
    agenda.forget(one)
    gone = weakref.ref(one)
    del one
    assert gone() is None
