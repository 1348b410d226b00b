"""The CPU core of each process of a measurement."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Iterator

__all__ = ["awake", "pin"]

PLACES = {"client": 0, "server": 1}

#: While it is open, Linux lets no core sleep deeper than was written; root's only.
LATENCY = "/dev/cpu_dma_latency"


def core(role: str) -> int | None:
    """Return the core for that role; None if there is no choice."""
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
    """Keep the cores from deep sleep where the system allows it.

    A core takes up to 300 us to wake, which would hide what clients need. A process
    that keeps it busy instead, at whatever priority, would now and then hold up the
    second thread of a client for a tick of the scheduler.
    """
    try:
        latency = open(LATENCY, "wb", buffering=0)  # noqa: SIM115 - closed below
    except OSError:
        yield
        return
    with latency:
        latency.write(bytes(4))
        yield
