"""Threads and sockets that are left over: they do not end by themselves."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Iterable

from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE
from tests.support.sockets import descriptors, open_sockets

__all__ = ["left_open", "left_over"]

#: Real seconds that a thread or a socket may take to end. Fewer than the threads of
#: tests wait for anything: a thread that was left waiting is found.
END_TIME = PATIENCE / 2


def left_over(threads: Iterable[threading.Thread]) -> list[threading.Thread]:
    """Return those that do not end, however much time a busy machine gives them.

    The package's clock stands still meanwhile: a wait with a deadline does not end by
    that, and so cannot pass for an end.
    """
    alive = [thread for thread in threads if thread.is_alive()]
    if not alive:
        return []
    deadline = time.monotonic() + END_TIME
    with TimeMachine(speed=0.0).installed():
        for thread in alive:
            thread.join(max(0.0, deadline - time.monotonic()))
    return [thread for thread in alive if thread.is_alive()]


def left_open(before: set[str]) -> list[str]:
    """Return the sockets that nobody closes beside those before, with where they lead.

    Args:
        before: as ``open_sockets`` returned them.
    """
    deadline = time.monotonic() + END_TIME
    while (left := open_sockets() - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    return [f"{link} {_described(link)}" for link in left]


def _described(link: str) -> str:
    try:
        with socket.socket(fileno=os.dup(descriptors()[link])) as twin:
            return repr(twin)
    except (KeyError, OSError):
        return "closed by now"
