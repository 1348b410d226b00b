"""websockets: the asyncio client, with the reconnecting loop of its documentation."""

from __future__ import annotations

import ssl

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.programs.benchmarks.contenders.base import (
    SUBSCRIBE,
    Account,
    AsyncContender,
    OnAsset,
    handler,
)

__all__ = ["Client"]


class Client(AsyncContender):
    """A task for each account, one TLS context for all."""

    def __init__(self) -> None:
        self._context = ssl.create_default_context()

    async def listen(self, account: Account, on_asset: OnAsset) -> None:
        handle = handler(on_asset)
        async for connection in connect(
            account.ws_url,
            additional_headers=account.authorization(),
            ssl=self._context if account.ws_url.startswith("wss") else None,
        ):
            try:
                await connection.send(SUBSCRIBE)
                async for message in connection:
                    handle(message)
            except ConnectionClosed:
                continue
