"""websockets: the synchronous client."""

from __future__ import annotations

import threading
from typing import Sequence

from websockets.sync.client import connect

from tests.programs.benchmarks.contenders.base import (
    SUBSCRIBE,
    Account,
    Contender,
    OnAsset,
    handler,
)

__all__ = ["Client"]


class Client(Contender):
    """Iterates over the connection in a thread."""

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        (account,) = accounts
        handle = handler(on_asset)

        def run() -> None:
            with connect(
                account.ws_url, additional_headers=account.authorization()
            ) as connection:
                connection.send(SUBSCRIBE)
                for message in connection:
                    handle(message)

        threading.Thread(target=run, daemon=True).start()
