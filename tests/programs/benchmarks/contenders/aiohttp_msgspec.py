"""aiohttp's client with msgspec."""

from __future__ import annotations

import aiohttp

from tests.programs.benchmarks.contenders.base import (
    SUBSCRIBE,
    Account,
    AsyncContender,
    OnAsset,
    handler,
)

__all__ = ["Client"]


class Client(AsyncContender):
    """Iterates over the connection, as its quickstart does."""

    async def listen(self, account: Account, on_asset: OnAsset) -> None:
        handle = handler(on_asset)
        headers = account.authorization()
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(account.ws_url, headers=headers) as connection,
        ):
            await connection.send_str(SUBSCRIBE)
            async for message in connection:
                handle(message.data)
