"""``BybitAccount``: an account on the simulated Bybit."""

from __future__ import annotations

import uuid
from decimal import Context as Arithmetic
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, Mapping, Sequence

import msgspec

from assetstream.exchanges.bybit.exchange import WS_PATH
from assetstream.simulator.account import Account, Opening
from assetstream.simulator.ledger import Amount, Balances, LedgerChange, plain
from assetstream.simulator.limits import Limit
from assetstream.simulator.messages import Kind, Message

__all__ = ["BybitAccount", "Margin"]

Margin = Literal["isolated", "cross", "portfolio"]

EXACT = Arithmetic(prec=400)


class BybitAccount(Account):
    """An account on the simulated Bybit; see ``Account`` for what it can do.

    Its key is ``api_key`` and ``secret_key``. It is made by ``Simulator.open``, whose
    options for it are the attributes below.

    Attributes:
        margin: the account's kind of margin.
        positions: the margin of derivatives' positions, by currency. It is a part of
            what the ledger has as available.
        borrowed: what is owed, by currency. The ledger has what is owned besides.
        terse: fields that are zero may be left out.
        coded: answers on the WebSocket have codes: the newer of their two forms.
    """

    name = "bybit"
    ws_path = WS_PATH

    def __init__(
        self,
        opening: Opening,
        *,
        margin: Margin = "cross",
        positions: Mapping[str, Amount] = MappingProxyType({}),
        borrowed: Mapping[str, Amount] = MappingProxyType({}),
        terse: bool = False,
        coded: bool = True,
    ) -> None:
        super().__init__(opening)
        self.margin = margin
        self.positions = {code: Decimal(held) for code, held in positions.items()}
        self.borrowed = {code: Decimal(debt) for code, debt in borrowed.items()}
        self.terse = terse
        self.coded = coded
        self.reads = Limit(50, 1.0)

    def encode(self, change: LedgerChange, style: str) -> Sequence[Message]:
        """Make one text frame of ``change``, which has no key but its time.

        Args:
            style: Bybit has one only.
        """
        changed = {e.currency: (e.available, e.locked) for e in change.entries}
        content = {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, str(change.entries[0].number))),
            "topic": "wallet",
            "creationTime": change.time_ms,
            "data": [self.wallet(changed)],
        }
        return [Message(Kind.PUSH, msgspec.json.encode(content))]

    def wallet(self, balances: Balances) -> dict[str, Any]:
        """Make the account's part of a push or a reply of REST."""
        isolated = self.margin == "isolated"
        used = any(self.positions.values())
        return {
            "accountIMRate": "" if isolated else "0",
            "totalInitialMargin": "" if isolated else str(int(used)),
            "coin": [self._coin(code, *held) for code, held in balances.items()],
            "accountType": "UNIFIED",
        }

    def _coin(self, code: str, available: Decimal, locked: Decimal) -> dict[str, Any]:
        debt = self.borrowed.get(code, Decimal(0))
        owned = EXACT.add(available, locked)
        position = plain(self.positions.get(code, Decimal(0)))
        unsaid = self.margin == "portfolio"
        fields: dict[str, Any] = {
            "coin": code,
            "equity": plain(owned),
            "walletBalance": plain(EXACT.add(owned, debt)),
            "availableToWithdraw": "",
            "availableToBorrow": "",
            "borrowAmount": plain(debt),
            "totalOrderIM": "" if unsaid else "0",
            "totalPositionIM": "" if unsaid else position,
            "bonus": "0",
            "marginCollateral": True,
            "locked": plain(locked),
            "spotBorrow": plain(debt),
        }
        if self.terse:
            for name in ("bonus", "locked", "spotBorrow"):
                if fields[name] == "0":
                    del fields[name]
        return fields
