"""cryptofeed: its ``BalancesStream``, which others read with redis-py."""

from __future__ import annotations

import asyncio
import threading
import time
from decimal import Decimal
from typing import Any, Callable

import redis
from cryptofeed.backends.redis import BalancesStream
from cryptofeed.types import Balance

from assetstream import AssetUpdate
from tests.programs.benchmarks.contenders.base import OnAsset
from tests.programs.benchmarks.contenders.reader import LoopReader
from tests.programs.benchmarks.frames import CURRENCIES, END

__all__ = ["Client", "publisher"]

EXCHANGE = "UPBIT"
BLOCK_MS = 250


class Written:
    """A balance as the backend can write it.

    It asks each balance for its time and symbol, which cryptofeed's own has not: the
    first would end its writer.
    """

    timestamp = None

    def __init__(self, balance: Any) -> None:
        self._balance = balance

    def to_dict(self, **options: Any) -> dict[str, Any]:
        """Return the fields of an entry."""
        found: dict[str, Any] = self._balance.to_dict(**options)
        found["symbol"] = self._balance.currency
        return found


def publisher(port: int) -> Callable[[AssetUpdate], object]:
    """Return the handler that hands an update to the backend, on its own loop."""
    loop = asyncio.new_event_loop()
    # Amounts become floats unless it is told otherwise.
    backend = BalancesStream(port=port, numeric_type=str)
    backend.start(loop)
    threading.Thread(target=loop.run_forever, daemon=True).start()

    def publish(update: AssetUpdate) -> None:
        amounts = update.available, update.locked
        written = Written(Balance(EXCHANGE, update.currency, *amounts))
        loop.call_soon_threadsafe(loop.create_task, backend(written, time.time()))

    return publish


class Client(LoopReader):
    """One stream for each currency, all read in a thread; each must be known."""

    def loop(self, on_asset: OnAsset) -> None:
        engine: Any = redis.Redis(port=self.port)
        # From the beginning: "$" would miss what comes to one stream between two reads.
        codes = (*CURRENCIES, END)
        last = {f"balances-{EXCHANGE}-{code}".encode(): b"0" for code in codes}
        while True:
            # Without a count, or the last entry could be read before others' first.
            for key, entries in engine.xread(last, block=BLOCK_MS) or ():
                last[key] = entries[-1][0]
                for _, fields in entries:
                    amounts = fields[b"balance"].decode(), fields[b"reserved"].decode()
                    on_asset(fields[b"currency"].decode(), *map(Decimal, amounts))
