"""``KorbitAccount``: an account on the simulated Korbit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Sequence

import msgspec

from assetstream.exchanges.korbit.exchange import WS_PATH
from assetstream.exchanges.korbit.frames import CHANNEL, MAIN_ACCOUNT
from assetstream.simulator.account import Account, Opening
from assetstream.simulator.ledger import LedgerChange, plain
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind, Message

__all__ = ["NUMBERED", "KorbitAccount"]

#: The style of a client that named the account: its pushes have the number.
NUMBERED = "numbered"


class KorbitAccount(Account):
    """An account on the simulated Korbit; see ``Account`` for what it can do.

    Its key is ``api_key`` and ``secret_key``. It is made by ``Simulator.open``, whose
    option for it is the first attribute below.

    Attributes:
        withdrawing: what is locked is held by withdrawals, not by orders.
    """

    name = "korbit"
    ws_path = WS_PATH

    def __init__(self, opening: Opening, *, withdrawing: bool = False) -> None:
        super().__init__(opening)
        self.withdrawing = withdrawing
        self.reads = Limit(50, 1.0)

    def asset(self, code: str, available: Decimal, locked: Decimal) -> dict[str, Any]:
        """Make the entry of a balance, as REST and pushes have it."""
        orders, withdrawals = (0, locked) if self.withdrawing else (locked, 0)
        return {
            "currency": code.lower(),
            "balance": plain(available + locked),
            "available": plain(available),
            "tradeInUse": plain(Decimal(orders)),
            "withdrawalInUse": plain(Decimal(withdrawals)),
            "avgPrice": "0",
        }

    def encode(self, change: LedgerChange, style: str) -> Sequence[Message]:
        """Make the text frame of ``change``.

        Args:
            style: ``NUMBERED``, or "" for a client that named no account.
        """
        numbered = {"accountSeq": MAIN_ACCOUNT} if style == NUMBERED else {}
        assets = [
            {
                **self.asset(each.currency, each.available, each.locked),
                "updatedAt": change.time_ms,
            }
            for each in change.entries
        ]
        content = {
            "channelType": CHANNEL,
            "timestamp": change.time_ms,
            "asset": {**numbered, "assets": assets},
        }
        return [Message(Kind.PUSH, msgspec.json.encode(content))]
