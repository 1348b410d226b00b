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
from tests.programs.benchmarks.imports import STATEMENTS, measure_import
from tests.programs.benchmarks.scenarios import SCENARIOS, Scenario

__all__ = ["Results", "run"]

#: contender -> its figures, one per round; those of a skipped one hold why.
Results = dict[str, list[dict[str, Any]]]
Progress = Callable[[str], object]

#: The longest that one measurement may take, seconds.
PATIENCE = 900.0


def run(
    name: str,
    contenders: Sequence[str] = (),
    *,
    rounds: int,
    quick: bool = False,
    progress: Progress = lambda line: None,
) -> Results:
    """Measure one scenario.

    Args:
        name: of the scenario.
        contenders: these only; by default all that it is for.
        rounds: how often each is measured; they take turns.
        quick: with a tenth of the work, to see that it runs.
        progress: called with a line before each measurement.
    """
    scenario = SCENARIOS[name]
    if scenario.kind == "imports":
        chosen = [c for c in STATEMENTS if not contenders or c in contenders]
        return interleave(chosen, rounds, measure_import, progress)
    chosen = [
        contender
        for contender in ENTRIES
        if suits(contender, scenario) and (not contenders or contender in contenders)
    ]
    options = {**scenario.options, **(scenario.quick if quick else {})}
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
            at = ports[ENTRIES[contender].dialect]
            task = {
                "kind": scenario.kind,
                "contender": contender,
                "port": at["port"],
                "control_port": at["control"],
                "tls": scenario.tls,
                "count": scenario.clients,
                "options": options,
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


def suits(contender: str, scenario: Scenario) -> bool:
    """Return whether a scenario is for this contender."""
    entry = ENTRIES[contender]
    if entry.paced:
        return scenario.kind == "recovery" and scenario.clients > 1
    if scenario.kind == "recovery" and not entry.recovers:
        return False
    if scenario.kind == "accounts" or scenario.clients > 1:
        return entry.many or (scenario.clients == 1 and not entry.only_many)
    return not entry.only_many


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
