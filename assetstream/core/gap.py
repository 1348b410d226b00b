"""The time in which changes could have been missed (S1)."""

from __future__ import annotations

from datetime import datetime, timedelta

from assetstream.model.events import Gap

__all__ = ["GapTracker"]


class GapTracker:
    """Keeps the beginning of one gap until the balances are known again."""

    def __init__(self) -> None:
        self._began: datetime | None = None

    def start(self, utc: datetime, silence: float) -> None:
        """Start a gap ``silence`` seconds before ``utc``; one that is open goes on.

        It begins with the last proof of life, not with the discovery of its end.
        """
        if self._began is None:
            self._began = utc - timedelta(seconds=max(0.0, silence))

    def close(self, utc: datetime, recovered: int) -> Gap | None:
        """Close the open gap and return it; None if none is open."""
        began, self._began = self._began, None
        return None if began is None else Gap(began, utc, recovered)
