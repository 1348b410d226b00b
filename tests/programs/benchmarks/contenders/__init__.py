"""The contenders: assetstream, the floor below it, and its peers.

freqtrade's external message consumer is none of those that share accounts: it takes a
producer bot's pair lists and candles only (``whitelist`` and ``analyzed_df``), and no
freqtrade bot sends another its balances.
"""

from __future__ import annotations

import importlib
from types import MappingProxyType
from typing import Any, Mapping, NamedTuple

from tests.programs.benchmarks.contenders.base import Contender

__all__ = ["ENTRIES", "Entry"]

#: Parts of assetstream's work that most others do without.
BARE = "no book, events, recovery or handler thread"
READER = "no book or events, handler in the reading thread"
GROUP = "assetstream:StreamGroup"
UNSHARED = "no book, owner or proof of life; nothing is noticed"
#: A peer has no limits to keep: with Upbit's reads, as many connects as they allow.
FAST: Mapping[str, Any] = MappingProxyType({"connects": 30.0})


class Entry(NamedTuple):
    """One contender, imported only when it runs.

    Attributes:
        needs: what must be importable, with the attribute that must be there.
        less: the work it does not do; without it a figure says little.
        dialect: what the load server must speak.
        slow: takes so long for an update that so many times fewer show how long.
        options: of its ``Client``.
    """

    module: str
    label: str
    needs: str
    less: str = ""
    dialect: str = "upbit"
    slow: int = 1
    options: Mapping[str, Any] = MappingProxyType({})

    def make(self) -> Contender:
        """Import and build it; ImportError or AttributeError name what is missing."""
        name, _, attribute = self.needs.partition(":")
        needed = importlib.import_module(name)
        if attribute:
            getattr(needed, attribute)
        module = importlib.import_module(f"{__name__}.{self.module}")
        contender: Contender = module.Client(**self.options)
        return contender


ENTRIES = {
    "assetstream": Entry("sdk", "assetstream", "assetstream"),
    "assetstream-group": Entry("group", "assetstream StreamGroup", GROUP),
    "assetstream-paced": Entry(
        "group",
        "assetstream StreamGroup at Upbit's 5 connects/s",
        GROUP,
        "clock 8 x as fast as real, so its own work counts 8 times",
        options={"connects": 5.0, "haste": 8.0},
    ),
    "assetstream-audited": Entry(
        "group", "assetstream StreamGroup, audits on", GROUP, options=FAST
    ),
    "assetstream-unaudited": Entry(
        "group",
        "assetstream StreamGroup, audits off",
        GROUP,
        "no REST after the first read",
        options={**FAST, "audits": False},
    ),
    "assetstream-frozen": Entry(
        "group",
        "assetstream StreamGroup, gc.freeze() after start",
        GROUP,
        options={**FAST, "frozen": True},
    ),
    "assetstream-archived": Entry(
        "sdk",
        "assetstream, recorded by an Archive",
        "assetstream",
        options={"archived": True},
    ),
    "shared": Entry(
        "shared",
        "assetstream Relay, Redis, RemoteGroup",
        "redis",
    ),
    "shared-frozen": Entry(
        "shared",
        "assetstream Relay, Redis, RemoteGroup, gc.freeze() in both",
        "redis",
        "as `assetstream relay` does, and readers may",
        options={"frozen": True},
    ),
    "shared-by-hand": Entry(
        "shared_by_hand",
        "AssetStream, XADD; XREAD in a loop",
        "redis",
        UNSHARED,
    ),
    "shared-cryptofeed": Entry(
        "shared_cryptofeed",
        "AssetStream, cryptofeed BalancesStream; XREAD in a loop",
        "cryptofeed.backends.redis:BalancesStream",
        f"{UNSHARED}; fields that its own Balance lacks are given here",
    ),
    "shared-nautilus": Entry(
        "shared_nautilus",
        "AssetStream, nautilus_trader MessageBus; the MessageBus of another node",
        "nautilus_trader.live.node:TradingNode",
        UNSHARED,
    ),
    "floor": Entry(
        "floor",
        "floor: recv + msgspec, no SDK",
        "msgspec",
        f"{BARE}, no control frames",
    ),
    "script": Entry(
        "script",
        "documentation script: WebSocketApp + json",
        "websocket",
        READER,
        slow=5,
    ),
    "pybit": Entry("pybit", "pybit", "pybit", READER, dialect="bybit", slow=5),
    "upbit-sdk": Entry("upbit_sdk", "upbit-sdk", "upbit", "no book", slow=5),
    "ccxt": Entry(
        "ccxt_pro",
        "ccxt pro watch_balance",
        "ccxt",
        "no events or handler thread",
        slow=5,
    ),
    "websockets-sync": Entry(
        "websockets_sync",
        "websockets sync + msgspec",
        "websockets",
        "no book, events or recovery",
    ),
    "websockets-asyncio": Entry(
        "websockets_asyncio", "websockets asyncio + msgspec", "websockets", READER
    ),
    "aiohttp": Entry("aiohttp_msgspec", "aiohttp + msgspec", "aiohttp", BARE),
    "aiohttp-json": Entry("aiohttp_json", "aiohttp + json", "aiohttp", BARE),
    "picows": Entry("picows_client", "picows + msgspec", "picows", BARE),
    "picows-polling": Entry(
        "picows_polling",
        "picows + msgspec, aiohttp polls REST",
        "picows",
        f"{BARE}; compares nothing",
    ),
}
