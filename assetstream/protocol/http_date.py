"""The dates of HTTP's headers."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache

__all__ = ["http_date"]


# All answers of one second have the same, and a group has many of them.
@lru_cache(maxsize=16)
def http_date(text: str | None) -> datetime | None:
    """Read a date in UTC; None if it is absent or not understood.

    A date without a zone, or with the zone ``-0000``, is in UTC as all of HTTP's are,
    never in the zone of this machine.
    """
    try:
        date = parsedate_to_datetime(text or "")
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return date.replace(tzinfo=timezone.utc) if date.tzinfo is None else date
