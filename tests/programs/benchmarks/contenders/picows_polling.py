"""picows for the connections, and aiohttp that reads each account by REST in turn."""

from __future__ import annotations

import asyncio
from typing import Sequence

import aiohttp
import msgspec

from tests.programs.benchmarks.contenders.base import Account, Asset, OnAsset
from tests.programs.benchmarks.contenders.picows_client import Client as Picows

__all__ = ["Client"]

#: Reads a second of all accounts together: as many as audits may plan with at Upbit.
READS = 15.0


class Client(Picows):
    """Reads as often as a group of 1,000 accounts does; compares nothing."""

    async def run(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        await asyncio.gather(super().run(accounts, on_asset), poll(accounts))


async def poll(accounts: Sequence[Account]) -> None:
    """Read one account after the other, for ever."""
    decode = msgspec.json.Decoder(list[Asset]).decode
    loop = asyncio.get_running_loop()
    due = loop.time()
    async with aiohttp.ClientSession() as session:
        while True:
            for account in accounts:
                url = account.rest_url + "/v1/accounts"
                async with session.get(url, headers=account.authorization()) as answer:
                    decode(await answer.read())
                due = max(due + 1 / READS, loop.time())
                await asyncio.sleep(due - loop.time())
