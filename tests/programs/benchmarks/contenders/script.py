"""The script that exchanges' documentation shows: WebSocketApp, json, on_message."""

from __future__ import annotations

import json
import threading
from typing import Sequence

import websocket

from tests.programs.benchmarks.contenders.base import (
    SUBSCRIBE,
    Account,
    Contender,
    OnAsset,
)

__all__ = ["Client"]


class Client(Contender):
    """A thread for each account, with the reconnect of the library's own examples."""

    def start(self, accounts: Sequence[Account], on_asset: OnAsset) -> None:
        def on_message(app: websocket.WebSocketApp, message: str | bytes) -> None:
            for asset in json.loads(message)["assets"]:
                on_asset(asset["currency"], asset["balance"], asset["locked"])

        def on_open(app: websocket.WebSocketApp) -> None:
            app.send(SUBSCRIBE)

        for account in accounts:
            app = websocket.WebSocketApp(
                account.ws_url,
                header=account.authorization(),
                on_open=on_open,
                on_message=on_message,
            )
            threading.Thread(
                target=app.run_forever, kwargs={"reconnect": 5}, daemon=True
            ).start()
