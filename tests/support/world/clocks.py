"""Our wall clock, which somebody may set, and the exchange's."""

from __future__ import annotations

from email.utils import formatdate

from assetstream.core.moment import Moment
from tests.support.world.timeline import Timeline

__all__ = ["START", "Clocks"]

#: The true time at the monotonic time 0: the first of January 2026.
START = 1_767_225_600


class Clocks:
    """All clocks of the world.

    Args:
        timeline: the monotonic clock, which all of them follow.
        dates: the exchange sends ``Date`` headers; without them the machine takes our
            wall clock for the exchange's.

    Attributes:
        wall_step: by how much our wall clock is ahead of the truth; seconds.
        offset: by how much the exchange's clock is; seconds.
        unfair: by how much its ``Date`` headers are ahead of that; seconds.
        askew: by how much those of the host that pushes are ahead besides; seconds.
    """

    __slots__ = ("_timeline", "askew", "dates", "offset", "unfair", "wall_step")

    def __init__(self, timeline: Timeline, *, dates: bool = True) -> None:
        self._timeline = timeline
        self.dates = dates
        self.wall_step = 0.0
        self.offset = 0.0
        self.unfair = 0.0
        self.askew = 0.0

    def moment(self) -> Moment:
        """The present by our own clocks."""
        now = self._timeline.now
        return Moment(now, START + now + self.wall_step)

    def milliseconds(self) -> int:
        """The exchange's time; milliseconds since 1970."""
        return int((START + self._timeline.now + self.offset) * 1000)

    def host_milliseconds(self, *, pushing: bool = False) -> int:
        """The time by the clock that a host's ``Date`` shows; see ``headers``."""
        ahead = self.offset + self.unfair + (self.askew if pushing else 0.0)
        return int((START + self._timeline.now + ahead) * 1000)

    def headers(self, *, pushing: bool = False) -> dict[str, str]:
        """Return the headers with the time: ``Date``, cut to whole seconds, or none.

        Args:
            pushing: of the host that pushes; else of REST.
        """
        if not self.dates:
            return {}
        seconds = self.host_milliseconds(pushing=pushing) // 1000
        return {"date": formatdate(seconds, usegmt=True)}
