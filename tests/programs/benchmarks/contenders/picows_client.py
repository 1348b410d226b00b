"""picows: a listener in Cython's own loop of frames."""

from __future__ import annotations

import ssl

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from tests.programs.benchmarks.contenders.base import (
    SUBSCRIBE,
    Account,
    AsyncContender,
    OnAsset,
    handler,
)

__all__ = ["Client"]

DATA = (WSMsgType.TEXT, WSMsgType.BINARY)


class Client(AsyncContender):
    """One listener for each account, and one TLS context for all."""

    def __init__(self) -> None:
        self._context = ssl.create_default_context()

    async def listen(self, account: Account, on_asset: OnAsset) -> None:
        handle = handler(on_asset)

        class Listener(WSListener):
            def on_ws_connected(self, transport: WSTransport) -> None:
                transport.send(WSMsgType.TEXT, SUBSCRIBE.encode())

            def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
                if frame.msg_type in DATA:
                    handle(frame.get_payload_as_memoryview())

        transport, _ = await ws_connect(
            Listener,
            account.ws_url,
            ssl_context=self._context if account.ws_url.startswith("wss") else None,
            extra_headers=account.authorization(),
        )
        await transport.wait_disconnected()
