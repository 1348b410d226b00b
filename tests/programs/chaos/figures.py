"""The figures of a run of chaos."""

from __future__ import annotations

from collections import Counter
from statistics import quantiles

from tests.support.clock import FACTOR

__all__ = ["BAD", "Figures"]

#: Findings, by their names in the line of figures.
BAD = (
    "wrong",
    "missed",
    "illegal",
    "never_live",
    "never_met",
    "not_stopped",
    "died",
    "leaked_threads",
    "leaked_sockets",
)
#: A kind of fault that struck so often and was never met shows a hole in the harness.
SEVERAL = 4


class Figures:
    """Counts, times, and a note for each finding."""

    def __init__(self) -> None:
        #: By exchange and kind: faults switched on, and those that were met.
        self.injected: Counter[tuple[str, str]] = Counter()
        self.met: Counter[tuple[str, str]] = Counter()
        self.bad: Counter[str] = Counter()
        #: Updates that listeners got.
        self.updates = 0
        #: Connections lost because nothing came, not even a pong (L1).
        self.silences = 0
        #: Extra pushes that ended a dispute (A8).
        self.nudged = 0
        #: Seconds until LIVE and right again, of the strikes that did disturb.
        self.recoveries: list[float] = []
        self.notes: list[str] = []

    def note(self, what: str, text: str) -> None:
        """Count a finding, and keep its text."""
        self.bad[what] += 1
        self.notes.append(f"{what}: {text}")

    def add(self, other: Figures) -> None:
        """Add the figures of another process."""
        self.injected += other.injected
        self.met += other.met
        self.bad += other.bad
        self.updates += other.updates
        self.silences += other.silences
        self.nudged += other.nudged
        self.recoveries += other.recoveries
        self.notes += other.notes

    def note_never_met(self) -> list[str]:
        """Count and name the faults that were injected several times, but never met."""
        never = [
            f"never_met: {kind} struck {exchange} {times} times"
            for (exchange, kind), times in sorted(self.injected.items())
            if times >= SEVERAL and not self.met[exchange, kind]
        ]
        if never:
            self.bad["never_met"] += len(never)
            self.notes += never
        return never

    def __str__(self) -> str:
        times = sorted(self.recoveries) or [0.0]
        cuts = (
            quantiles(times, n=100, method="inclusive")
            if len(times) > 1
            else times * 99
        )
        bad = " ".join(f"{what}={self.bad[what]}" for what in BAD)
        kinds = {kind for (_, kind), times in self.met.items() if times}
        return (
            f"faults={self.injected.total()} met={self.met.total()} kinds={len(kinds)} "
            f"{bad} updates={self.updates} silences={self.silences} "
            f"nudged={self.nudged} "
            f"recoveries={len(self.recoveries)} longest_recovery={times[-1]:.2f}s "
            f"p50={cuts[49]:.3f}s p99={cuts[98]:.2f}s "
            f"(in fast time: x{FACTOR:g})"
        )
