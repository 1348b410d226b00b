"""The longest waits of many accounts, and those for the garbage collector."""

from __future__ import annotations

import gc
import time
from typing import Sequence

from tests.programs.benchmarks.contenders.base import Account, Contender
from tests.programs.benchmarks.control import Control
from tests.programs.benchmarks.kinds.common import (
    Figures,
    Timeline,
    begin,
    quantile,
    settle,
    wait_for,
)

__all__ = ["pauses"]

#: Seconds of its clock between the start and the load.
SETTLES = 10.0


class Collections:
    """Times the runs of the garbage collector."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._began = 0.0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self.longest = max(self.longest, time.perf_counter() - self._began)


def pauses(
    client: Contender,
    control: Control,
    accounts: Sequence[Account],
    frames: int,
    rate: float,
) -> Figures:
    """Measure latency at a rate over all accounts, and collections meanwhile.

    A full collection comes seldom, perhaps not in this time: one is made at the end.
    """
    timeline, collections = Timeline(), Collections()
    begin(client, control, accounts, timeline.handler())
    settle(client, control, SETTLES)
    timeline.expect(frames)
    gc.callbacks.append(collections)
    before = time.process_time()
    control.load(frames, rate, active=len(accounts))
    wait_for(timeline.arrived)
    used = time.process_time() - before
    gc.callbacks.remove(collections)
    began = time.perf_counter()
    gc.collect()
    full = time.perf_counter() - began
    delays = timeline.delays()
    return {
        "p50": quantile(delays, 0.5),
        "p99": quantile(delays, 0.99),
        "p999": quantile(delays, 0.999),
        "longest_ms": delays[-1] / 1e3,
        "gc_ms": collections.longest * 1e3,
        "full_gc_ms": full * 1e3,
        "cpu_us": used / frames * 1e6,
        "folded": frames - timeline.count,
    }
