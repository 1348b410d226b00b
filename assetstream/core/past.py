"""Values that a currency held before, each with its end; light, for many are kept."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from decimal import Context, Decimal

from msgspec import Struct, field

__all__ = ["FEW", "FRESH", "KEPT", "MOST_KEPT", "Amounts", "Past"]

#: (available, locked).
Amounts = tuple[Decimal, Decimal]

#: What is over is remembered for so long, seconds. Of more than so many in that time
#: the oldest may be gone; there are never more than three times as many.
KEPT = 900.0
MOST_KEPT = 1024
#: What is younger than this, seconds, or one of so few, is remembered digit by digit.
FRESH = 5.0
FEW = 8

#: Returns an amount without trailing zeros, never rounded: so 1 and 1.00 have the same
#: text. To hash a Decimal itself takes three times as long.
plain = Context(prec=200).normalize


class Past(Struct, eq=False, gc=False):
    """The amounts of one currency that are over.

    Of those that are not fresh only the hashes are kept: amounts weigh twenty times as
    much, and two that differ have the same one as good as never. To hash them takes
    longer than all else that is done with a push: where many come in a second, most
    are gone before.
    """

    #: What is fresh, and until when each held at the latest; the newest last.
    _fresh: list[Amounts] = field(default_factory=list)
    _until: list[float] = field(default_factory=list)
    #: The same of those before, amounts as hashes.
    _hashes: array[int] = field(default_factory=lambda: array("q"))
    _times: array[float] = field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self._times) + len(self._until)

    @property
    def newest(self) -> float:
        """The end of what was added last; -inf: nothing was."""
        times = self._until or self._times
        return times[-1] if times else -math.inf

    def add(self, amounts: Amounts, until: float) -> None:
        """Add amounts that held until then at the latest."""
        times = self._until
        times.append(until)
        self._fresh.append(amounts)
        count = len(times)
        if count > FEW and (until > times[0] + FRESH or count == 2 * MOST_KEPT):
            self._fold()

    def drop_last(self) -> None:
        """Forget what was added last: it is not over."""
        if self._fresh:
            self._fresh.pop()
            self._until.pop()
        else:
            self._hashes.pop()
            self._times.pop()

    def until(self, amounts: Amounts) -> float:
        """Return the last moment at which amounts may have held; -inf: not known."""
        if amounts in self._fresh:
            until = self._until[-1 - self._fresh[::-1].index(amounts)]
        else:
            key = _hash(amounts)
            if key not in self._hashes:  # nearly always, and found out fast
                return -math.inf
            until = self._times[-1 - self._hashes[::-1].index(key)]
        return until if until >= self.newest - KEPT else -math.inf

    def _fold(self) -> None:
        """Keep hashes of what is not fresh, nothing of what is too old or too much."""
        fresh, until = self._fresh[-MOST_KEPT:], self._until[-MOST_KEPT:]
        newest = until[-1]
        old = bisect_left(until, newest - FRESH)
        self._hashes.extend(map(_hash, fresh[:old]))
        self._times.extend(until[:old])
        self._fresh, self._until = fresh[old:], until[old:]
        gone = max(bisect_left(self._times, newest - KEPT), len(self) - MOST_KEPT)
        del self._hashes[:gone], self._times[:gone]


def _hash(amounts: Amounts) -> int:
    available, locked = amounts
    return hash((str(plain(available)), str(plain(locked))))
