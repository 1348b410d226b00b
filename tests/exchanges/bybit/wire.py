"""Bybit's wire forms, for the simulated world."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Mapping, Sequence

from assetstream.protocol import Exchange
from tests.exchanges.bybit.spec import make_bybit
from tests.support.world.ledger import Amounts
from tests.support.world.wire import Wire

__all__ = ["WIRE", "BybitWire"]

REST = '"bonus":"0","totalOrderIM":"0","totalPositionIM":"0","spotBorrow":"0"'


class BybitWire(Wire):
    """Bybit's forms."""

    exchange: Exchange = make_bybit()
    unknown_key = (
        200,
        b'{"retCode":10003,"retMsg":"API key is invalid.","result":{},"retExtInfo":{}}',
    )
    login_refused = (
        b'{"op":"auth","success":false,"retCode":10003,"retMsg":"Invalid apikey"}'
    )
    in_order = True

    def logs_in(self, text: str) -> bool:
        return '"auth"' in text

    def answers(self, text: str) -> tuple[Sequence[bytes], bool]:
        operation = json.loads(text)["op"]
        if operation == "ping":
            return [b'{"op":"pong","args":["1675418560633"]}'], False
        if operation not in ("auth", "subscribe"):
            return (), False
        reply = f'{{"success":true,"ret_msg":"","op":"{operation}"}}'
        return [reply.encode()], operation == "subscribe"

    def untimely(self, headers: Mapping[str, str], ms: int) -> tuple[int, bytes] | None:
        time = headers.get("X-BAPI-TIMESTAMP")
        if time is None:  # an upgrade, which is not signed
            return None
        window = int(headers["X-BAPI-RECV-WINDOW"])
        if ms - window <= int(time) < ms + 1000:
            return None
        return 200, b'{"retCode":10002,"retMsg":"check your timestamp","result":{}}'

    def key(self, milliseconds: int, number: int) -> tuple[int, int]:
        # On the wire there is only the time, and an id that has no order.
        return milliseconds, number

    def _amount(self, amount: Decimal) -> str:
        return str(amount)

    def _push(
        self, currency: str, available: str, locked: str, key: tuple[int, int]
    ) -> bytes:
        return (
            f'{{"id":"{key[1]:x}-ad38","topic":"wallet","creationTime":{key[0]},"data":[{{"totalInitialMargin":"0","coin":['
            f'{coin(currency, available, locked)}],"accountType":"UNIFIED"}}]}}'
        ).encode()

    def balances(
        self, held: Mapping[str, Amounts], garbled: str | None, twice: str | None
    ) -> bytes:
        # What is zero is not named.
        coins = [
            coin(code, str(free), str(locked))
            for code, (free, locked) in held.items()
            if code != garbled and (free or locked)
        ]
        if garbled is not None:
            named = f'"coin":"{garbled}",' if garbled else ""
            coins.append(f'{{{named}"walletBalance":"?","locked":"0",{REST}}}')
        if twice:
            coins.append(coin(twice, "7", "7"))
        account = f'{{"totalInitialMargin":"0","coin":[{",".join(coins)}]'
        return self._body(f'[{account},"accountType":"UNIFIED"}}]')

    def without(self, kind: str) -> bytes:
        return self._body("null" if kind == "null" else "{}")

    def _body(self, accounts: str) -> bytes:
        return (
            f'{{"retCode":0,"retMsg":"OK","result":{{"list":{accounts}}},'
            '"retExtInfo":{},"time":1690872862481}'
        ).encode()


def coin(currency: str, available: str, locked: str) -> str:
    """Return the entry of a coin; an ``available`` that is no number is unreadable."""
    try:
        total = str(Decimal(available) + Decimal(locked))
    except ArithmeticError:
        total = "?"
    return (
        f'{{"coin":"{currency}","walletBalance":"{total}","locked":"{locked}",{REST}}}'
    )


WIRE = BybitWire()
