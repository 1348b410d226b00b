"""Who runs on which core."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import Iterator

__all__ = ["awake", "pin"]

PLACES = {"client": 0, "server": 1}

SPIN = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
while os.getppid() == int(sys.argv[2]):
    for _ in range(1_000_000):
        pass
"""


def core(role: str) -> int | None:
    """The core of that role; None where there is no choice."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    return cores[PLACES[role]] if len(cores) >= len(PLACES) else None


def pin(role: str) -> None:
    """Keep this process, and all it starts, on its role's core."""
    place = core(role)
    if place is not None:
        os.sched_setaffinity(0, {place})


@contextmanager
def awake() -> Iterator[None]:
    """Keep the clients' core from sleeping, by a process that any other pushes aside.

    A virtual core takes 100 to 300 us to wake, which would hide what clients need.
    """
    place = core("client")
    if place is None or not hasattr(os, "SCHED_IDLE"):
        yield
        return
    command = [sys.executable, "-c", SPIN, str(place), str(os.getpid())]
    with subprocess.Popen(command) as spinner:
        try:
            yield
        finally:
            spinner.kill()
