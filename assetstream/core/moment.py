"""The present moment, by our two clocks."""

from __future__ import annotations

from datetime import datetime, timezone

from msgspec import Struct

__all__ = ["Moment", "Stamp"]


class Moment(Struct, frozen=True, gc=False):
    """The time of one event.

    Attributes:
        now: monotonic seconds; all that is remembered is remembered in these.
        wall: seconds since 1970 by this machine's clock, which somebody may set.
    """

    now: float
    wall: float

    @property
    def utc(self) -> datetime:
        """The wall clock's time as events carry it."""
        return datetime.fromtimestamp(self.wall, timezone.utc)


class Stamp(Struct, frozen=True, gc=False):
    """The time of one step of the book, by every clock.

    Attributes:
        now: monotonic seconds.
        received: our wall clock, UTC.
        least_ms: the least that the clock of the host that pushes shows, ms since 1970;
            -inf where it is not known (T1).
        most_ms: the most that it shows; inf where it is not known.
    """

    now: float
    received: datetime
    least_ms: float
    most_ms: float
