"""Times as a user gives them, and as the archive keeps them, in microseconds."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Union

from assetstream.model.errors import ConfigurationError
from assetstream.model.events import EPOCH

__all__ = ["Instant", "microseconds", "moment", "parsed", "shown"]

#: A time as a user gives it. Without a zone it is meant in UTC.
Instant = Union[datetime, str]

REMEDY = (
    'Write "2026-11-29 12:00", which is UTC, or "2026-11-29T12:00+01:00", or give a '
    "datetime."
)


def microseconds(at: datetime) -> int:
    """Return an aware time as the archive keeps it, exactly."""
    since = at - EPOCH
    # Of whole numbers, and faster than to divide by a microsecond.
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(kept: int) -> datetime:
    """Return the time in UTC that the archive keeps as so many microseconds."""
    return EPOCH + timedelta(microseconds=kept)


def shown(kept: int) -> str:
    """Write ``2026-01-02T03:04:05.678901Z``, as the archive's readable views do."""
    text = moment(kept).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")


def parsed(name: str, given: Instant) -> int:
    """Return a user's time as the archive keeps it; without a zone it is UTC.

    Args:
        name: of the argument.
        given: a datetime, or text in ISO 8601.

    Raises:
        ConfigurationError: it is no time.
    """
    at = given
    if isinstance(at, str):
        # Python 3.10 reads no "Z".
        text = at.strip()
        zoned = text[:-1] + "+00:00" if text[-1:] in ("Z", "z") else text
        try:
            at = datetime.fromisoformat(zoned)
        except ValueError:
            raise ConfigurationError(
                f"{name}={given!r} is no time in ISO 8601", remedy=REMEDY
            ) from None
    if not isinstance(at, datetime):
        raise ConfigurationError(
            f"{name} must be a time, not {type(given).__name__}", remedy=REMEDY
        )
    if at.tzinfo is None:
        at = at.replace(tzinfo=timezone.utc)
    try:
        return microseconds(at.astimezone(timezone.utc))
    except OverflowError:
        raise ConfigurationError(
            f"{name}={given!r} is outside the years 1 to 9999 in UTC", remedy=REMEDY
        ) from None
