"""What changed last, by how much, and whether that was just now."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Literal

from assetstream.model.events import AssetUpdate, Source

__all__ = ["Changes", "Field"]

Field = Literal["available", "locked", "total"]
FIELDS: tuple[Field, ...] = ("available", "locked", "total")
#: Seconds for which an amount that has changed stands out.
FRESH = 2.0
ZERO = Decimal(0)


class Changes:
    """Takes updates in, and tells of the last change of each amount."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], Decimal] = {}
        self._latest: dict[str, tuple[str, Decimal]] = {}
        # When an amount changed, and by how much.
        self._fresh: dict[tuple[str, str, Field], tuple[float, Decimal]] = {}

    def note(self, update: AssetUpdate) -> None:
        """An update came."""
        if update.source is Source.SNAPSHOT:
            return
        if update.change:
            self._last[update.account, update.currency] = update.change
            self._latest[update.currency] = update.account, update.change
        now = time.monotonic()
        for field in FIELDS:
            before = getattr(update.previous, field) if update.previous else ZERO
            difference = getattr(update, field) - before
            if difference:
                key = update.account, update.currency, field
                self._fresh[key] = now, difference

    def last(self, account: str, currency: str) -> Decimal:
        """The last change of an account's total; 0 if there was none."""
        return self._last.get((account, currency), ZERO)

    def latest(self, currency: str) -> tuple[str, Decimal]:
        """The account that a currency changed on last, and by how much."""
        return self._latest.get(currency, ("", ZERO))

    def fresh(self, account: str, currency: str, field: Field) -> Decimal:
        """By how much an amount has just changed; 0 if it did not."""
        when, difference = self._fresh.get((account, currency, field), (0.0, ZERO))
        return difference if when > time.monotonic() - FRESH else ZERO
