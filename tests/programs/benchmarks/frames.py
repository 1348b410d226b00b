"""Balance frames to be sent, and the balances after the last of them."""

from __future__ import annotations

import time
from typing import Callable

__all__ = ["END", "Frames", "frame"]

CURRENCIES = ("BTC", "ETH", "XRP", "SOL", "SGD")
#: The currency of the last frame: whoever sees it has seen all.
END = "END"
#: The number of digits that Upbit sends; a float keeps 16 of them.
FRACTION = "37231066771348207123"
LOCKED = "10329.670127489597585685"
TEXT, BINARY = 0x1, 0x2


def frame(opcode: int, payload: bytes) -> bytes:
    """Make a whole, unmasked frame, as servers send it."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload


def upbit(currency: str, balance: str, locked: str, stamp: int) -> str:
    """Make a push of myAsset, in which amounts are JSON numbers."""
    return (
        '{"type":"myAsset","asset_uuid":"e635f223-1609-4969-8fb6-4376937baad6",'
        f'"assets":[{{"currency":"{currency}","balance":{balance},'
        f'"locked":{locked}}}],"asset_timestamp":{stamp},"timestamp":{stamp},'
        '"stream_type":"REALTIME"}'
    )


def bybit(currency: str, balance: str, locked: str, stamp: int) -> str:
    """Make a short push of wallet, in which amounts are strings."""
    return (
        '{"id":"592324d2bce751-ad38-48eb-8f42-4671d1fb4d4e","topic":"wallet",'
        f'"creationTime":{stamp},"data":[{{"accountType":"UNIFIED","coin":[{{"coin":'
        f'"{currency}","walletBalance":"{balance}","locked":"{locked}"}}]}}]}}'
    )


DIALECTS: dict[str, Callable[[str, str, str, int], str]] = {
    "upbit": upbit,
    "bybit": bybit,
}


class Frames:
    """Makes frames in rising order of time; keeps the balances of the last.

    Attributes:
        balances: currency -> available and locked, as text: what REST answers.
    """

    def __init__(self, dialect: str, *, binary: bool) -> None:
        self._write = DIALECTS[dialect]
        self._opcode = BINARY if binary else TEXT
        self._number = 0
        # One a millisecond, from so long ago that none is ever in the future.
        self._first_ms = int(time.time() * 1000) - 20_000_000
        self.balances = {code: ("1000", "0") for code in (*CURRENCIES, END)}

    def next(self, *, last: bool = False, locked: str = LOCKED) -> bytes:
        """Return the next frame; its balances differ from all before."""
        number = self._number
        self._number += 1
        currency = END if last else CURRENCIES[number % len(CURRENCIES)]
        balance = f"{1386929 + number}.{FRACTION}"
        self.balances[currency] = balance, locked
        text = self._write(currency, balance, locked, self._first_ms + number)
        return frame(self._opcode, text.encode())

    def again(self) -> bytes:
        """Return a later frame with the same balances."""
        number = self._number
        self._number += 1
        currency = CURRENCIES[number % len(CURRENCIES)]
        text = self._write(currency, *self.balances[currency], self._first_ms + number)
        return frame(self._opcode, text.encode())

    def stamped(self, *, last: bool = False) -> bytes:
        """Return the next frame; its ``locked`` is the monotonic time in seconds."""
        seconds, rest = divmod(time.monotonic_ns(), 1_000_000_000)
        return self.next(last=last, locked=f"{seconds}.{rest:09d}")
