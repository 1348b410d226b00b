"""One connection as the session knows it."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from assetstream.errors import AssetStreamError
from assetstream.protocol import NEVER, Conversation
from assetstream.runtime import clock
from assetstream.runtime.channel import Channel

__all__ = ["Link", "exchange_zero"]


class Link:
    """A connection's conversation, channel and history."""

    def __init__(
        self,
        conversation: Conversation | None = None,
        channel: Channel | None = None,
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


def exchange_zero(date: str | None) -> float:
    """The exchange's wall clock, in seconds since 1970, at monotonic time zero.

    By the ``Date`` header just received; by our own wall clock if there is none.
    """
    wall = datetime.now(timezone.utc)
    if date is not None:
        try:
            wall = parsedate_to_datetime(date)
        except (TypeError, ValueError, OverflowError):
            pass
    return wall.timestamp() - clock.now()
