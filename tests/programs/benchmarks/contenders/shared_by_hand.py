"""redis-py by hand: ``XADD`` for each update, and ``XREAD`` in a loop."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any, Callable

import redis

from assetstream import AssetUpdate
from tests.programs.benchmarks.contenders.base import OnAsset
from tests.programs.benchmarks.contenders.reader import LoopReader

__all__ = ["Client", "publisher"]

#: The one stream, and how many entries it keeps.
LOG, MAXLEN = "updates", 10_000
#: As others' consumers do.
COUNT, BLOCK_MS = 500, 250


def publisher(port: int) -> Callable[[AssetUpdate], object]:
    """Return the handler that writes an update, as others' backends do."""
    engine = redis.Redis(port=port)

    def publish(update: AssetUpdate) -> None:
        entry = {
            "account": update.account,
            "currency": update.currency,
            "available": str(update.available),
            "locked": str(update.locked),
            "at": time.time(),
        }
        fields: dict[Any, Any] = {"d": json.dumps(entry)}
        engine.xadd(LOG, fields, maxlen=MAXLEN, approximate=True)

    return publish


class Client(LoopReader):
    """One stream, read in a thread."""

    def loop(self, on_asset: OnAsset) -> None:
        engine: Any = redis.Redis(port=self.port)
        last = b"$"
        while True:
            for _, entries in engine.xread({LOG: last}, COUNT, BLOCK_MS) or ():
                last = entries[-1][0]
                for _, fields in entries:
                    read = json.loads(fields[b"d"])
                    amounts = Decimal(read["available"]), Decimal(read["locked"])
                    on_asset(read["currency"], *amounts)
