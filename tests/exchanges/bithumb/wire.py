"""Bithumb's wire forms, for the simulated world."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Mapping, Sequence

from assetstream.protocol import Exchange
from tests.exchanges.bithumb.spec import make_bithumb
from tests.support.spec import sample
from tests.support.world.ledger import Amounts
from tests.support.world.wire import Wire

__all__ = ["WIRE", "BithumbWire"]

#: The time of a token may differ so much from the exchange's; a guess, ms.
WINDOW = 10_000


class BithumbWire(Wire):
    """Bithumb's forms."""

    exchange: Exchange = make_bithumb()
    unknown_key = 401, sample("bithumb", "rest_error_token")
    # Not in the documents.
    in_order = False

    def answers(self, text: str) -> tuple[Sequence[bytes], bool]:
        return (), '"myAsset"' in text

    def untimely(self, headers: Mapping[str, str], ms: int) -> tuple[int, bytes] | None:
        claims = headers["Authorization"].split(".")[1]
        claims += "=" * (-len(claims) % 4)
        stamp = json.loads(base64.urlsafe_b64decode(claims))["timestamp"]
        timely = abs(ms - stamp) <= WINDOW
        return None if timely else (401, sample("bithumb", "rest_error_time"))

    def key(self, milliseconds: int, number: int) -> tuple[int, int]:
        # Frames of one currency never share both times.
        return milliseconds, milliseconds + number

    def _amount(self, amount: Decimal) -> str:
        return f'"{amount:f}"'

    def _push(
        self, currency: str, available: str, locked: str, key: tuple[int, int]
    ) -> bytes:
        return (
            f'{{"type":"myAsset","assets":[{{"currency":"{currency}",'
            f'"balance":{available},"locked":{locked}}}],'
            f'"asset_timestamp":{key[0]},"timestamp":{key[1]},'
            '"stream_type":"REALTIME"}'
        ).encode()

    def balances(
        self, held: Mapping[str, Amounts], garbled: str | None, twice: str | None
    ) -> bytes:
        entries = [
            f'{{"currency":"{code}","balance":"{free:f}","locked":"{locked:f}",'
            '"avg_buy_price":"0","avg_buy_price_modified":false,"unit_currency":"KRW"}'
            for code, (free, locked) in held.items()
            if (free or locked) and code != garbled
        ]
        if garbled:
            entries.append(f'{{"currency":"{garbled}","balance":"?","locked":"0"}}')
        elif garbled is not None:
            entries.append('{"balance":"1","locked":"0"}')
        if twice:
            entries.append(f'{{"currency":"{twice}","balance":"7","locked":"7"}}')
        return ("[" + ",".join(entries) + "]").encode()

    def without(self, kind: str) -> bytes:
        return b"null" if kind == "null" else b"{}"


WIRE = BithumbWire()
