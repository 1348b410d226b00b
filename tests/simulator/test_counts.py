"""Counts, and waiting for them."""

from __future__ import annotations

import threading

import pytest

from assetstream.simulator.counts import ChangeSignal, Seen


def test_each_count_is_raised() -> None:
    """Each of the given counts grows by one or more."""
    signal, one, other = ChangeSignal(), Seen(), Seen(pushes=3)
    signal.count("pushes", one, other, by=2)
    signal.count("reads", one)
    signal.announce()

    assert one == Seen(pushes=2, reads=1)
    assert other == Seen(pushes=5)


def test_a_change_in_another_thread_ends_a_wait() -> None:
    """A count, or any other announcement, wakes it."""
    signal, seen, flag = ChangeSignal(), Seen(), threading.Event()

    def change() -> None:
        signal.count("frames", seen)
        flag.set()
        signal.announce()

    threading.Timer(0.01, change).start()
    signal.wait_for(lambda: seen.frames, 5.0, str)
    signal.wait_for(flag.is_set, 5.0, str)


def test_a_condition_that_changes_the_counts_cannot_dead_lock() -> None:
    """The condition runs without the lock."""
    signal, seen = ChangeSignal(), Seen()

    def met() -> bool:
        signal.count("reads", seen)
        return seen.reads >= 3

    signal.wait_for(met, 5.0, str)
    assert seen.reads == 3


def test_a_wait_in_vain_describes_how_things_stand() -> None:
    """The error after the timeout has the counts."""
    with pytest.raises(TimeoutError, match=r"after 0\.01 s: reads=0"):
        ChangeSignal().wait_for(lambda: False, 0.01, lambda: "reads=0")
