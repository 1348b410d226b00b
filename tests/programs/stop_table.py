"""A table of how long stopping takes: ``python -m tests.programs.stop_table``.

Every case of ``stop_cases`` is run N times, on the two exchanges in turn.
"""

from __future__ import annotations

import argparse
import logging

from tests.support.stop_cases import CASES, goal, measure


def main() -> None:
    """Measure and print; return 0 if every goal was met."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.stop_table",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=20, help="runs of each case")
    rounds: int = parser.parse_args().rounds
    # The cases provoke errors, whose log would come between the lines.
    logging.getLogger("assetstream").setLevel(logging.CRITICAL)
    heads = ("n", "p50", "p99", "worst", "threads", "sockets")
    print(f"{'milliseconds; left behind':34}" + "".join(f"{head:>9}" for head in heads))
    missed = []
    for case in CASES:
        runs = [
            measure(case, ("upbit", "coinw")[number % 2]) for number in range(rounds)
        ]
        times = sorted(1000 * run.seconds for run in runs)
        p50, p99 = percentile(times, 50), percentile(times, 99)
        threads = sum(len(run.threads) for run in runs)
        sockets = sum(run.sockets for run in runs)
        print(
            f"{case:34}{rounds:9}{p50:9.1f}{p99:9.1f}{times[-1]:9.1f}"
            f"{threads:9}{sockets:9}",
            flush=True,
        )
        # Of a hundred stops the second slowest takes no longer.
        if p99 > 1000 * goal(case) or threads or sockets:
            missed.append(case)
    if missed:
        raise SystemExit(f"too slow at p99, or something left: {', '.join(missed)}")


def percentile(times: list[float], percent: int) -> float:
    """Return the time that so many per cent of the sorted ``times`` do not exceed."""
    return times[max(0, -(-len(times) * percent // 100) - 1)]


if __name__ == "__main__":
    main()
