"""The rate of updates at which one core can do no more."""

from __future__ import annotations

import time
from typing import Callable, NamedTuple, Sequence

from tests.programs.benchmarks.contenders.base import Account, Contender
from tests.programs.benchmarks.control import Control, Lost
from tests.programs.benchmarks.kinds.common import (
    Figures,
    Timeline,
    begin_weighed,
    quantile,
    settle,
    wait_for,
)
from tests.programs.benchmarks.weight import Weight

__all__ = ["saturation"]

#: Seconds of its clock between the start and the first rate.
SETTLES = 10.0
#: A backlog that is not read within so many seconds of the last frame had grown.
BACKLOG_S = 0.5
#: The longest p99 of a rate that is kept up with, microseconds.
MOST_US = 100_000.0
#: The load server keeps a rate up if it takes no longer by more than this factor.
TOLERANCE = 1.05
#: Updates a second that any client must keep up with.
LEAST = 100.0
#: How often the step between a rate that is kept up with and one that is not is halved.
HALVINGS = 4


class Step(NamedTuple):
    """One rate.

    Attributes:
        rate: updates a second that were really sent.
        kept: the client has kept up with it.
        offered: the load server has.
        cpu_us: the client's CPU, microseconds per update.
    """

    rate: float
    kept: bool
    offered: bool
    cpu_us: float


def saturation(
    client: Contender,
    control: Control,
    accounts: Sequence[Account],
    active: int,
    first: float,
    seconds: float,
    idle: float,
) -> Figures:
    """Weigh the accounts while all are idle, then find the highest rate.

    The rate is that of ``active`` accounts together; the others stay idle.
    """
    timeline = Timeline()
    before = begin_weighed(client, control, accounts, timeline.handler())
    settle(client, control, SETTLES)
    later = Weight.now()
    reads, began, cpu_began = control.reads(), time.monotonic(), time.process_time()
    time.sleep(idle)
    elapsed, used = time.monotonic() - began, time.process_time() - cpu_began
    reads = control.reads() - reads

    def attempt(rate: float) -> Step:
        step = load(control, timeline, active, rate, seconds)
        # One hiccup of the machine is no saturation.
        return step if step.kept else load(control, timeline, active, rate, seconds)

    best = highest(attempt, first)
    return {
        "us": 1e6 / best.rate,
        "rate": best.rate,
        "cpu_us": best.cpu_us,
        "pss_kb": (later.pss_kb - before.pss_kb) / (len(accounts) - 1),
        "cpu": used / elapsed * 100,
        "reads": reads / elapsed,
        "at_least": not best.offered,
    }


def highest(attempt: Callable[[float], Step], first: float) -> Step:
    """Return the step with the highest rate that the client keeps up with.

    It goes up by doubling, as long as the load server keeps up with itself, and then by
    halves between the last that was kept up with and the first that was not.
    """
    rate, best = first, attempt(first)
    while not best.kept:
        if rate < LEAST:
            raise Lost(f"it does not keep up with {rate:,.0f} updates a second")
        rate, best = rate / 2, attempt(rate / 2)
    while best.offered:
        step = attempt(rate * 2)
        if not step.kept:
            return between(attempt, best, rate, rate * 2)
        rate, best = rate * 2, step
    return best


def between(
    attempt: Callable[[float], Step], best: Step, low: float, high: float
) -> Step:
    """Return the best step between a rate that is good and one that is too high."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        step = attempt(middle)
        if step.kept:
            low, best = middle, step
        else:
            high = middle
    return best


def load(
    control: Control, timeline: Timeline, active: int, rate: float, seconds: float
) -> Step:
    """Try one rate for so many seconds."""
    frames = int(rate * seconds)
    timeline.expect(frames)
    before = time.process_time()
    began = control.load(frames, rate, active)
    wait_for(timeline.arrived)
    used = time.process_time() - before
    arrived = time.monotonic()
    sent = control.sent()
    return Step(
        frames / (sent - began),
        kept=(
            arrived - sent <= BACKLOG_S and quantile(timeline.delays(), 0.99) <= MOST_US
        ),
        offered=sent - began <= seconds * TOLERANCE,
        cpu_us=used / frames * 1e6,
    )
