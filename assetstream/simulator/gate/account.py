"""``GateAccount``: an account on the simulated Gate."""

from __future__ import annotations

from decimal import Context as Arithmetic
from decimal import Decimal
from typing import Sequence

import msgspec

from assetstream.exchanges.gate.frames import CHANNEL
from assetstream.simulator.account import Account, Opening
from assetstream.simulator.ledger import LedgerChange, LedgerEntry, plain
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind, Message

__all__ = ["GateAccount"]

USER = "1000001"
#: In every total, and in nothing else: what lies elsewhere.
ELSEWHERE = Decimal("0.0000652")

EXACT = Arithmetic(prec=400)


class GateAccount(Account):
    """An account on the simulated Gate; see ``Account`` for what it can do.

    Its key is ``api_key`` and ``secret_key``. It is made by ``Simulator.open``, whose
    options for it are the attributes below.

    Attributes:
        exponents: some amounts are written like ``1.5E-7``.
        halves: pushes have no ``freeze``, as they once had none.
    """

    name = "gate"
    ws_path = "/ws/v4/"

    def __init__(
        self, opening: Opening, *, exponents: bool = True, halves: bool = False
    ) -> None:
        super().__init__(opening)
        self.exponents = exponents
        self.halves = halves
        self.reads = Limit(200, 10.0)
        # The millisecond of the latest push, and how many more it had.
        self._ms = self._more = 0

    def encode(self, change: LedgerChange, style: str) -> Sequence[Message]:
        """Make one text frame of ``change``, without the differences to before.

        Args:
            style: Gate has one only.
        """
        content = {
            "time": change.time_ms // 1000,
            "time_ms": change.time_ms,
            "channel": CHANNEL,
            "event": "update",
            "result": [self._change(change, entry) for entry in change.entries],
        }
        return [Message(Kind.PUSH, msgspec.json.encode(content))]

    def _change(self, change: LedgerChange, entry: LedgerEntry) -> dict[str, str]:
        total = EXACT.add(EXACT.add(entry.available, entry.locked), ELSEWHERE)
        fields = {
            "timestamp": str(change.time_ms // 1000),
            "timestamp_ms": self._stamp(change.time_ms),
            "user": USER,
            "currency": entry.currency,
            "total": plain(total),
            "available": self._number(entry.available, entry),
        }
        if not self.halves:
            fields["freeze"] = self._number(entry.locked, entry)
            fields["change_type"] = change.kind.replace("_", "-")
        return fields

    def _stamp(self, ms: int) -> str:
        """Return a change's time; what falls into one millisecond has a fraction."""
        self._more = self._more + 1 if ms == self._ms else 0
        self._ms = ms
        return f"{ms}.{self._more:03d}" if self._more else str(ms)

    def _number(self, amount: Decimal, entry: LedgerEntry) -> str:
        if self.exponents and amount and entry.number % 4 == 3:
            digits, _, power = f"{amount:E}".partition("E")
            return f"{digits}E{int(power)}"
        return plain(amount)
