"""Gate's wire forms, for the simulated world."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Mapping, Sequence

from assetstream.protocol import Exchange
from tests.exchanges.gate.spec import make_gate
from tests.support.spec import sample
from tests.support.world.ledger import Amounts
from tests.support.world.wire import Wire

__all__ = ["WIRE", "GateWire"]

#: A request may be so late, or early; seconds.
WINDOW = 60


class GateWire(Wire):
    """Gate's forms."""

    exchange: Exchange = make_gate()
    unknown_key = 401, sample("gate", "rest_error_key")
    login_refused = sample("gate", "subscribe_refused")
    in_order = True
    renewal = sample("gate", "upgrade")

    def logs_in(self, text: str) -> bool:
        return '"auth"' in text

    def answers(self, text: str) -> tuple[Sequence[bytes], bool]:
        if json.loads(text)["channel"] == "spot.ping":
            return [sample("gate", "pong")], False
        return [sample("gate", "subscribe_ack")], True

    def untimely(self, headers: Mapping[str, str], ms: int) -> tuple[int, bytes] | None:
        time = headers.get("Timestamp")
        # An upgrade is not signed.
        if time is None or abs(int(time) - ms / 1000) <= WINDOW:
            return None
        return 403, sample("gate", "rest_untimely")

    def key(self, milliseconds: int, number: int) -> tuple[int, int]:
        # Nanoseconds: two pushes of one millisecond never share them.
        return milliseconds, number

    def _amount(self, amount: Decimal) -> str:
        return f'"{amount}"'

    def _push(
        self, currency: str, available: str, locked: str, key: tuple[int, int]
    ) -> bytes:
        return (
            f'{{"time":{key[0] // 1000},"time_ms":{key[0]},"channel":"spot.balances",'
            f'"event":"update","result":[{{"timestamp":"{key[0] // 1000}",'
            f'"timestamp_ms":"{key[0]}.{key[1]:06d}","user":"1000001",'
            f'"currency":"{currency}","change":"0","total":"9","available":{available},'
            f'"freeze":{locked},"freeze_change":"0","change_type":"other"}}]}}'
        ).encode()

    def balances(
        self, held: Mapping[str, Amounts], garbled: str | None, twice: str | None
    ) -> bytes:
        entries = [
            f'{{"currency":"{code}","available":"{free}","locked":"{locked}",'
            '"update_id":7}'
            for code, (free, locked) in held.items()
            if code != garbled
        ]
        if garbled:
            entries.append(f'{{"currency":"{garbled}","available":"?","locked":"0"}}')
        elif garbled is not None:
            entries.append('{"available":"1","locked":"0"}')
        if twice:
            entries.append(f'{{"currency":"{twice}","available":"7","locked":"7"}}')
        return ("[" + ",".join(entries) + "]").encode()

    def without(self, kind: str) -> bytes:
        return b"null" if kind == "null" else b"{}"


WIRE = GateWire()
