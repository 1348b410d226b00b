"""One connection as the session knows it."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from assetstream.errors import AssetStreamError
from assetstream.protocol import NEVER, Conversation
from assetstream.runtime.channel import Channel

__all__ = ["Link", "clock_offset"]


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


def clock_offset(date: str | None) -> float | None:
    """Seconds by which the exchange's wall clock is ahead, by its ``Date`` header."""
    if date is None:
        return None
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return theirs - datetime.now(timezone.utc).timestamp()
