"""What a contender is, and what those share that leave the protocol to the user."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from decimal import Decimal
from typing import Any, Callable, NamedTuple, Protocol, Sequence

import jwt
import msgspec

__all__ = ["Account", "AsyncContender", "Contender", "OnAsset", "Push", "Told"]

#: currency, available, locked: as the contender's own callback has them.
OnAsset = Callable[[str, Any, Any], object]

#: What subscribes to balances, as Upbit's documentation has it.
SUBSCRIBE = json.dumps([{"ticket": "benchmark"}, {"type": "myAsset"}])


class Account(NamedTuple):
    """Where to connect, and as whom."""

    ws_url: str
    rest_url: str
    access_key: str
    secret_key: str

    def authorization(self) -> dict[str, str]:
        """The header of an upgrade, as Upbit's documentation makes it."""
        claims = {"access_key": self.access_key, "nonce": str(uuid.uuid4())}
        return {"Authorization": f"Bearer {jwt.encode(claims, self.secret_key)}"}


class Contender(Protocol):
    """A client under test. It need not end: its process does, and takes it along."""

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        """Connect, without keeping the caller's thread."""

    def wait_ready(self, timeout: float) -> None:
        """Wait until it calls itself ready (again), if it ever says so."""


class Told:
    """A contender that says no more than that it is subscribed: the server sees it."""

    def wait_ready(self, timeout: float) -> None:
        pass


class AsyncContender(Told):
    """A contender of the asyncio world, its loop in a thread."""

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        async def run() -> None:
            await asyncio.gather(*(self.listen(a, on_asset) for a in accounts))

        threading.Thread(target=asyncio.run, args=(run(),), daemon=True).start()

    async def listen(self, account: Account, on_asset: OnAsset) -> None:
        """Connect, subscribe, and pass on all that comes."""
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
    """What a user of a plain WebSocket library writes: decode, then use."""
    decode = msgspec.json.Decoder(Push).decode

    def handle(message: bytes | memoryview | str) -> None:
        for asset in decode(message).assets:
            on_asset(asset.currency, asset.balance, asset.locked)

    return handle
