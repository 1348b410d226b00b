"""The contenders: assetstream, the floor below it, and its peers."""

from __future__ import annotations

import importlib
from typing import NamedTuple

from tests.programs.benchmarks.contenders.base import Contender

__all__ = ["ENTRIES", "Entry"]


class Entry(NamedTuple):
    """One contender, imported only when it runs.

    Attributes:
        dialect: what the load server must speak.
        needs: what must be importable, with the attribute that must be there.
        many: it can hold many accounts at once, and is asked to.
        recovers: it comes back by itself after a drop.
        only_many: it is of interest with many accounts only.
        paced: it keeps to the exchange's limits, and is asked how fast it comes back.
    """

    module: str
    label: str
    needs: str
    dialect: str = "upbit"
    many: bool = False
    recovers: bool = False
    only_many: bool = False
    paced: bool = False

    def make(self) -> Contender:
        """Import and build it; ImportError or AttributeError name what is missing."""
        name, _, attribute = self.needs.partition(":")
        needed = importlib.import_module(name)
        if attribute:
            getattr(needed, attribute)
        module = importlib.import_module(f"{__name__}.{self.module}")
        contender: Contender = module.Client()
        return contender


ENTRIES = {
    "assetstream": Entry("sdk", "assetstream", "assetstream", many=True, recovers=True),
    "assetstream-group": Entry(
        "group",
        "assetstream StreamGroup",
        "assetstream:StreamGroup",
        many=True,
        recovers=True,
        only_many=True,
    ),
    "assetstream-paced": Entry(
        "group_paced",
        "assetstream StreamGroup at Upbit's 5 connects/s",
        "assetstream:StreamGroup",
        recovers=True,
        only_many=True,
        paced=True,
    ),
    "floor": Entry("floor", "floor: recv + msgspec, no SDK", "msgspec"),
    "script": Entry(
        "script",
        "documentation script: WebSocketApp + json",
        "websocket",
        many=True,
        recovers=True,
    ),
    "pybit": Entry("pybit", "pybit", "pybit", dialect="bybit", recovers=True),
    "upbit-sdk": Entry("upbit_sdk", "upbit-sdk", "upbit", recovers=True),
    "ccxt": Entry("ccxt_pro", "ccxt pro watch_balance", "ccxt", recovers=True),
    "websockets-sync": Entry(
        "websockets_sync", "websockets sync + msgspec", "websockets"
    ),
    "websockets-asyncio": Entry(
        "websockets_asyncio",
        "websockets asyncio + msgspec",
        "websockets",
        many=True,
        recovers=True,
    ),
    "aiohttp": Entry("aiohttp_msgspec", "aiohttp + msgspec", "aiohttp"),
    "aiohttp-json": Entry("aiohttp_json", "aiohttp + json", "aiohttp"),
    "picows": Entry("picows_client", "picows + msgspec", "picows", many=True),
}
