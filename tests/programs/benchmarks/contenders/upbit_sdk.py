"""upbit-sdk: Upbit's official SDK, its reconnecting stream of myAsset."""

from __future__ import annotations

import threading
from typing import Sequence

import upbit

from tests.programs.benchmarks.contenders.base import Account, Contender, OnAsset

__all__ = ["Client"]


class Client(Contender):
    """Iterates over the stream in a thread."""

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        (account,) = accounts
        client = upbit.Upbit(
            access_key=account.access_key,
            secret_key=account.secret_key,
            base_url=account.rest_url,
        )

        def run() -> None:
            with client.ws_stream.my_asset() as stream:
                for event in stream:
                    for asset in event.assets:
                        on_asset(asset.currency, asset.balance, asset.locked)

        threading.Thread(target=run, daemon=True).start()
