"""Rate limits that the streams of one exchange share (L3, A6)."""

from __future__ import annotations

from urllib.parse import urlsplit

from assetstream.protocol import Exchange, Limits
from assetstream.runtime.loop.pace import Pace

__all__ = ["Budget", "place_of"]

#: The part of the reads that audits may plan with; snapshots need the rest.
AUDIT_SHARE = 0.5


class Budget:
    """The connects and reads of many streams.

    Attributes:
        connects: when the next handshake may begin.
        reads: when the next REST read may be sent.
        members: the lives of the streams that share it.
    """

    def __init__(self, limits: Limits) -> None:
        self.connects = Pace(limits.connects_together)
        self.reads = Pace(limits.reads_together)
        self.members: set[object] = set()
        self._reads_for_audits = limits.reads_together * AUDIT_SHARE

    def connect_time(self) -> float:
        """Seconds until each member has had its turn to connect."""
        return len(self.members) * self.connects.step

    def least_audit_interval(self) -> float:
        """The shortest interval between audits that leaves all of them time, s."""
        return len(self.members) / self._reads_for_audits


def place_of(exchange: Exchange) -> tuple[str, str]:
    """The exchange and the host that count together."""
    return exchange.name, urlsplit(exchange.ws_url).netloc
