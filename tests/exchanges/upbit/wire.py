"""Upbit's wire forms, for the simulated world."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Mapping, Sequence

from assetstream.protocol import Exchange
from tests.exchanges.upbit.spec import make_upbit
from tests.support.world.ledger import Amounts
from tests.support.world.wire import Wire

__all__ = ["WIRE", "UpbitWire"]


class UpbitWire(Wire):
    """Upbit's forms."""

    exchange: Exchange = make_upbit()
    unknown_key = (
        401,
        b'{"error":{"name":"invalid_access_key","message":"No such key."}}',
    )
    in_order = True

    def answers(self, text: str) -> tuple[Sequence[bytes], bool]:
        if "LIST_SUBSCRIPTIONS" in text:
            ticket = json.loads(text)[0]["ticket"]
            reply = (
                '{"method":"LIST_SUBSCRIPTIONS","result":[{"type":"myAsset"}],'
                f'"ticket":"{ticket}"}}'
            )
            return [reply.encode()], False
        return (), '"myAsset"' in text

    def key(self, milliseconds: int, number: int) -> tuple[int, int]:
        # Frames of one currency never share both times.
        return milliseconds, milliseconds + number

    def _amount(self, amount: Decimal) -> str:
        return str(amount)

    def _push(
        self, currency: str, available: str, locked: str, key: tuple[int, int]
    ) -> bytes:
        return (
            '{"type":"myAsset","asset_uuid":"00000000-0000-0000-0000-000000000001",'
            f'"assets":[{{"currency":"{currency}","balance":{available},'
            f'"locked":{locked}}}],"asset_timestamp":{key[0]},"timestamp":{key[1]},'
            '"stream_type":"REALTIME"}'
        ).encode()

    def balances(
        self, held: Mapping[str, Amounts], garbled: str | None, twice: str | None
    ) -> bytes:
        entries = [
            f'{{"currency":"{code}","balance":"{free}","locked":"{locked}",'
            '"avg_buy_price":"0","avg_buy_price_modified":false,"unit_currency":"SGD"}'
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


WIRE = UpbitWire()
