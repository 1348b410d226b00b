"""Decides whether and when a stream connects again (L3)."""

from __future__ import annotations

from typing import Callable, Iterator

from assetstream.model.errors import AssetStreamError, ConnectionLost
from assetstream.protocol import Limits

__all__ = ["ReconnectPolicy", "backoff"]

FIRST_CEILING = 1.0
CEILING = 60.0
#: A connection that was LIVE for so long has worked: nothing is held against it.
HEALTHY = 60.0
#: After a LIVE connection the wait is no longer than the first number. The others are
#: for a row of connections that were LIVE for less than a minute: the longest wait, and
#: the part of the time for which the last of them was LIVE.
FIRST_WAIT = 1.0
LONGEST_WAIT = 10.0
PART_OF_LIVE = 0.25
#: A login refused so often in a row over so long ends a stream that was once LIVE.
REFUSALS = 3
REFUSED_FOR = 60.0


def backoff(random: Callable[[], float]) -> Iterator[float]:
    """Yield delays in seconds: exponential from 1 s to 60 s, with full jitter.

    Args:
        random: returns a number from 0 (included) to 1 (excluded).
    """
    bound = FIRST_CEILING
    while True:
        yield bound * random()
        bound = min(bound * 2, CEILING)


class ReconnectPolicy:
    """Counts the losses and refusals of one stream's connections."""

    def __init__(self, limits: Limits, random: Callable[[], float]) -> None:
        self._pace = limits.connects.pace
        self._random = random
        self._delays = backoff(random)
        # Connections in a row that were LIVE, but not for long.
        self._short = 0
        self._refused_at: list[float] = []

    def accepted(self) -> None:
        """Note that the exchange accepts the key: the row of refusals is over."""
        self._refused_at.clear()

    def next_at(self, now: float, began: float, live_since: float) -> float:
        """Return the time of the next attempt, after the one that ``began`` then.

        Never faster than the exchange allows one stream to connect. A ``Retry-After``
        is not looked at: it holds back the whole place, in its queue.

        Args:
            now: monotonic time.
            began: when the last attempt began.
            live_since: when the last connection became LIVE; inf if it never was.
        """
        live = now - live_since
        delay = self._after(live) if live >= 0 else next(self._delays)
        return self.at_once(now + delay, began)

    def renews(self, now: float, began: float, live_since: float) -> bool:
        """Return True if a connection is to be replaced whose end is announced (L7).

        Only one that has worked: an exchange may say so to each new one.
        """
        return now - live_since >= HEALTHY and now >= self.at_once(now, began)

    def worked(self) -> None:
        """Note that a connection has worked: the rows of losses are over."""
        self._delays = backoff(self._random)
        self._short = 0

    def at_once(self, now: float, began: float) -> float:
        """Return the earliest time of the next attempt: the exchange's own pace."""
        return max(now, began + self._pace)

    def _after(self, live: float) -> float:
        """Return the delay after a connection that was LIVE for so many seconds.

        Who flaps is slowed down, but a connection that works for a part of the time is
        not kept away for a greater part.
        """
        if live >= HEALTHY:
            self.worked()
            return FIRST_WAIT * self._random()
        self._delays = backoff(self._random)
        wait = min(FIRST_WAIT * 2.0**self._short, LONGEST_WAIT)
        if wait < LONGEST_WAIT:
            self._short += 1
        return min(wait, max(FIRST_WAIT, live * PART_OF_LIVE))

    def is_final(self, error: AssetStreamError, was_live: bool, now: float) -> bool:
        """Decide whether an error ends the stream; ``error.fatal`` shows it afterwards.

        Before the first LIVE a refusal is final: the user is there to mend the key.
        Later it may be the exchange's own trouble, and is believed the third time in a
        row: any other outcome begins the count anew.
        """
        if isinstance(error, ConnectionLost) and was_live:
            # A certificate that was good before may be good again.
            error.fatal = False
        if not error.fatal:
            self._refused_at.clear()
        elif was_live:
            self._refused_at.append(now)
            error.fatal = (
                len(self._refused_at) >= REFUSALS
                and now - self._refused_at[0] >= REFUSED_FOR
            )
        return error.fatal
