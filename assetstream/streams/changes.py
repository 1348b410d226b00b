"""Changes of balances from one snapshot of their accounts to the next."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple, Sequence

from assetstream.display.balances import BalanceRow, Difference
from assetstream.model.events import exact_sum
from assetstream.runtime.loop import clock
from assetstream.streams.accounts import AccountSnapshot

__all__ = ["Changes"]

#: Seconds for which an amount that has changed stands out.
FRESH = 2.0
NOTHING = Difference()


class LastRow(NamedTuple):
    """A balance in the last snapshot.

    Attributes:
        row: as it was shown.
        until: monotonic time until which its last difference stands out.
    """

    row: BalanceRow
    until: float


class Changes:
    """Remembers the last change of each balance, and what has just changed.

    For how long a stream knows the last change depends on what came since.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], LastRow] = {}
        self._known: set[str] = set()

    def recall(self, accounts: Sequence[AccountSnapshot]) -> list[AccountSnapshot]:
        """Note what is new in these, and fill in what was known before."""
        now = clock.now()
        filled = []
        for account in accounts:
            known = account.account in self._known
            rows = [self._recall(row, known, now) for row in account.rows]
            filled.append(account._replace(rows=rows))
            if account.known:
                self._known.add(account.account)
        return filled

    def _recall(self, row: BalanceRow, known: bool, now: float) -> BalanceRow:
        key = row.account, row.currency
        seen = self._seen.get(key)
        until = seen.until if seen else 0.0
        if seen is not None and not row.change:
            row = row._replace(change=seen.row.change, changed_at=seen.row.changed_at)
        fresh = _difference(row, seen, known)
        if fresh != NOTHING:
            until = now + FRESH
        elif seen is not None and now < until:
            fresh = seen.row.fresh
        row = row._replace(fresh=fresh)
        self._seen[key] = LastRow(row, until)
        return row


def _difference(row: BalanceRow, seen: LastRow | None, known: bool) -> Difference:
    if seen is not None:
        before = seen.row
        if (before.available, before.locked) == (row.available, row.locked):
            return NOTHING
        return Difference(
            _less(row.available, before.available),
            _less(row.locked, before.locked),
            _less(row.total, before.total),
        )
    if not known or row.source == "SNAPSHOT":
        return NOTHING  # it was there before the first snapshot
    return Difference(row.available, row.locked, row.total)


def _less(amount: Decimal, before: Decimal) -> Decimal:
    return exact_sum((amount, before.copy_negate()))
