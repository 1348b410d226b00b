"""The exchange's clocks, as far as their ``Date`` headers show them (T1).

Each is an interval: a ``Date`` is cut to whole seconds, and took some time to arrive.
Pushes are judged by the clock of the host that pushes; the ``Date`` of another host
only tells that the exchange's time has stepped. A step of this machine's wall clock is
nothing to any of them. What is signed carries the time of the host that it is for (T2).
"""

from __future__ import annotations

import math
from datetime import datetime, timezone

from assetstream.core.moment import Moment, Stamp
from assetstream.protocol import Instant
from assetstream.protocol.http_date import http_date

__all__ = ["ExchangeClock"]

fromtimestamp = datetime.fromtimestamp

#: Two clocks drift apart by no more; seconds a second.
DRIFT = 200e-6
#: Beyond that, two readings of one clock may differ by so much, ms.
SLACK_MS = 50.0
#: A clock that has stepped is known to so much, ms.
STEP_MS = 600.0
#: Pushes arrive so late without being out of step, ms.
LATE_MS = 2000.0
#: So many pushes in a row, over so many seconds, widen a clock that they contradict.
PUSHES = 3
PUSHED_FOR = 10.0


class HostClock:
    """The clock of one host: an interval without ends until a ``Date`` is read.

    Attributes:
        least: the least that it may be ahead of our monotonic clock, ms.
        most: the most.
    """

    def __init__(self) -> None:
        self.least = -math.inf
        self.most = math.inf
        self._read_at = 0.0

    def read(self, seconds: float, asked: float, now: float) -> float:
        """Read a ``Date``; return by how much it contradicts the last ones, ms."""
        least = seconds * 1000 - now * 1000
        most = seconds * 1000 + 1000 - asked * 1000
        drift = (now - self._read_at) * DRIFT * 1000 + SLACK_MS
        before = self.least - drift, self.most + drift
        self._read_at = now
        step = 0.0
        if max(least, before[0]) <= min(most, before[1]):
            least, most = max(least, before[0]), min(most, before[1])
        else:
            step = (least + most - before[0] - before[1]) / 2
        self.least, self.most = least, most
        return step

    def step(self, by: float) -> None:
        """Follow a step of the exchange's time, ms."""
        self.least += by - STEP_MS
        self.most += by + STEP_MS


class ExchangeClock:
    """The clock of the host that pushes, and those of the exchange's other hosts."""

    def __init__(self) -> None:
        self._hosts: dict[str, HostClock] = {}
        self._pushing = HostClock()
        # Pushes in a row outside the interval, on one side: which, since when, how
        # many, and how far the farthest of them is, ms.
        self._side = 0
        self._since = 0.0
        self._pushes = 0
        self._farthest = 0.0

    def opened(self, host: str, date: str | None, asked: float, now: float) -> bool:
        """Note which host pushes from now on, and its ``Date``; see ``read``."""
        self._pushing = self._host(host)
        self._side = 0
        return self.read(host, date, asked, now)

    def read(self, host: str, date: str | None, asked: float, now: float) -> bool:
        """Read a ``Date`` header; True if the exchange's time has stepped.

        Args:
            host: that sent it.
            date: the header; None or unreadable: nothing is learned.
            asked: when the request was written; monotonic.
            now: monotonic time.
        """
        seconds = _seconds(date)
        if seconds is None:
            return False
        clock = self._host(host)
        step = clock.read(seconds, asked, now)
        if not step:
            return False
        self._side = 0
        if clock is not self._pushing:
            self._pushing.step(step)
        return True

    def _host(self, host: str) -> HostClock:
        return self._hosts.setdefault(host, HostClock())

    def stamp(self, at: Moment) -> Stamp:
        """The moment, with the least and the most that the pushing host's clock shows.

        Called for each push, as ``instant`` is: hence without detours.
        """
        clock, passed = self._pushing, at.now * 1000
        received = fromtimestamp(at.wall, timezone.utc)
        return Stamp(at.now, received, clock.least + passed, clock.most + passed)

    def instant(self, at: Moment) -> Instant:
        """The moment by the exchange's time as far as it is known, else by ours.

        By the least that its clock may show: exchanges accept what is a few seconds
        old, but hardly anything from the future (T2).
        """
        least = self._pushing.least
        if least == -math.inf:
            return self.instant_of("", at)
        return Instant(at.now, int(least + at.now * 1000))

    def instant_of(self, host: str, at: Moment) -> Instant:
        """The same for another host: by any host's clock where its own is not known."""
        own = self._hosts.get(host, self._pushing)
        for clock in (own, self._pushing, *self._hosts.values()):
            if clock.least != -math.inf:
                return Instant(at.now, int(clock.least + at.now * 1000))
        return Instant(at.now, int(at.wall * 1000))

    def pushed(self, ms: int, at: Stamp) -> bool:
        """Note the time of a push; True if it has widened the clock's interval.

        Three in a row over 10 s that contradict it on one side widen it to the
        farthest: the clock may be wrong, or the pushes late.
        """
        now, least, most = at.now, at.least_ms, at.most_ms
        if ms > most:
            side, beyond = 1, ms - most
        elif ms < least - LATE_MS:
            side, beyond = -1, least - LATE_MS - ms
        else:
            self._side = 0
            return False
        if side != self._side:
            self._side, self._since, self._pushes, self._farthest = side, now, 0, 0.0
        self._pushes += 1
        self._farthest = max(self._farthest, beyond)
        if self._pushes < PUSHES or now - self._since < PUSHED_FOR:
            return False
        self._side = 0
        if side > 0:
            self._pushing.most += self._farthest + SLACK_MS
        else:
            self._pushing.least -= self._farthest + SLACK_MS
        return True


def _seconds(header: str | None) -> float | None:
    date = http_date(header)
    return None if date is None else date.timestamp()
