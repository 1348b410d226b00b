"""aiohttp's client with the json of the standard library."""

from __future__ import annotations

import json

import aiohttp

from tests.programs.benchmarks.contenders.base import (
    SUBSCRIBE,
    Account,
    AsyncContender,
    OnAsset,
)

__all__ = ["Client"]


class Client(AsyncContender):
    """Iterates over the connection, as its quickstart does."""

    async def listen(self, account: Account, on_asset: OnAsset) -> None:
        headers = account.authorization()
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(account.ws_url, headers=headers) as connection,
        ):
            await connection.send_str(SUBSCRIBE)
            async for message in connection:
                for asset in json.loads(message.data)["assets"]:
                    on_asset(asset["currency"], asset["balance"], asset["locked"])
