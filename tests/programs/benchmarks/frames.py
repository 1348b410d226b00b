"""Balance frames for one account, and its balances after the last of them."""

from __future__ import annotations

import time
from typing import Callable

__all__ = ["CURRENCIES", "END", "Frames", "frame"]

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


def upbit(currency: str, balance: str, locked: str, ms: int, order: int) -> str:
    """Make a push of myAsset, in which amounts are JSON numbers."""
    return (
        '{"type":"myAsset","asset_uuid":"e635f223-1609-4969-8fb6-4376937baad6",'
        f'"assets":[{{"currency":"{currency}","balance":{balance},'
        f'"locked":{locked}}}],"asset_timestamp":{ms},"timestamp":{order},'
        '"stream_type":"REALTIME"}'
    )


def bybit(currency: str, balance: str, locked: str, ms: int, order: int) -> str:
    """Make a short push of wallet, in which amounts are strings."""
    return (
        '{"id":"592324d2bce751-ad38-48eb-8f42-4671d1fb4d4e","topic":"wallet",'
        f'"creationTime":{ms},"data":[{{"accountType":"UNIFIED","coin":[{{"coin":'
        f'"{currency}","walletBalance":"{balance}","locked":"{locked}"}}]}}]}}'
    )


DIALECTS: dict[str, Callable[[str, str, str, int, int], str]] = {
    "upbit": upbit,
    "bybit": bybit,
}


class Frames:
    """Makes frames of the present, in rising order; keeps the balances of the last.

    Args:
        wall: the exchange's clock, seconds since 1970.
        held: how many currencies the account holds; by default a few, and END.

    Attributes:
        balances: currency -> available and locked, as text.
        published: the same as REST answers it.
    """

    def __init__(
        self,
        dialect: str,
        wall: Callable[[], float],
        *,
        binary: bool,
        held: int | None = None,
    ) -> None:
        self._write = DIALECTS[dialect]
        self._opcode = BINARY if binary else TEXT
        self._number = 0
        self._wall = wall
        # Of the last frame, by which those of one millisecond have their order.
        self._order = 0
        self._rotation = CURRENCIES if held is None else codes(held)
        # With a number of its own, END comes as news in the last frame.
        ends = (END,) if held is None else ()
        self.balances = {code: ("1000", "0") for code in (*self._rotation, *ends)}
        self.published = dict(self.balances)

    def publish(self) -> None:
        """Make REST answer with the balances that were sent last.

        A burst goes without: frames that a client has yet to read are the future, and
        an audit that reports them ahead would falsify the measurement.
        """
        self.published = dict(self.balances)

    def publish_each(self) -> None:
        """Make REST answer with every frame that is sent from now on."""
        self.published = self.balances

    def next(self, *, last: bool = False, locked: str = LOCKED) -> bytes:
        """Return the next frame; its balances differ from all before.

        Args:
            last: it is of END.
            locked: the amount that is locked.
        """
        number = self._number
        self._number += 1
        currency = END if last else self._rotation[number % len(self._rotation)]
        balance = f"{1386929 + number}.{FRACTION}"
        self.balances[currency] = balance, locked
        now_ms = int(self._wall() * 1000)
        self._order = max(self._order + 1, now_ms)
        text = self._write(currency, balance, locked, now_ms, self._order)
        return frame(self._opcode, text.encode())

    def timed(self, *, last: bool = False) -> bytes:
        """Return the next frame; its ``locked`` is the monotonic time in seconds."""
        seconds, rest = divmod(time.monotonic_ns(), 1_000_000_000)
        return self.next(last=last, locked=f"{seconds}.{rest:09d}")


def codes(count: int) -> tuple[str, ...]:
    """Make the codes of so many currencies."""
    return tuple(f"C{number:04d}" for number in range(count))
