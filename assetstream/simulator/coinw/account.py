"""``CoinWAccount``: an account on the simulated CoinW."""

from __future__ import annotations

from typing import Mapping, Sequence

import msgspec

from assetstream.protocol import Exchange
from assetstream.simulator.account import Account, ApiKey
from assetstream.simulator.context import Context
from assetstream.simulator.ledger import TRANSFERS, Amount, LedgerChange, plain
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind, Message

__all__ = ["CoinWAccount"]

#: The first id in the documents' own sample; far above 2^53.
FIRST_LEDGER_ID = 1125899934698144651


class CoinWAccount(Account):
    """An account on the simulated CoinW; see ``Account`` for what it can do.

    Its key is ``api_key`` and ``secret_key``. It is made by ``Simulator.coinw``.

    Attributes:
        reads: the limit of its REST requests.
        silent_unsub: True leaves the end of a subscription unacknowledged.
    """

    name = "coinw"

    def __init__(
        self,
        context: Context,
        number: int,
        credentials: ApiKey,
        balances: Mapping[str, Amount],
        *,
        push_deposits: bool,
        silent_unsub: bool,
    ) -> None:
        super().__init__(context, number, credentials, balances)
        self.reads = Limit(5, 2.0)
        self.silent_unsub = silent_unsub
        self._push_deposits = push_deposits

    @property
    def api_key(self) -> str:
        """The fake key, formed like the real ones."""
        return self.credentials.key

    @property
    def ws_url(self) -> str:
        """The whole URL of the WebSocket, which has no path."""
        return self.context.ws_url

    @property
    def rest_url(self) -> str:
        """The base URL of REST, as the real one's without a path."""
        return self.context.url

    def exchange(self) -> Exchange:
        """Make an ``assetstream.CoinW`` for this account, pointed at the simulator."""
        from assetstream.exchanges import CoinW

        return CoinW(
            self.api_key, self.secret_key, ws_url=self.ws_url, rest_url=self.rest_url
        )

    def encode(self, change: LedgerChange, style: str) -> Sequence[Message]:
        """Make one text frame per currency; all of one ``change`` share its time.

        Args:
            style: CoinW has one only.
        """
        if change.kind in TRANSFERS and not self._push_deposits:
            return ()
        pushes = []
        for entry in change.entries:
            data = {
                "available": plain(entry.available),
                "currency": entry.currency,
                "time": change.time_ms,
                "type": "change",
                "ledger_id": FIRST_LEDGER_ID + entry.number,
                "account": "spot",
                "hold": plain(entry.locked),
            }
            content = {"biz": "exchange", "data": data, "type": "assets"}
            pushes.append(Message(Kind.PUSH, msgspec.json.encode(content)))
        return pushes
