"""One connection as the session knows it, and the time between two of them."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from assetstream.model.errors import AssetStreamError
from assetstream.model.events import Gap
from assetstream.protocol import NEVER, Conversation
from assetstream.runtime.loop import clock
from assetstream.runtime.net.connection import ClientConnection

__all__ = ["Absence", "ExchangeClock", "Link"]


class Link:
    """A connection's conversation, channel and history."""

    def __init__(
        self,
        conversation: Conversation | None = None,
        channel: ClientConnection | None = None,
        began: float = -math.inf,
    ) -> None:
        #: None once it is over.
        self.conversation = conversation
        self.channel = channel
        #: Monotonic time of the attempt (L3).
        self.began = began
        #: Why we gave it up, if we did.
        self.failure: AssetStreamError | None = None
        #: Monotonic time since which it is LIVE; NEVER before.
        self.live_since = NEVER


class ExchangeClock:
    """The exchange's wall clock, as far as we know it (K3).

    Told by the ``Date`` of a handshake and counted on monotonically from there: a step
    of this machine's wall clock is nothing to it.
    """

    def __init__(self) -> None:
        self._zero = 0.0
        self.set(None)

    def set(self, date: str | None) -> None:
        """Set it by a ``Date`` header just received; by our own clock without one."""
        wall = datetime.now(timezone.utc)
        if date is not None:
            try:
                wall = parsedate_to_datetime(date)
            except (TypeError, ValueError, OverflowError):
                pass
        self._zero = wall.timestamp() - clock.now()

    def milliseconds(self, now: float) -> int:
        """What it shows at monotonic time ``now``, since 1970."""
        return int((self._zero + now) * 1000)


class Absence:
    """The time since the balances were last known for sure, until they are again."""

    def __init__(self) -> None:
        self._began: datetime | None = None

    def begin(self, silence: float) -> None:
        """It began that many seconds ago, unless it has begun before."""
        # With the last proof of life, not with its discovery (S1).
        began = datetime.now(timezone.utc) - timedelta(seconds=max(0.0, silence))
        self._began = self._began or began

    def end(self, recovered: int) -> Gap | None:
        """It is over, if there was one."""
        began, self._began = self._began, None
        if began is None:
            return None
        return Gap(began, datetime.now(timezone.utc), recovered)
