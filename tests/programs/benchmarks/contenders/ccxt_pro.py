"""ccxt pro: ``watch_balance`` of Upbit, in the loop that its manual shows."""

from __future__ import annotations

import os
from typing import Any

import ccxt.pro

from tests.programs.benchmarks.contenders.base import Account, AsyncContender, OnAsset

__all__ = ["Client"]


class Client(AsyncContender):
    """Watches the balance in a loop; passes on amounts that differ from the last."""

    async def listen(self, account: Account, on_asset: OnAsset) -> None:
        exchange = ccxt.pro.upbit(
            {
                "apiKey": account.access_key,
                "secret": account.secret_key,
                "cafile": os.environ.get("SSL_CERT_FILE"),
            }
        )
        exchange.urls["api"]["ws"] = account.ws_url.removesuffix("/private")
        # Balances need no list of markets, which the load server has not.
        exchange.markets = {}
        known: dict[str, Any] = {}
        while True:
            try:
                balance = await exchange.watch_balance()
            except ccxt.NetworkError:
                continue
            for currency, free in balance["free"].items():
                if known.get(currency) != free:
                    known[currency] = free
                    on_asset(currency, free, balance["used"][currency])
