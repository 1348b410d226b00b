"""Updates of one account, as a history keeps them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

from assetstream import (
    AssetUpdate,
    Source,
)
from assetstream.model.events import Balance

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


def at(seconds: float) -> datetime:
    """Return the time so long after noon."""
    return NOON + timedelta(seconds=seconds)


def updates(*changes: tuple[float, str, str, str]) -> list[AssetUpdate]:
    """Make updates of (second, currency, available, locked), first some SNAPSHOTs."""
    made: list[AssetUpdate] = []
    known: dict[str, Balance] = {}
    for second, currency, available, locked in changes:
        source = Source.STREAM if currency in known else Source.SNAPSHOT
        amounts = Decimal(available), Decimal(locked)
        place = "upbit", "savings", currency, *amounts
        previous = known.get(currency)
        made.append(
            AssetUpdate(*place, at(second), at(second), source, "7", previous, 0, b"")
        )
        known[currency] = Balance(*place, at(second), source)
    return made
