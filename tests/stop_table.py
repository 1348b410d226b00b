"""How long stopping takes: ``python -m tests.stop_table [--rounds N]`` prints a table.

Every case of ``stop_cases`` is run N times, on the two exchanges in turn.
"""

from __future__ import annotations

import argparse
import logging

from tests.stop_cases import CASES, measure

#: The promise: of a hundred stops the second slowest takes no longer, milliseconds.
GOAL = 100.0


def main() -> None:
    """Measure and print; the exit code tells whether the goal was met."""
    parser = argparse.ArgumentParser(prog="python -m tests.stop_table")
    parser.add_argument("--rounds", type=int, default=20, help="runs of each case")
    rounds: int = parser.parse_args().rounds
    # The cases provoke errors, which would be told between the lines.
    logging.getLogger("assetstream").setLevel(logging.CRITICAL)
    print(f"{'milliseconds':34}{'n':>5}{'p50':>8}{'p99':>8}{'worst':>8}")
    slow = []
    for case in CASES:
        times = sorted(
            1000 * measure(case, ("upbit", "coinw")[number % 2])
            for number in range(rounds)
        )
        p50, p99 = percentile(times, 50), percentile(times, 99)
        print(f"{case:34}{rounds:5}{p50:8.1f}{p99:8.1f}{times[-1]:8.1f}", flush=True)
        if p99 > GOAL:
            slow.append(case)
    if slow:
        raise SystemExit(f"p99 over {GOAL:g} ms: {', '.join(slow)}")


def percentile(times: list[float], percent: int) -> float:
    """The time that so many per cent of the sorted ``times`` do not exceed."""
    return times[max(0, -(-len(times) * percent // 100) - 1)]


if __name__ == "__main__":
    main()
