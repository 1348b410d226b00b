"""The time of a single update, from the server to the handler."""

from __future__ import annotations

import threading
import time
from typing import Sequence

from tests.programs.benchmarks.contenders.base import Account, Contender
from tests.programs.benchmarks.control import Control, Lost
from tests.programs.benchmarks.kinds.common import (
    PATIENCE,
    SETTLES,
    Figures,
    Timeline,
    begin,
    quantile,
    settle,
    wait_for,
)

__all__ = ["latency"]


def latency(
    client: Contender,
    control: Control,
    accounts: Sequence[Account],
    frames: int,
    rate: float,
    busy: bool,
) -> Figures:
    """Measure the time from the server's stamp to the callback, microseconds."""
    timeline = Timeline()
    begin(client, control, accounts, timeline.handler())
    settle(client, control, SETTLES)
    timeline.expect(frames)
    before, others = time.process_time(), client.used_by_others()
    control.load(frames, rate, len(accounts))
    if busy:
        compute_until(timeline.ended)
    else:
        wait_for(timeline.ended)
    used = time.process_time() - before
    others = client.used_by_others() - others
    delays = timeline.delays()
    return {
        "p50": quantile(delays, 0.5),
        "p99": quantile(delays, 0.99),
        "p999": quantile(delays, 0.999),
        "cpu_us": used / frames * 1e6,
        "other_cpu_us": others / frames * 1e6,
        "folded": frames - timeline.count,
    }


def compute_until(ended: threading.Event) -> None:
    """Compute in Python without a pause, as a user's busy thread does."""
    deadline = time.monotonic() + PATIENCE
    total = 0
    while not ended.is_set():
        for number in range(1000):
            total += number
        if time.monotonic() > deadline:
            raise Lost(f"the last frame did not arrive within {PATIENCE:g} s")
