"""Results as data, and the rows of two runs that do not agree."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from tests.programs.benchmarks.report import fine, label, number
from tests.programs.benchmarks.rounds import Results
from tests.programs.benchmarks.scenarios import SCENARIOS

__all__ = ["Run", "differences", "read", "write"]

#: Where rounds lie closer together than that part of their median, or there is only
#: one, two runs may differ by as much.
LEAST_SPREAD = 0.05


class Run(NamedTuple):
    """One run.

    Attributes:
        facts: as ``report.heading`` needs them.
        found: scenario -> contender -> figures of each round.
    """

    facts: Mapping[str, Any]
    found: Mapping[str, Results]


def write(path: Path, run: Run) -> None:
    """Write a run as JSON."""
    path.write_text(json.dumps(run._asdict(), indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Run:
    """Read a run that ``write`` has written."""
    return Run(**json.loads(path.read_text(encoding="utf-8")))


def differences(before: Run, after: Run) -> Iterator[str]:
    """Name each row of which a figure is another in the later run.

    It is another if neither run's median lies within the other's least to most; runs
    with no such row in common have nothing to say.
    """
    for name, results in after.found.items():
        earlier = before.found.get(name, {})
        for contender in results:
            if contender not in earlier:
                continue
            for column in SCENARIOS[name].columns:
                old, new = (
                    [f[column.key] for f in fine(rounds) if column.key in f]
                    for rounds in (earlier[contender], results[contender])
                )
                if not agree(old, new):
                    yield (
                        f"{name}: {label(name, contender)}: {column.title}: "
                        f"{words(old)}, then {words(new)}"
                    )


def agree(old: Sequence[float], new: Sequence[float]) -> bool:
    """Return whether two runs have the same figure; it may be none in both."""
    if not old or not new:
        return not old and not new
    return within(median(new), old) or within(median(old), new)


def within(value: float, values: Sequence[float]) -> bool:
    """Return whether a value lies in the spread of others."""
    slack = LEAST_SPREAD * abs(median(values))
    return median(values) - slack <= value <= median(values) + slack or (
        min(values) <= value <= max(values)
    )


def words(values: Sequence[float]) -> str:
    """Return the median and the spread of a figure."""
    if not values:
        return "no figure"
    low, high = number(min(values)), number(max(values))
    return f"{number(median(values))} ({low} to {high})"
