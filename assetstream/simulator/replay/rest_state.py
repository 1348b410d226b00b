"""The reply of REST at any point of a tape.

A client that reads between two recorded replies would see balances from before the
latest pushes, and would take that for a loss. So the latest reply is shown with the
pushes that are newer than it, by the rules by which audits trust a read (A2, A3).
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Iterable

from assetstream.protocol import BalanceReport
from assetstream.simulator.messages import Reply
from assetstream.simulator.registry import VENUES
from assetstream.simulator.replay.connections import RecordedReply

__all__ = ["RestState"]

#: Seconds; a read sent this soon after a push may not show it (A2).
FRESH = 10.0
#: The same for a read that shows the amounts from before the push (A3).
LAGGING = 60.0
MEMORY = 300.0
ZERO = Decimal(0)

Amounts = tuple[Decimal, Decimal]


class PushedCurrency:
    """Pushes of one currency: the latest amounts, and those before."""

    def __init__(self) -> None:
        self.at = 0.0
        self.key: tuple[int, int] | None = None
        self.amounts: Amounts = (ZERO, ZERO)
        self.before: deque[tuple[float, Amounts]] = deque()

    def take(self, report: BalanceReport, at: float, known: Amounts) -> None:
        """Apply a push, unless it is older than the latest one (K1)."""
        if self.key and report.key and report.key < self.key:
            return
        held = self.amounts if self.before else known
        self.key = report.key or self.key
        while self.before and self.before[0][0] <= at - MEMORY:
            self.before.popleft()
        self.before.append((at, held))
        free, locked = report.available, report.locked
        self.amounts = (
            held[0] if free is None else free,
            held[1] if locked is None else locked,
        )
        self.at = at

    def beats(self, asked: float, read: Amounts) -> bool:
        """Return whether the push beats a read that was sent at ``asked``."""
        if self.at >= asked - FRESH:
            return True
        stood = any(amounts == read for _, amounts in self.before)
        return self.at >= asked - LAGGING and stood


class RestState:
    """Follows a tape, and makes the reply of each moment.

    Args:
        exchange: name of the exchange in whose form the reply is written.
    """

    def __init__(self, exchange: str) -> None:
        self._write = VENUES[exchange].amended
        self._pushed: dict[str, PushedCurrency] = {}
        self._latest: RecordedReply | None = None
        self._good: RecordedReply | None = None

    def connected(self) -> None:
        """Forget the pushes: reads of a new connection count more than those (S1)."""
        self._pushed.clear()

    def pushed(self, reports: Iterable[BalanceReport], at: float) -> None:
        """Apply pushes of the second ``at``."""
        for report in reports:
            pushed = self._pushed.setdefault(report.currency, PushedCurrency())
            pushed.take(report, at, self._read_of(report.currency))

    def replied(self, recorded: RecordedReply) -> None:
        """Apply a recorded reply; an error lasts to the next reply."""
        self._latest = recorded
        if recorded.snapshot is not None:
            self._good = recorded
            for currency, pushed in list(self._pushed.items()):
                if not pushed.beats(recorded.asked, self._read_of(currency)):
                    del self._pushed[currency]

    def ended(self) -> None:
        """End an error, which must not outlast the tape."""
        self._latest = self._good

    @property
    def reply(self) -> Reply | None:
        """Reply of this moment; None: the tape had no reply so far."""
        latest = self._latest
        if latest is None or latest.snapshot is None:
            return None if latest is None else latest.reply
        newer = {
            currency: pushed.amounts
            for currency, pushed in self._pushed.items()
            if pushed.amounts != self._read_of(currency)
        }
        if not newer:
            return latest.reply  # to the byte
        body = self._write(latest.reply.body, newer)
        return Reply(latest.reply.status, body, latest.reply.headers)

    def _read_of(self, currency: str) -> Amounts:
        snapshot = self._good.snapshot if self._good else None
        for report in snapshot.balances if snapshot else ():
            if report.currency == currency:
                return report.available or ZERO, report.locked or ZERO
        return ZERO, ZERO
