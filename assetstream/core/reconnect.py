"""Decides whether and when a stream connects again (L3)."""

from __future__ import annotations

from typing import Callable, Iterator

from assetstream.model.errors import AssetStreamError, ConnectionLost
from assetstream.protocol import Limits

__all__ = ["ReconnectPolicy", "backoff"]

FIRST_CEILING = 1.0
CEILING = 60.0
#: LIVE for so long, and the next loss begins with short delays again.
HEALTHY = 60.0
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
        self._pace = 1.0 / limits.connects_per_second
        self._random = random
        self._delays = backoff(random)
        self._refused_at: list[float] = []

    def accepted(self) -> None:
        """Note that the exchange accepts the key: the row of refusals is over."""
        self._refused_at.clear()

    def next_at(self, now: float, began: float, live_since: float) -> float:
        """Return the time of the next attempt, after the one that ``began`` then.

        Exponential with full jitter, begun anew after a healthy time, never faster than
        the exchange allows one stream to connect. A ``Retry-After`` is not looked at:
        it holds back the whole place, in its queue.

        Args:
            now: monotonic time.
            began: when the last attempt began.
            live_since: when the last connection became LIVE; inf if it never was.
        """
        if now - live_since >= HEALTHY:
            self._delays = backoff(self._random)
        return max(now + next(self._delays), began + self._pace)

    def is_final(self, error: AssetStreamError, was_live: bool, now: float) -> bool:
        """Decide whether an error ends the stream; ``error.fatal`` shows it afterwards.

        Before the first LIVE a refusal is final: the user is there to mend the key.
        Later it may be the exchange's own trouble, and is believed the third time.
        """
        if not error.fatal or not was_live:
            return error.fatal
        if isinstance(error, ConnectionLost):
            # A certificate that was good before may be good again.
            error.fatal = False
        else:
            self._refused_at.append(now)
            error.fatal = (
                len(self._refused_at) >= REFUSALS
                and now - self._refused_at[0] >= REFUSED_FOR
            )
        return error.fatal
