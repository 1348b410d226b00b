"""The cost of idle accounts: to connect, and to keep."""

from __future__ import annotations

import time
from typing import Any, Sequence

from tests.programs.benchmarks.contenders.base import Account, Contender
from tests.programs.benchmarks.control import Control
from tests.programs.benchmarks.kinds.common import Figures, begin, begin_more
from tests.programs.benchmarks.weight import Weight

__all__ = ["first", "size"]


def first(
    client: Contender, control: Control, accounts: Sequence[Account], idle: float
) -> Figures:
    """Measure the time to the first account, and the process that it lives in.

    Imports that a client puts off until then are in that time, others are not.
    """
    began, cpu_began = time.monotonic(), time.process_time()
    begin(client, control, accounts, ignore)
    ready, cpu_ready = time.monotonic(), time.process_time()
    time.sleep(idle)
    weight = Weight.now()
    return {
        "process_mb": weight.rss_kb / 1024,
        "threads": weight.threads,
        "connect_ms": (ready - began) * 1e3,
        "connect_cpu_ms": (cpu_ready - cpu_began) * 1e3,
    }


def size(
    client: Contender, control: Control, accounts: Sequence[Account], idle: float
) -> Figures:
    """Connect them all; weigh the process after ``idle`` seconds.

    The first is connected alone, with all that a process has but once: the figures of
    an account are those of the others.
    """
    begin(client, control, accounts[:1], ignore)
    before = Weight.now()
    began, cpu_began = time.monotonic(), time.process_time()
    begin_more(client, control, accounts, 1, ignore)
    ready, cpu_ready = time.monotonic(), time.process_time()
    time.sleep(idle)
    later = Weight.now()
    each = len(accounts) - 1
    return {
        "pss_kb": (later.pss_kb - before.pss_kb) / each,
        "process_mb": later.rss_kb / 1024,
        "threads": later.threads,
        "files": (later.files - before.files) / each,
        "connect_ms": (ready - began) * 1e3 / each,
        "connect_cpu_ms": (cpu_ready - cpu_began) * 1e3 / each,
    }


def ignore(currency: str, available: Any, locked: Any) -> None:
    """Take an update."""
