"""The interface of a contender, and the parts that plain WebSocket clients share."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from decimal import Decimal
from typing import Any, Callable, NamedTuple, Sequence

import jwt
import msgspec

__all__ = [
    "Account",
    "Asset",
    "AsyncContender",
    "Contender",
    "OnAsset",
    "Push",
]

#: currency, available, locked: as the contender's own callback has them.
OnAsset = Callable[[str, Any, Any], object]

#: The subscription to balances of Upbit's documentation.
SUBSCRIBE = json.dumps([{"ticket": "benchmark"}, {"type": "myAsset"}])


class Account(NamedTuple):
    """Address and credentials of one account."""

    ws_url: str
    rest_url: str
    access_key: str
    secret_key: str

    def authorization(self) -> dict[str, str]:
        """Return the authorization header that Upbit's documentation shows."""
        claims = {"access_key": self.access_key, "nonce": str(uuid.uuid4())}
        return {"Authorization": f"Bearer {jwt.encode(claims, self.secret_key)}"}


class Contender:
    """One client under test. The end of its process is the only end of its threads.

    Attributes:
        speed: how many times as fast as the real clock its own runs.
    """

    speed = 1.0

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        """Start connecting, and return; may be called again for more accounts."""
        raise NotImplementedError

    def wait_ready(self, timeout: float) -> None:
        """Wait until it reports that it is ready.

        Most have no such sign: the server sees their subscriptions.
        """

    def wall(self) -> float:
        """Return the seconds since 1970 by its clock."""
        return time.time()

    def settle(self, seconds: float) -> None:
        """Let that much time pass for what a start leaves to do, which few have."""

    def used_by_others(self) -> float:
        """Return the CPU seconds so far of the processes that work for this one."""
        return 0.0

    def close(self) -> None:
        """End the processes that work for this one, which few have."""

    def tick(self) -> None:
        """Let a second pass by its clock, in no time.

        For a contender whose memory goes by the time.
        """
        raise NotImplementedError


class AsyncContender(Contender):
    """A contender of the asyncio world, its loop in a thread."""

    _loop: asyncio.AbstractEventLoop | None = None

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(self.run(accounts, on_asset), self._loop)

    async def run(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        """Listen for all accounts."""
        await asyncio.gather(*(self.listen(a, on_asset) for a in accounts))

    async def listen(self, account: Account, on_asset: OnAsset) -> None:
        """Connect, subscribe, and hand on every frame."""
        raise NotImplementedError


class Asset(msgspec.Struct):
    """One balance of a push."""

    currency: str
    balance: Decimal
    locked: Decimal


class Push(msgspec.Struct):
    """A push of myAsset, typed and exact."""

    assets: list[Asset]
    asset_timestamp: int
    timestamp: int


def handler(on_asset: OnAsset) -> Callable[[Any], None]:
    """Make the handler of a plain WebSocket client: decode a frame, then use it."""
    decode = msgspec.json.Decoder(Push).decode

    def handle(message: bytes | memoryview | str) -> None:
        for asset in decode(message).assets:
            on_asset(asset.currency, asset.balance, asset.locked)

    return handle
