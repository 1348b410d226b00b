"""Values that a currency held before, each with its end; light, for many are kept."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from decimal import Context, Decimal

from msgspec import Struct, field

__all__ = ["KEPT", "MOST_KEPT", "SWEEP", "Amounts", "Past"]

#: (available, locked).
Amounts = tuple[Decimal, Decimal]

#: What is over is remembered for so long, seconds, and so many of them at most.
KEPT = 900.0
MOST_KEPT = 1024
#: What is too old is thrown away after so many more.
SWEEP = 32

#: Returns an amount without trailing zeros, never rounded: so 1 and 1.00 have the same
#: text. To hash a Decimal itself takes three times as long.
plain = Context(prec=200).normalize


class Past(Struct, eq=False, gc=False):
    """The amounts of one currency that are over.

    Only their hashes are kept: amounts weigh twenty times as much, and two that differ
    have the same one as good as never.
    """

    _hashes: array[int] = field(default_factory=lambda: array("q"))
    #: Until when each held at the latest, the newest last.
    _times: array[float] = field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self._times)

    @property
    def newest(self) -> float:
        """The end of what was added last; -inf: nothing was."""
        return self._times[-1] if self._times else -math.inf

    def add(self, amounts: Amounts, until: float) -> None:
        """Add amounts that held until then at the latest."""
        times = self._times
        times.append(until)
        available, locked = amounts
        self._hashes.append(hash((str(plain(available)), str(plain(locked)))))
        if not len(times) % SWEEP:
            self._sweep()

    def drop_last(self) -> None:
        """Forget what was added last: it is not over."""
        self._hashes.pop()
        self._times.pop()

    def until(self, amounts: Amounts) -> float:
        """Return the last moment at which amounts may have held; -inf: not known."""
        available, locked = amounts
        key = hash((str(plain(available)), str(plain(locked))))
        if key not in self._hashes:  # nearly always, and found out fast
            return -math.inf
        until = self._times[-1 - self._hashes[::-1].index(key)]
        return until if until >= self.newest - KEPT else -math.inf

    def _sweep(self) -> None:
        """Keep nothing of what is too old, and not too much."""
        gone = bisect_left(self._times, self.newest - KEPT)
        if len(self) >= MOST_KEPT:
            gone = max(gone, SWEEP)
        del self._times[:gone], self._hashes[:gone]
