"""Values that a currency held before, each with its end; light, for many are kept."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from decimal import Decimal

__all__ = ["KEPT", "MOST_KEPT", "RECENT", "Amounts", "Past"]

#: (available, locked).
Amounts = tuple[Decimal, Decimal]

#: What is over is remembered for so long, seconds, and so many of them at most.
KEPT = 900.0
MOST_KEPT = 1024
#: So many of the last, up to twice as many, are remembered digit by digit.
RECENT = 32


class Past:
    """The amounts of one currency that are over.

    Of those that are not recent only a hash is kept: amounts weigh twenty times as
    much, and two that differ have the same one as good as never.

    Attributes:
        recent: (until when it held at the latest, amounts), the newest last.
    """

    __slots__ = ("_hashes", "_times", "recent")

    def __init__(self) -> None:
        self.recent: list[tuple[float, Amounts]] = []
        self._hashes = array("q")
        self._times = array("d")

    def __len__(self) -> int:
        return len(self.recent) + len(self._times)

    def add(self, amounts: Amounts, until: float) -> None:
        """Add amounts that held until then at the latest."""
        self.recent.append((until, amounts))
        if len(self.recent) > 2 * RECENT:
            self._fold()

    def drop_last(self) -> None:
        """Forget what was added last: it is not over."""
        self.recent.pop()

    def until(self, amounts: Amounts) -> float:
        """Return the last moment at which amounts may have held; -inf: not known."""
        if not self.recent:
            return -math.inf
        oldest = self.recent[-1][0] - KEPT
        for until, held in reversed(self.recent):
            if held == amounts:
                return until if until >= oldest else -math.inf
        times, key = self._times, hash(amounts)
        if key not in self._hashes:  # nearly always, and found out much faster
            return -math.inf
        for index in range(len(times) - 1, -1, -1):
            if self._hashes[index] == key:
                return times[index] if times[index] >= oldest else -math.inf
        return -math.inf

    def _fold(self) -> None:
        """Keep less of what is not recent, and nothing of what is too old."""
        times, hashes = self._times, self._hashes
        folded = self.recent[:RECENT]
        times.extend([until for until, _ in folded])
        hashes.extend([hash(amounts) for _, amounts in folded])
        # One assignment, for other threads read it.
        self.recent = self.recent[RECENT:]
        gone = bisect_left(times, times[-1] - KEPT)
        if len(self) > MOST_KEPT:
            gone = max(gone, RECENT)
        del times[:gone], hashes[:gone]
