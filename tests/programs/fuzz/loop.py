"""A loop that tries inputs, and keeps those that break a property."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import tempfile
import time
import traceback
from importlib.util import find_spec
from pathlib import Path

from tests.programs.fuzz.corpus import TARGETS, seeds
from tests.programs.fuzz.mutation import LONGEST, mutate

__all__ = ["Findings", "fuzz"]

#: Inputs that the random mutator goes on from.
POOL = 2000
#: The longest that one input may take, seconds, and the memory of it all, MB.
SLOWEST_S, MOST_MB = 10, 2048
COVERAGE = re.compile(r"cov: (\d+) ft: (\d+)")
EXECUTED = re.compile(r"stat::number_of_executed_units: +(\d+)")


class Findings:
    """Runs inputs; writes down those that raise, one for each place."""

    def __init__(self, target: str, folder: Path) -> None:
        self.executions = 0
        self._check = TARGETS[target].check
        self._target = target
        self._folder = folder
        self._seen: dict[str, Path] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def run(self, data: bytes) -> None:
        """Check one input."""
        self.executions += 1
        try:
            self._check(bytes(data))
        except Exception as error:
            self._keep(data, error)

    def _keep(self, data: bytes, error: Exception) -> None:
        ours = [
            f"{Path(at.filename).name}:{at.lineno}"
            for at in traceback.extract_tb(error.__traceback__)
        ]
        place = " ".join([type(error).__name__, *ours[-3:]])
        if place in self._seen:
            return
        path = self._folder / f"{self._target}-{len(self._seen)}-{os.getpid()}.bin"
        path.write_bytes(data)
        self._seen[place] = path
        print(f"FOUND {path}: {error!r:.200}\n  at {place}", flush=True)


def fuzz(target: str, seconds: float, seed: int, folder: Path) -> int:
    """Fuzz one target; print its figures. Return 1 if there is a finding."""
    guided = find_spec("atheris") is not None
    began = time.monotonic()
    if guided:
        executions, found, features = _guided(target, seconds, seed, folder)
    else:
        findings = Findings(target, folder)
        _random(findings, target, seconds, seed)
        executions, found, features = findings.executions, len(findings), "unknown"
    spent = time.monotonic() - began
    print(
        f"{target}: {executions} executions, {executions / spent:.0f}/s, "
        f"{found} unique findings, coverage features {features}, "
        f"{'atheris' if guided else 'random mutator'}, seed {seed}",
        flush=True,
    )
    return int(found > 0)


def _random(findings: Findings, target: str, seconds: float, seed: int) -> None:
    source = random.Random(seed)
    first = seeds(target)
    for data in first:
        findings.run(data)
    pool = list(first)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        data = mutate(target, source.choice(pool), source)
        findings.run(data)
        # Some of what was made goes on, but never far from the samples.
        if len(pool) < POOL:
            pool.append(data)
        elif source.random() < 0.3:
            fresh = source.choice(first) if source.random() < 0.5 else data
            pool[source.randrange(POOL)] = fresh


def _guided(
    target: str, seconds: float, seed: int, folder: Path
) -> tuple[int, int, str]:
    """Run libFuzzer in its own process, which it ends."""
    before = set(folder.glob(f"{target}-*"))
    with tempfile.TemporaryDirectory() as corpus:
        options = [
            f"-max_total_time={seconds:.0f}",
            f"-seed={seed}",
            f"-max_len={LONGEST}",
        ]
        options += [f"-timeout={SLOWEST_S}", f"-rss_limit_mb={MOST_MB}"]
        options += ["-print_final_stats=1", f"-artifact_prefix={folder}/{target}-"]
        command = [sys.executable, "-m", "tests.programs.fuzz.guided", target]
        child = subprocess.Popen(
            [*command, str(folder), corpus, *options], stderr=subprocess.PIPE
        )
        assert child.stderr is not None
        stderr = child.stderr.read().decode(errors="replace")
        child.wait()
    executed, covered = EXECUTED.findall(stderr), COVERAGE.findall(stderr)
    if child.returncode:
        # A hang, a crash or too much memory: libFuzzer wrote the input itself.
        print(stderr[-3000:], file=sys.stderr)
    found = len(set(folder.glob(f"{target}-*")) - before)
    return (
        int(executed[-1]) if executed else 0,
        max(found, int(child.returncode != 0)),
        covered[-1][1] if covered else "unknown",
    )
