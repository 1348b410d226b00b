"""The present moment, by every clock that matters."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

__all__ = ["Moment"]


class Moment(Struct, frozen=True):
    """When a step happens, by every clock that matters.

    Attributes:
        now: monotonic seconds.
        received: our wall clock, UTC.
        exchange_ms: the exchange's wall clock as far as we know it, ms since 1970.
        generation: number of the connection (W1).
    """

    now: float
    received: datetime
    exchange_ms: int
    generation: int
