"""assetstream beside its peers, on loopback, with figures that can be made again.

::

    python -m pip install -e ".[bench]"
    python -m tests.programs.benchmarks --table benchmark.md --chart benchmark.png
    python -m tests.programs.benchmarks --quick --scenario burst --contender floor

Each contender runs in a process of its own on the first core, as its documentation says
it should; a load server sends prepared frames from the second. They take turns, for at
least five rounds. Read the figures as ratios of one run, not as promises.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from tests.programs.benchmarks.contenders import ENTRIES
from tests.programs.benchmarks.imports import STATEMENTS
from tests.programs.benchmarks.report import heading, table
from tests.programs.benchmarks.rounds import Results, run
from tests.programs.benchmarks.scenarios import SCENARIOS

ROUNDS = 5


def main() -> int:
    """Run the benchmarks that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--scenario", action="append", choices=SCENARIOS)
    parser.add_argument(
        "--contender", action="append", choices=sorted({*ENTRIES, *STATEMENTS})
    )
    parser.add_argument("--rounds", type=int, help=f"default {ROUNDS}, quick 1")
    parser.add_argument("--quick", action="store_true", help="a smoke run")
    parser.add_argument("--table", help="write the Markdown there, too")
    parser.add_argument("--chart", help="write a PNG there")
    options = parser.parse_args()
    rounds = options.rounds or (1 if options.quick else ROUNDS)
    parts = [heading(rounds)]
    print(parts[0], flush=True)
    found: dict[str, Results] = {}
    for name in options.scenario or SCENARIOS:
        found[name] = run(
            name,
            options.contender or (),
            rounds=rounds,
            quick=options.quick,
            progress=partial(print, f"{name}:", file=sys.stderr),
        )
        parts.append(table(name, found[name]))
        print(parts[-1], flush=True)
    if options.table:
        Path(options.table).write_text("\n".join(parts), encoding="utf-8")
    if options.chart:
        from tests.programs.benchmarks.chart import draw

        draw(found, options.chart)
    return 0


if __name__ == "__main__":
    sys.exit(main())
