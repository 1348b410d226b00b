"""Faults at random, and what readers made of them."""

from __future__ import annotations

import random
import signal
import sys
import time
from collections import Counter
from typing import Any, Callable

from assetstream.runtime.loop import clock
from assetstream.sharing.pulses import HORIZON
from tests.programs.chaos.remote.stage import FAULTS, OF_THE_ENGINE, Stage, Undo
from tests.programs.chaos.remote.table import table
from tests.programs.chaos.remote.truth import Judgement

__all__ = ["run"]

#: Seconds that a fault lasts, below and above what a lease and a horizon bear.
LASTS = (0.3, 1.0, 2.5, 4.0, 6.0, 9.0)
#: Seconds from one fault to the next.
GAP = 1.5
#: At the same time, at most.
MOST = 3


def run(
    engine: str,
    faults: int,
    seed: int,
    *,
    accounts: int,
    workers: int,
    readers: int,
    control: bool,
) -> int:
    """Let faults strike; print the figures, and return the exit code."""
    rng = random.Random(seed)
    struck: Counter[str] = Counter()
    told: list[str] = []
    with Stage(
        engine,
        accounts=accounts,
        workers=workers,
        readers=readers,
        seed=seed,
        control=control,
    ) as stage:
        findings = [f"at first: {text}" for text in stage.wait_until_live()]
        if not findings:
            strike(stage, faults, rng, struck, told.append)
        stage.truth.rest()
        findings += [f"at the end: {text}" for text in stage.wait_until_live()]
        for process in (*stage.readers, *stage.workers):
            if not process.alive:
                findings.append(f"{process.name} has ended")
        for reader in stage.readers:
            reader.end(signal.SIGTERM)
        readings = [each for reader in stage.readers for each in reader.readings()]
        found = stage.truth.judge(readings)
        findings += stage.watch.tokens.wrong
        figures = describe(stage, found, struck)
    texts = [*findings, *found.wrong[:10]]
    # In the order of time: each begins with it.
    for text in sorted([*told, *texts] if texts else ()):
        print(f"  {text}", file=sys.stderr)
    print(f"{figures}, {len(findings)} other findings")
    if control:
        return 0 if found.wrong else 1
    return 1 if found.wrong or findings or not found.readings else 0


def strike(
    stage: Stage,
    faults: int,
    rng: random.Random,
    struck: Counter[str],
    tell: Callable[[str], object],
) -> None:
    """Let faults strike, singly and overlapping; tell of each."""
    under_way: list[tuple[float, str, Undo]] = []

    def end_those_over(now: float) -> None:
        for each in [each for each in under_way if each[0] <= now]:
            under_way.remove(each)
            each[2]()

    while struck.total() < faults:
        time.sleep(rng.uniform(0.0, 2 * GAP))
        end_those_over(time.monotonic())
        if len(under_way) >= MOST:
            continue
        names = list(FAULTS)
        if any(name in OF_THE_ENGINE for _, name, _ in under_way):
            names = [name for name in names if name not in OF_THE_ENGINE]
        if not stage.workers:
            names = [name for name in names if "worker" not in name]
        name = rng.choice(names)
        struck[name] += 1
        began, lasts = clock.now(), rng.choice(LASTS)
        undo = FAULTS[name](stage, rng)
        tell(f"{began:.2f}: {name}, for {lasts:g} s")
        under_way.append((time.monotonic() + lasts, name, undo))
    end_those_over(float("inf"))
    stage.calm()


def describe(stage: Stage, found: Judgement, struck: Counter[str]) -> str:
    """Return the line of figures."""
    moves = stage.watch.tokens.moves
    return (
        f"{found.readings} LIVE readings, {len(found.wrong)} wrong, oldest "
        f"{found.oldest:.2f} s (horizon {HORIZON:g} s), {found.slow} too slow to be "
        f"judged, {found.patient} in patience after a cut, {struck.total()} faults, "
        f"{moves} moves, two connections for {stage.truth.doubled:.1f} s, "
        f"longest stall {stage.truth.stall:.2f} s"
    )


def main(options: Any) -> int:
    """Run what the command line asks for."""
    accounts = options.accounts or 6
    if options.table:
        return table(options.engine, accounts=accounts, seed=options.seed)
    return run(
        options.engine,
        options.faults,
        options.seed,
        accounts=accounts,
        workers=options.workers,
        readers=options.readers,
        control=options.control,
    )
