"""``BinanceAccount``: an account on the simulated Binance."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import msgspec

from assetstream.exchanges.binance.exchange import WS_PATH, Region
from assetstream.protocol import Exchange
from assetstream.simulator.account import Account, ApiKey
from assetstream.simulator.context import Context
from assetstream.simulator.ledger import TRANSFERS, Amount, LedgerChange, plain
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind, Message

__all__ = ["BinanceAccount"]


class BinanceAccount(Account):
    """An account on the simulated Binance; see ``Account`` for what it can do.

    Its key is ``api_key`` and ``secret_key``. It is made by ``Simulator.open``, whose
    options for it are the attributes below.

    Attributes:
        region: the network that its key is from.
        ed25519: its secret is an Ed25519 private key.
        positions: deposits and withdrawals are pushed with the amounts that they lead
            to, and then as differences; False: as differences only.
        reads: the limit of its REST requests.
    """

    name = "binance"

    def __init__(
        self,
        context: Context,
        number: int,
        credentials: ApiKey,
        balances: Mapping[str, Amount],
        *,
        region: Region,
        ed25519: bool,
        positions: bool,
    ) -> None:
        super().__init__(context, number, credentials, balances)
        self.region: Region = region
        self.ed25519 = ed25519
        self.positions = positions
        # A weight of 20 each, of 6,000 a minute.
        self.reads = Limit(300, 60.0)

    @property
    def api_key(self) -> str:
        """The fake key, formed like the real ones."""
        return self.credentials.key

    @property
    def ws_url(self) -> str:
        """The whole URL of the WebSocket API."""
        return f"{self.context.ws_url}/{self.name}{WS_PATH}"

    def exchange(self) -> Exchange:
        """Make an ``assetstream.Binance`` for this account, led to the simulator."""
        from assetstream.exchanges import Binance

        return Binance(
            self.api_key,
            self.secret_key,
            region=self.region,
            ws_url=self.ws_url,
            rest_url=self.rest_url,
        )

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
