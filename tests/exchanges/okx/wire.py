"""OKX's wire forms, for the simulated world."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Mapping, Sequence

from assetstream.protocol import Exchange
from tests.exchanges.okx.spec import make_okx
from tests.support.spec import sample
from tests.support.world.ledger import Amounts
from tests.support.world.wire import Wire

__all__ = ["WIRE", "OKXWire"]

#: A request may be so late, or early; ms.
WINDOW = 30_000


class OKXWire(Wire):
    """OKX's forms."""

    exchange: Exchange = make_okx()
    unknown_key = 401, sample("okx", "rest_error_key")
    login_refused = (
        b'{"event":"error","code":"60032","msg":"API key doesn\'t exist.",'
        b'"connId":"b5e4ac66"}'
    )
    in_order = True
    renewal = sample("okx", "notice_upgrade")

    def answers(self, text: str) -> tuple[Sequence[bytes], bool]:
        if text == "ping":
            return [b"pong"], False
        if json.loads(text)["op"] == "login":
            return [sample("okx", "login_ack")], False
        return [
            sample("okx", "subscribe_ack"),
            sample("okx", "connection_count"),
            sample("okx", "push_empty"),
        ], True

    def untimely(self, headers: Mapping[str, str], ms: int) -> tuple[int, bytes] | None:
        time = headers.get("OK-ACCESS-TIMESTAMP")
        if time is None:  # an upgrade, which is not signed
            return None
        signed = datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000
        if abs(signed - ms) < WINDOW:
            return None
        return 401, b'{"msg":"Timestamp request expired","code":"50102"}'

    def key(self, milliseconds: int, number: int) -> tuple[int, int]:
        # OKX gathers changes for 50 ms: those of a currency never share both times.
        return milliseconds, milliseconds + number

    def _amount(self, amount: Decimal) -> str:
        return f'"{amount}"'

    def _push(
        self, currency: str, available: str, locked: str, key: tuple[int, int]
    ) -> bytes:
        return (
            '{"arg":{"channel":"account","uid":"51"},"eventType":"event_update",'
            f'"data":[{{"details":[{_detail(currency, available, locked, key[1])}],'
            f'"uTime":"{key[0]}"}}]}}'
        ).encode()

    def balances(
        self, held: Mapping[str, Amounts], garbled: str | None, twice: str | None
    ) -> bytes:
        details = [
            _detail(code, self._amount(free), self._amount(locked))
            for code, (free, locked) in held.items()
            if code != garbled and (free or locked)  # as the real one does
        ]
        if garbled is not None:
            details.append(_detail(garbled, '"?"', '"0"'))
        if twice:
            details.append(_detail(twice, '"7"', '"7"'))
        return self._body(f'[{{"details":[{",".join(details)}]}}]')

    def without(self, kind: str) -> bytes:
        return self._body("null" if kind == "null" else '[{"details":{}}]')

    def _body(self, data: str) -> bytes:
        return f'{{"code":"0","data":{data},"msg":""}}'.encode()


def _detail(currency: str, available: str, locked: str, changed: int = 1) -> str:
    return (
        f'{{"availBal":{available},"availEq":"","ccy":"{currency}",'
        f'"frozenBal":{locked},"uTime":"{changed}"}}'
    )


WIRE = OKXWire()
