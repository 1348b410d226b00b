"""Korbit's wire forms, for the simulated world."""

from __future__ import annotations

from decimal import Decimal
from typing import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from assetstream.protocol import Exchange
from tests.exchanges.korbit.spec import make_korbit
from tests.support.spec import sample
from tests.support.world.ledger import Amounts
from tests.support.world.wire import Wire

__all__ = ["WIRE", "KorbitWire"]


class KorbitWire(Wire):
    """Korbit's forms; what is locked is held by withdrawals in them."""

    exchange: Exchange = make_korbit()
    unknown_key = 401, sample("korbit", "rest_error_key")
    # Not in the documents.
    in_order = False

    def answers(self, text: str) -> tuple[Sequence[bytes], bool]:
        return [sample("korbit", "subscribe_ack")], True

    def untimely(self, headers: Mapping[str, str], ms: int) -> tuple[int, bytes] | None:
        query = parse_qs(urlsplit(headers["url"]).query)
        window, time = int(query["recvWindow"][0]), int(query["timestamp"][0])
        if ms - window <= time < ms + 1000:
            return None
        return 400, sample("korbit", "rest_error_time")

    def key(self, milliseconds: int, number: int) -> tuple[int, int]:
        # Frames of one currency never share both times.
        return milliseconds, milliseconds + number

    def _amount(self, amount: Decimal) -> str:
        return f'"{amount:f}"'

    def _push(
        self, currency: str, available: str, locked: str, key: tuple[int, int]
    ) -> bytes:
        return (
            f'{{"channelType":"myAsset","timestamp":{key[1]},"asset":{{"accountSeq":1,'
            f'"assets":[{{"currency":"{currency.lower()}","balance":"9",'
            f'"available":{available},"tradeInUse":"0","withdrawalInUse":{locked},'
            f'"avgPrice":"0","updatedAt":{key[0]}}}]}}}}'
        ).encode()

    def balances(
        self, held: Mapping[str, Amounts], garbled: str | None, twice: str | None
    ) -> bytes:
        # What is zero is not named.
        entries = [
            self._entry(f'"currency":"{code.lower()}",', f"{free:f}", f"{locked:f}")
            for code, (free, locked) in held.items()
            if (free or locked) and code != garbled
        ]
        if garbled:
            entries.append(self._entry(f'"currency":"{garbled}",', "?", "0"))
        elif garbled is not None:
            entries.append(self._entry("", "1", "0"))
        if twice:
            entries.append(self._entry(f'"currency":"{twice}",', "7", "7"))
        return f'{{"success":true,"data":[{",".join(entries)}]}}'.encode()

    def _entry(self, named: str, available: str, locked: str) -> str:
        amounts = f'"tradeInUse":"0","withdrawalInUse":"{locked}"'
        return f'{{{named}"available":"{available}",{amounts}}}'

    def without(self, kind: str) -> bytes:
        data = "null" if kind == "null" else "{}"
        return f'{{"success":true,"data":{data}}}'.encode()


WIRE = KorbitWire()
