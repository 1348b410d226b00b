"""Look for inputs that break a property, and write them down.

::

    python -m tests.programs.fuzz --seconds 60 --target all --seed 1

The search is guided by coverage where ``atheris`` is installed, and random otherwise;
``atheris`` is no dependency, because it has wheels for Linux only. A target goes on
after a finding. Findings are distinguished by the line that raised, and the first input
of each is written to ``--findings``. One line of figures is printed for each target;
the exit code is 1 if anything was found. ``--replay FILE`` runs one input again, and
raises.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.programs.fuzz.corpus import TARGETS
from tests.programs.fuzz.loop import fuzz

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--target", choices=[*TARGETS, "all"], default="all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--findings",
        type=Path,
        default=Path(tempfile.gettempdir()) / "assetstream-fuzz",
        help="where the inputs are written",
    )
    parser.add_argument("--replay", type=Path, help="an input to run once more")
    given = parser.parse_args(arguments)
    if given.replay:
        target = given.replay.name.partition("-")[0]
        TARGETS[target].check(given.replay.read_bytes())
        return 0
    if given.target != "all":
        given.findings.mkdir(parents=True, exist_ok=True)
        return fuzz(given.target, given.seconds, given.seed, given.findings)
    # A process each: what one has loaded or kept must not count for the next.
    options = ["--seconds", f"{given.seconds}", "--seed", f"{given.seed}"]
    options += ["--findings", str(given.findings)]
    command = [sys.executable, "-m", "tests.programs.fuzz", *options, "--target"]
    return max(subprocess.call([*command, target]) for target in TARGETS)


if __name__ == "__main__":
    sys.exit(main())
