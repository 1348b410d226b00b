"""The interface of a contender, and the parts that plain WebSocket clients share."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from decimal import Decimal
from typing import Any, Callable, NamedTuple, Protocol, Sequence

import jwt
import msgspec

__all__ = [
    "Account",
    "AsyncContender",
    "Contender",
    "OnAsset",
    "Push",
    "WithoutReadiness",
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


class Contender(Protocol):
    """One client under test. The end of its process is its only end."""

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        """Start connecting, and return."""

    def wait_ready(self, timeout: float) -> None:
        """Wait until the contender reports that it is ready, if it ever does."""


class WithoutReadiness:
    """A contender without a sign of readiness; the server sees its subscription."""

    def wait_ready(self, timeout: float) -> None:
        pass


class AsyncContender(WithoutReadiness):
    """A contender of the asyncio world, its loop in a thread."""

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        async def run() -> None:
            await asyncio.gather(*(self.listen(a, on_asset) for a in accounts))

        threading.Thread(target=asyncio.run, args=(run(),), daemon=True).start()

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
