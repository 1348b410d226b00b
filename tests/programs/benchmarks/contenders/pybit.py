"""pybit: the WebSocket client of Bybit's official SDK, with its wallet stream."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Sequence

from pybit import unified_trading

from tests.programs.benchmarks.contenders.base import Account, Contender, OnAsset

__all__ = ["Client"]


class Client(Contender):
    """Amounts come as text, which its user must turn into numbers."""

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        (account,) = accounts

        def wallet(message: dict[str, Any]) -> None:
            for part in message["data"]:
                for coin in part["coin"]:
                    balance, locked = coin["walletBalance"], coin["locked"]
                    on_asset(coin["coin"], Decimal(balance), Decimal(locked))

        # pybit has no parameter for another host.
        unified_trading.PRIVATE_WSS = account.ws_url
        self._socket = unified_trading.WebSocket(
            testnet=False,
            channel_type="private",
            api_key=account.access_key,
            api_secret=account.secret_key,
        )
        self._socket.wallet_stream(wallet)
