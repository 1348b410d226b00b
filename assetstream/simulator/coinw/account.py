"""``CoinWAccount``: an account on the simulated CoinW."""

from __future__ import annotations

from typing import Sequence

import msgspec

from assetstream.simulator.account import Account, Opening
from assetstream.simulator.ledger import TRANSFERS, LedgerChange, plain
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind, Message

__all__ = ["CoinWAccount"]

#: The first id in the documents' own sample; far above 2^53.
FIRST_LEDGER_ID = 1125899934698144651


class CoinWAccount(Account):
    """An account on the simulated CoinW; see ``Account`` for what it can do.

    Its key is ``api_key`` and ``secret_key``. It is made by ``Simulator.coinw``.

    Attributes:
        silent_unsub: True leaves the end of a subscription unacknowledged.
    """

    name = "coinw"
    ws_path = ""

    def __init__(
        self,
        opening: Opening,
        *,
        push_deposits: bool = True,
        silent_unsub: bool = False,
    ) -> None:
        super().__init__(opening)
        self.reads = Limit(5, 2.0)
        self.silent_unsub = silent_unsub
        self._push_deposits = push_deposits

    @property
    def ws_url(self) -> str:
        """The whole URL of the WebSocket, which has no path."""
        return self.context.ws_url

    @property
    def rest_url(self) -> str:
        """The base URL of REST, as the real one's without a path."""
        return self.context.url

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
