"""``Context``: what all parts of one simulator share."""

from __future__ import annotations

from msgspec import Struct, field

from assetstream.runtime.loop import clock
from assetstream.simulator.counts import ChangeSignal, Seen
from assetstream.simulator.fault_points import FaultPoints

__all__ = ["Context"]


class Context(Struct, kw_only=True, eq=False):
    """Settings, address, counts and fault points of one simulator.

    Attributes:
        seed: keys and traders are the same for the same seed.
        idle_timeout: seconds after which a silent connection is dropped.
        status_interval: seconds between two ``{"status":"UP"}``.
        rate_limits: False lets clients ask and connect as often as they like.
        region: the regional host that is played, by exchanges that have it.
        url: base URL of REST; "" until the simulator was started.
        signal: wakes waiting threads.
        seen: counts of all that came in.
        points: the faults that are on.
    """

    seed: int
    idle_timeout: float
    status_interval: float
    rate_limits: bool
    region: str
    url: str = ""
    signal: ChangeSignal = field(default_factory=ChangeSignal)
    seen: Seen = field(default_factory=Seen)
    points: FaultPoints = field(default_factory=FaultPoints)

    @property
    def ws_url(self) -> str:
        """Base URL of the WebSockets: ``http`` becomes ``ws``, ``https`` ``wss``."""
        return self.url.replace("http", "ws", 1)

    def wall(self, exchange: str) -> float:
        """Return the time at an exchange, by its name; seconds since 1970."""
        return clock.wall() + self.points.seconds("ahead", exchange)

    def wall_ms(self, exchange: str) -> int:
        """Return the time at an exchange, by its name; milliseconds since 1970."""
        return int(self.wall(exchange) * 1000)
