"""assetstream beside its peers, on loopback, with figures that can be made again.

::

    python -m pip install -e ".[bench]"
    python -m tests.programs.benchmarks --save FOLDER
    python -m tests.programs.benchmarks --save OTHER --compare FOLDER/benchmark.json
    python -m tests.programs.benchmarks --quick --scenario burst --contender floor

Each contender runs in a process of its own on the first core, as its documentation says
it should; a load server sends prepared frames from the second. They take turns, for as
many rounds as each table says; all of it takes half an hour on two cores that do
nothing else. Read the figures as ratios of one run, not as promises.

A contender whose library is not installed is skipped, and the table says so. Two are
not among the extra, nautilus_trader, which holds pandas below 3, and cryptofeed, which
needs a C compiler; an environment of their own has them beside all others::

    python -m pip install -e ".[bench,test]" nautilus_trader cryptofeed
    python -m tests.programs.benchmarks --scenario shared-200 --scenario shared-burst

``--compare`` names every row that does not reproduce: neither run's median lies within
the other's least to most, or within 5 % of the other's median. The exit code is 1 then.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path

from tests.programs.benchmarks import stored
from tests.programs.benchmarks.contenders import ENTRIES
from tests.programs.benchmarks.imports import STATEMENTS
from tests.programs.benchmarks.machine import facts
from tests.programs.benchmarks.report import heading, table
from tests.programs.benchmarks.rounds import Results, run
from tests.programs.benchmarks.scenarios import SCENARIOS


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
    parser.add_argument("--rounds", type=int, help="by default each table's own")
    parser.add_argument("--quick", action="store_true", help="a smoke run")
    parser.add_argument(
        "--save",
        type=Path,
        metavar="FOLDER",
        help="write benchmark.md, .json and .png there",
    )
    parser.add_argument(
        "--compare",
        type=Path,
        metavar="FILE",
        help="a benchmark.json of before: name the rows that are others now",
    )
    options = parser.parse_args()
    before = None if options.compare is None else stored.read(options.compare)
    began = time.monotonic()
    found: dict[str, Results] = {}
    done = stored.Run({**facts(), "quick": options.quick}, found)
    parts = [heading(done.facts)]
    print(parts[0], flush=True)
    for name in options.scenario or SCENARIOS:
        found[name] = run(
            name,
            options.contender or (),
            rounds=options.rounds,
            quick=options.quick,
            progress=partial(report, began, name),
        )
        parts.append(table(name, found[name]))
        print(parts[-1], flush=True)
        if options.save is not None:
            # After each, so that what is measured is kept whatever comes.
            save(options.save, done, parts)
    if options.save is not None:
        from tests.programs.benchmarks.chart import draw

        draw(found, str(options.save / "benchmark.png"))
    if before is None:
        return 0
    lines = list(stored.differences(before, done))
    print("\n".join(lines) or "Every row reproduces.")
    return 1 if lines else 0


def report(began: float, name: str, line: str) -> None:
    """Print what is about to be measured."""
    minutes, seconds = divmod(int(time.monotonic() - began), 60)
    print(f"{minutes:3}:{seconds:02} {name}: {line}", file=sys.stderr, flush=True)


def save(folder: Path, done: stored.Run, parts: list[str]) -> None:
    """Write the results as data, and as tables."""
    folder.mkdir(parents=True, exist_ok=True)
    stored.write(folder / "benchmark.json", done)
    (folder / "benchmark.md").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
