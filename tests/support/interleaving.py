"""Threads and signal handlers that come in between wherever that is possible."""

from __future__ import annotations

import sys
import threading
from types import FrameType
from typing import Any, Callable

from tests.support.event_recorder import PATIENCE

__all__ = ["all_at_once", "at_every_step"]


def all_at_once(*acts: Callable[[], object]) -> None:
    """Run all of these, each in a thread, and switch between them all the time.

    Raises:
        AssertionError: one raised, or did not end.
    """
    interval = sys.getswitchinterval()
    go = threading.Barrier(len(acts))
    done: list[None] = []

    def run(act: Callable[[], object]) -> None:
        go.wait(PATIENCE)
        act()
        done.append(None)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    finally:
        sys.setswitchinterval(interval)
    assert len(done) == len(acts)


def at_every_step(
    prepare: Callable[[], tuple[Callable[[], object], Callable[[], object]]],
    check: Callable[[], object],
) -> int:
    """Let one act come in between every two instructions of another, once each.

    That is what a signal handler does, and what a thread can do.

    Args:
        prepare: makes everything anew; returns what is interrupted, and what by.
        check: asserts that both have had their effect.

    Returns:
        The number of instructions of the first, Python's own library left out.
    """
    step = 0
    while interrupt(*prepare(), step):
        check()
        step += 1
    return step


def interrupt(act: Callable[[], object], by: Callable[[], object], step: int) -> bool:
    """Run an act, and another in the middle; False if the first was over before."""
    left = step

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if "assetstream" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left < 0:
                sys.settrace(None)
                frame.f_trace = None
                by()
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        act()
    finally:
        sys.settrace(before)
    return left < 0
