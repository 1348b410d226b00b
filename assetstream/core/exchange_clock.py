"""The exchange's wall clock, as far as we know it (K3)."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from assetstream.core.moment import Moment

__all__ = ["ExchangeClock"]


class ExchangeClock:
    """The exchange's time, set by a ``Date`` header and counted on monotonically.

    A step of this machine's wall clock is nothing to it. Before the first header it is
    this machine's own clock.
    """

    def __init__(self) -> None:
        self._zero: float | None = None

    def set(self, date: str | None, at: Moment) -> None:
        """Set it by a ``Date`` header that came ``at``; by our clock without one."""
        wall = at.wall
        if date is not None:
            try:
                wall = parsedate_to_datetime(date).timestamp()
            except (TypeError, ValueError, OverflowError):
                pass
        self._zero = wall - at.now

    def milliseconds(self, at: Moment) -> int:
        """The exchange's time ``at`` a moment, in milliseconds since 1970."""
        if self._zero is None:
            return int(at.wall * 1000)
        return int((self._zero + at.now) * 1000)
