"""Binance's wire forms, for the simulated world."""

from __future__ import annotations

from decimal import Decimal
from typing import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from assetstream.protocol import Exchange
from tests.exchanges.binance.spec import make_binance
from tests.support.spec import sample
from tests.support.world.ledger import Amounts
from tests.support.world.wire import Wire

__all__ = ["WIRE", "BinanceWire"]


class BinanceWire(Wire):
    """Binance's forms."""

    exchange: Exchange = make_binance()
    unknown_key = 401, sample("binance", "rest_refused")
    login_refused = sample("binance", "subscribe_refused")
    in_order = True
    deltas = True
    renewal = sample("binance", "server_shutdown")

    def logs_in(self, text: str) -> bool:
        return "userDataStream.subscribe.signature" in text

    def answers(self, text: str) -> tuple[Sequence[bytes], bool]:
        return [b'{"id":"subscribe","status":200,"result":{"subscriptionId":0}}'], True

    def untimely(self, headers: Mapping[str, str], ms: int) -> tuple[int, bytes] | None:
        query = parse_qs(urlsplit(headers.get("url", "")).query)
        if not query:  # an upgrade, which is not signed
            return None
        window, time = int(query["recvWindow"][0]), int(query["timestamp"][0])
        if ms - window <= time < ms + 1000:
            return None
        return 400, sample("binance", "rest_untimely")

    def key(self, milliseconds: int, number: int) -> tuple[int, int]:
        # Events of a currency never share both times here: ties go by arrival, which
        # copies that come late would belie; nothing says that Binance sends copies.
        return milliseconds, milliseconds + number

    def delta(self, currency: str) -> bytes:
        event = f'{{"e":"balanceUpdate","E":1,"a":"{currency}","d":"1","T":1}}'
        return f'{{"subscriptionId":0,"event":{event}}}'.encode()

    def _amount(self, amount: Decimal) -> str:
        return f'"{amount}"'

    def _push(
        self, currency: str, available: str, locked: str, key: tuple[int, int]
    ) -> bytes:
        return (
            '{"subscriptionId":0,"event":{"e":"outboundAccountPosition",'
            f'"E":{key[1]},"u":{key[0]},"B":[{{"a":"{currency}","f":{available},'
            f'"l":{locked}}}]}}}}'
        ).encode()

    def balances(
        self, held: Mapping[str, Amounts], garbled: str | None, twice: str | None
    ) -> bytes:
        # What is zero is not named.
        entries = [
            f'{{"asset":"{code}","free":"{free}","locked":"{locked}"}}'
            for code, (free, locked) in held.items()
            if code != garbled and (free or locked)
        ]
        if garbled is not None:
            named = f'"asset":"{garbled}",' if garbled else ""
            entries.append(f'{{{named}"free":"?","locked":"0"}}')
        if twice:
            entries.append(f'{{"asset":"{twice}","free":"7","locked":"7"}}')
        return self._body(f"[{','.join(entries)}]")

    def without(self, kind: str) -> bytes:
        return self._body("null" if kind == "null" else "{}")

    def _body(self, balances: str) -> bytes:
        return f'{{"accountType":"SPOT","balances":{balances}}}'.encode()


WIRE = BinanceWire()
