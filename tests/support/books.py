"""Reports and snapshots for the tests of the book and of the audit."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

from assetstream.core.book import BalanceBook
from assetstream.core.moment import Stamp
from assetstream.protocol import BalanceReport, Snapshot

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
START_MS = int(START.timestamp() * 1000)


def at(now: float, generation: int = 1) -> Stamp:
    """Return the moment ``now`` seconds after the start, on the given connection."""
    received = START + timedelta(seconds=now)
    return Stamp(now, received, START_MS + int(now * 1000), generation)


def report(
    currency: str,
    available: str | None,
    locked: str | None = "0",
    key: tuple[int, int] | None = None,
) -> BalanceReport:
    """Make an exchange's report of a currency; ``key`` is in ms after the start."""
    return BalanceReport(
        currency,
        None if available is None else Decimal(available),
        None if locked is None else Decimal(locked),
        None if key is None else (START_MS + key[0], key[1]),
    )


def snapshot(*reports: BalanceReport, unreadable: tuple[str, ...] = ()) -> Snapshot:
    """Make a read of all balances."""
    return Snapshot(reports, unreadable)


def amounts(book: BalanceBook) -> dict[str, tuple[str, str]]:
    """Return every balance of the book as text."""
    return {
        c: (str(b.available), str(b.locked)) for c, b in book.present.balances.items()
    }
