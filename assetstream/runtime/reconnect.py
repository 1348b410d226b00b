"""Whether, and when, to connect again (L3)."""

from __future__ import annotations

from typing import Callable

from assetstream.core.backoff import backoff
from assetstream.model.errors import AssetStreamError, ConnectionLost
from assetstream.protocol import Limits
from assetstream.runtime.link import Link
from assetstream.runtime.loop import clock

__all__ = ["Attempts"]

#: LIVE for so long, and the next loss begins with short delays again.
HEALTHY = 60.0
#: A login refused so often in a row over so long ends a stream that was once LIVE.
REFUSALS = 3
REFUSED_FOR = 60.0


class Attempts:
    """Counts what went wrong with one stream's connections."""

    def __init__(self, limits: Limits, random: Callable[[], float]) -> None:
        self._pace = 1.0 / limits.connects_per_second
        self._random = random
        self._delays = backoff(random)
        self._refused_at: list[float] = []

    def accepted(self) -> None:
        """The exchange accepted the key: refusals are no longer in a row."""
        self._refused_at.clear()

    def next_at(self, now: float, error: AssetStreamError, link: Link) -> float:
        """When to connect again after ``link`` ended with ``error``.

        Exponential with full jitter, begun anew after a healthy time, never before the
        exchange's ``Retry-After`` nor faster than it allows connects.
        """
        if now - link.live_since >= HEALTHY:
            self._delays = backoff(self._random)
        delay = next(self._delays)
        delay = max(delay, error.retry_after or 0.0)
        return max(now + delay, link.began + self._pace)

    def end_with(self, error: AssetStreamError, was_live: bool) -> bool:
        """Decide whether an error is fatal now; ``error.fatal`` says so afterwards.

        Before the first LIVE a refusal is final: the user is there to mend the key.
        Later it may be the exchange's own trouble, and is believed the third time.
        """
        if not error.fatal or not was_live:
            return error.fatal
        if isinstance(error, ConnectionLost):
            # A certificate that was good before may be good again.
            error.fatal = False
        else:
            now = clock.now()
            self._refused_at.append(now)
            error.fatal = (
                len(self._refused_at) >= REFUSALS
                and now - self._refused_at[0] >= REFUSED_FOR
            )
        return error.fatal
