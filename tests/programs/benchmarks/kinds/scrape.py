"""Scrapes of metrics: how long they take, and updates beside them."""

from __future__ import annotations

import statistics
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Iterator, NamedTuple, Sequence

from tests.programs.benchmarks.contenders.base import Account, Contender
from tests.programs.benchmarks.contenders.group import Client
from tests.programs.benchmarks.control import Control
from tests.programs.benchmarks.kinds.common import (
    Figures,
    Timeline,
    begin,
    quantile,
    settle,
    wait_for,
)

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

__all__ = ["scrape"]

#: Seconds of its clock between the start and the load.
SETTLES = 10.0
#: Seconds between two scrapes; those of a Prometheus are 15 apart.
EVERY = 1.0
#: Loads of each kind, in turns: what else the machine does is in both.
TURNS = 3


def scrape(
    client: Contender,
    control: Control,
    accounts: Sequence[Account],
    frames: int,
    rate: float,
) -> Figures:
    """Measure scrapes as the server makes them, and latency with and without them."""
    # Imported here: no other kind needs the extra.
    from prometheus_client import CollectorRegistry

    from assetstream import Collector

    timeline = Timeline()
    begin(client, control, accounts, timeline.handler())
    settle(client, control, SETTLES)
    assert isinstance(client, Client)
    assert client.group is not None
    troubled, everyone = CollectorRegistry(), CollectorRegistry()
    troubled.register(Collector(client.group))
    everyone.register(Collector(client.group, accounts="all"))

    def load() -> list[float]:
        timeline.expect(frames)
        control.load(frames, rate, active=len(accounts))
        wait_for(timeline.arrived)
        return timeline.delays()

    quiet, beside = list[float](), list[float]()
    times, all_times = list[Took](), list[Took]()
    for _ in range(TURNS):
        quiet += load()
        with scraping(troubled, times):
            beside += load()
    with scraping(everyone, all_times):
        load()
    return {
        "ms": statistics.median(took.wall for took in times),
        "worst_ms": max(took.wall for took in times),
        "cpu_ms": statistics.median(took.cpu for took in times),
        "all_ms": statistics.median(took.wall for took in all_times),
        "p50": quantile(sorted(beside), 0.5),
        "quiet_p50": quantile(sorted(quiet), 0.5),
        "p99": quantile(sorted(beside), 0.99),
        "quiet_p99": quantile(sorted(quiet), 0.99),
    }


class Took(NamedTuple):
    """The time of one scrape, and its thread's CPU, milliseconds."""

    wall: float
    cpu: float


@contextmanager
def scraping(registry: CollectorRegistry, times: list[Took]) -> Iterator[None]:
    """Scrape again and again, in a thread; add the times it took."""
    from prometheus_client import generate_latest

    over = threading.Event()

    def scrape_on() -> None:
        while True:
            began, cpu_began = time.perf_counter(), time.thread_time()
            generate_latest(registry)
            wall, cpu = time.perf_counter() - began, time.thread_time() - cpu_began
            times.append(Took(wall * 1e3, cpu * 1e3))
            if over.wait(EVERY):
                return

    thread = threading.Thread(target=scrape_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
