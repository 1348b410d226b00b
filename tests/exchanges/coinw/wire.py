"""CoinW's wire forms, for the simulated world."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Mapping, Sequence

from assetstream.protocol import Exchange
from tests.exchanges.coinw.spec import make_coinw
from tests.support.world.ledger import Amounts
from tests.support.world.wire import Wire

__all__ = ["WIRE", "CoinWWire"]

#: The first id in the documents' own sample.
FIRST_LEDGER_ID = 1125899934698144651


class CoinWWire(Wire):
    """CoinW's forms."""

    exchange: Exchange = make_coinw()
    unknown_key = (
        200,
        b'{"code":6000,"data":null,"msg":"authentication error","success":false,'
        b'"failed":true}',
    )
    login_refused = (
        b'{"data":{"result":false,"errorCode":1003,"errorMsg":"auth failed"},'
        b'"channel":"login"}'
    )
    in_order = False

    def answers(self, text: str) -> tuple[Sequence[bytes], bool]:
        event = json.loads(text)["event"]
        if event == "login":
            return [b'{"data":{"result":true},"channel":"login"}'], False
        if event == "sub":
            reply = (
                b'{"biz":"exchange","data":{"result":true},"channel":"subscribe",'
                b'"type":"assets"}'
            )
            return [reply], True
        if event == "ping":
            return [b'{"event":"pong"}'], False
        return (), False

    def key(self, milliseconds: int, number: int) -> tuple[int, int]:
        return milliseconds, FIRST_LEDGER_ID + number

    def _amount(self, amount: Decimal) -> str:
        return f'"{amount}"'

    def _push(
        self, currency: str, available: str, locked: str, key: tuple[int, int]
    ) -> bytes:
        return (
            f'{{"biz":"exchange","data":{{"available":{available},'
            f'"currency":"{currency}","time":{key[0]},"type":"change",'
            f'"ledger_id":{key[1]},"account":"spot","hold":{locked}}},'
            '"type":"assets"}'
        ).encode()

    def balances(
        self, held: Mapping[str, Amounts], garbled: str | None, twice: str | None
    ) -> bytes:
        # Zeros are named as well, as the real one does.
        entries = [
            f'"{code}":{{"onOrders":"{locked}","available":"{free}"}}'
            for code, (free, locked) in held.items()
            if code != garbled
        ]
        if garbled is not None:
            entries.append(f'"{garbled}":{{"onOrders":"0","available":"?"}}')
        if twice:
            entries.append(f'"{twice}":{{"onOrders":"7","available":"7"}}')
        return self._body("{" + ",".join(entries) + "}")

    def without(self, kind: str) -> bytes:
        return self._body("null" if kind == "null" else "[]")

    def _body(self, data: str) -> bytes:
        return (
            f'{{"code":"200","data":{data},"msg":"SUCCESS","success":true,'
            '"failed":false}'
        ).encode()


WIRE = CoinWWire()
