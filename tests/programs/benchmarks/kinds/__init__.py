"""The kinds of measurements: one function each, called with a contender."""

from __future__ import annotations

from typing import Callable, Mapping

from tests.programs.benchmarks.kinds.age import age
from tests.programs.benchmarks.kinds.audits import audits
from tests.programs.benchmarks.kinds.burst import burst
from tests.programs.benchmarks.kinds.common import Figures
from tests.programs.benchmarks.kinds.currencies import currencies
from tests.programs.benchmarks.kinds.latency import latency
from tests.programs.benchmarks.kinds.pauses import pauses
from tests.programs.benchmarks.kinds.recovery import recovery
from tests.programs.benchmarks.kinds.saturation import saturation
from tests.programs.benchmarks.kinds.scrape import scrape
from tests.programs.benchmarks.kinds.size import first, size

__all__ = ["KINDS"]

KINDS: Mapping[str, Callable[..., Figures]] = {
    "age": age,
    "audits": audits,
    "burst": burst,
    "currencies": currencies,
    "first": first,
    "latency": latency,
    "pauses": pauses,
    "recovery": recovery,
    "saturation": saturation,
    "scrape": scrape,
    "size": size,
}
