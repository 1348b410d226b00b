"""Rounds of measurements: every contender once in turn, each in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable, Iterator, Sequence

from tests.programs.benchmarks.contenders import ENTRIES
from tests.programs.benchmarks.control import running_server
from tests.programs.benchmarks.cores import awake
from tests.programs.benchmarks.imports import measure_import
from tests.programs.benchmarks.scenarios import SCENARIOS

__all__ = ["Results", "run"]

#: contender -> its figures, one per round; those of a skipped one hold why.
Results = dict[str, list[dict[str, Any]]]
Progress = Callable[[str], object]

#: The longest that one measurement may take, seconds.
PATIENCE = 1_800.0


def run(
    name: str,
    contenders: Sequence[str] = (),
    *,
    rounds: int | None = None,
    quick: bool = False,
    progress: Progress = lambda line: None,
) -> Results:
    """Measure one scenario.

    Args:
        name: of the scenario.
        contenders: these only; by default all that it is for.
        rounds: how often each is measured, in turn; by default as the scenario says, or
            once if quick.
        quick: with a part of the work, to see that it runs.
        progress: called with a line before each measurement.
    """
    scenario = SCENARIOS[name]
    rounds = rounds or (1 if quick else scenario.rounds)
    chosen = [c for c in scenario.contenders if not contenders or c in contenders]
    if scenario.kind == "imports":
        return interleave(chosen, rounds, measure_import, progress)
    options = {**scenario.options, **(scenario.quick if quick else {})}
    count = scenario.accounts
    if quick and scenario.quick_accounts is not None:
        count = scenario.quick_accounts
    with ExitStack() as stack:
        certificate, bundle = None, None
        if scenario.tls:
            certificate, bundle = stack.enter_context(authority())
        ports = {
            dialect: stack.enter_context(
                running_server(dialect, certificate=certificate, binary=scenario.binary)
            )
            for dialect in sorted({ENTRIES[c].dialect for c in chosen})
        }
        if scenario.wakes:
            stack.enter_context(awake())

        def measure(contender: str) -> dict[str, Any]:
            entry = ENTRIES[contender]
            at = ports[entry.dialect]
            mine = dict(options)
            if scenario.kind in ("burst", "currencies"):
                mine["frames"] //= entry.slow
            task = {
                "kind": scenario.kind,
                "contender": contender,
                "port": at["port"],
                "control_port": at["control"],
                "tls": scenario.tls,
                "count": count,
                "options": mine,
            }
            return measured(task, bundle)

        return interleave(chosen, rounds, measure, progress)


def interleave(
    contenders: Sequence[str],
    rounds: int,
    measure: Callable[[str], dict[str, Any]],
    progress: Progress,
) -> Results:
    """Measure all in turn, ``rounds`` times; once where it cannot be measured."""
    results: Results = {contender: [] for contender in contenders}
    for number in range(1, rounds + 1):
        for contender in contenders:
            if any("skipped" in figures for figures in results[contender]):
                continue
            progress(f"round {number} of {rounds}: {contender}")
            results[contender].append(measure(contender))
    return results


def measured(task: dict[str, Any], bundle: str | None) -> dict[str, Any]:
    """Make one measurement in its own process; return its figures."""
    environment = dict(os.environ)
    if bundle is not None:
        # Where OpenSSL and thus every contender looks for authorities.
        environment["SSL_CERT_FILE"] = bundle
    command = [
        sys.executable,
        "-m",
        "tests.programs.benchmarks.measure",
        json.dumps(task),
    ]
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            timeout=PATIENCE,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"not done within {PATIENCE:g} s"}
    lines = done.stdout.splitlines()
    if not lines:
        return {"failed": (done.stderr.splitlines() or ["no figures"])[-1]}
    figures: dict[str, Any] = json.loads(lines[-1])
    return figures


@contextmanager
def authority() -> Iterator[tuple[str, str]]:
    """Make a certificate for 127.0.0.1, and a bundle with many authorities.

    The bundle is as large as real ones, for reading it is part of what TLS costs.
    """
    import certifi
    import trustme

    maker = trustme.CA()
    issued = maker.issue_cert("127.0.0.1")
    with TemporaryDirectory() as folder:
        certificate = Path(folder, "server.pem")
        issued.private_key_and_cert_chain_pem.write_to_path(str(certificate))
        bundle = Path(folder, "bundle.pem")
        bundle.write_bytes(Path(certifi.where()).read_bytes())
        maker.cert_pem.write_to_path(str(bundle), append=True)
        yield str(certificate), str(bundle)
