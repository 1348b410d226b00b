"""``BinanceAccount``: an account on the simulated Binance."""

from __future__ import annotations

from typing import Any, Sequence

import msgspec

from assetstream.exchanges.binance.exchange import WS_PATH
from assetstream.simulator.account import Account, Opening
from assetstream.simulator.ledger import TRANSFERS, LedgerChange, plain
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind, Message

__all__ = ["BinanceAccount"]


class BinanceAccount(Account):
    """An account on the simulated Binance; see ``Account`` for what it can do.

    Its key is ``api_key`` and ``secret_key``. It is made by ``Simulator.open``, whose
    options for it are the attributes below.

    Attributes:
        ed25519: its secret is an Ed25519 private key.
        positions: deposits and withdrawals are pushed with the amounts that they lead
            to, and then as differences; False: as differences only.
    """

    name = "binance"
    ws_path = WS_PATH

    def __init__(
        self, opening: Opening, *, ed25519: bool = False, positions: bool = True
    ) -> None:
        super().__init__(opening)
        self.ed25519 = ed25519
        self.positions = positions
        # A weight of 20 each, of 6,000 a minute.
        self.reads = Limit(300, 60.0)

    def encode(self, change: LedgerChange, style: str) -> Sequence[Message]:
        """Make the text frames of ``change``; a difference is one of its own.

        Args:
            style: the number of the client's subscription.
        """
        events: list[dict[str, Any]] = []
        transfer = change.kind in TRANSFERS
        if self.positions or not transfer:
            held = [
                {"a": e.currency, "f": plain(e.available), "l": plain(e.locked)}
                for e in change.entries
            ]
            times = {"E": change.time_ms, "u": change.time_ms}
            events.append({"e": "outboundAccountPosition", **times, "B": held})
        if transfer:
            # By how much, the ledger does not say, and nobody may add it up.
            delta = "-1" if change.kind == "withdraw" else "1"
            moved = {"a": change.entries[0].currency, "d": delta}
            times = {"E": change.time_ms, "T": change.time_ms}
            events.append({"e": "balanceUpdate", **moved, **times})
        number = int(style or 0)
        return [
            Message(
                Kind.PUSH,
                msgspec.json.encode({"subscriptionId": number, "event": event}),
            )
            for event in events
        ]
