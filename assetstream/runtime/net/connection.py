"""One WebSocket connection, from dialling to its end.

``websocket_client`` makes the upgrade, builds and masks what is sent, answers pings and
parses every frame that is not a plain data frame. Reading, writing and waiting are
ours.
"""

from __future__ import annotations

import ssl
from functools import partial
from typing import Callable

from assetstream.core.outcomes import (
    Abandoned,
    Broken,
    Ending,
)
from assetstream.model.errors import AssetStreamError
from assetstream.protocol import Connect
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.helpers import Helpers
from assetstream.runtime.loop.reader import Reader
from assetstream.runtime.net.cancel import (
    Cancelled,
    CancelScope,
    CancelToken,
    Wire,
    shortage,
)
from assetstream.runtime.net.dial import dial, host_of
from assetstream.runtime.net.job import CancellableJob, helpers_place
from assetstream.runtime.net.send_buffer import SendBuffer
from assetstream.runtime.net.transport import ConnectionOwner, FrameTransport
from assetstream.runtime.net.upgrade import UpgradeSocket
from assetstream.runtime.net.websocket_client import WebSocketClient, upgrade

__all__ = ["ClientConnection"]


class ClientConnection:
    """One connection, from dialling to its end; used once.

    It belongs to the reader's thread. Only the attempt to connect is made elsewhere, by
    a helper.

    Args:
        owner: receives what happens.
        reader: serves the connection once it is open.
        post: has a call made in the reader's thread; from any thread.
    """

    def __init__(
        self,
        owner: ConnectionOwner,
        reader: Reader,
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        self._owner = owner
        self._reader = reader
        self._post = post
        self._attempt: CancellableJob[Ending | None] | None = None
        self._sock: Wire | None = None
        # From the upgrade until it is known here.
        self._upgrade: UpgradeSocket | None = None
        self._client: WebSocketClient | None = None
        self._transport: FrameTransport | None = None
        # When the helper asked for the upgrade; monotonic.
        self._asked = clock.now()
        self._given_up = False
        self._ending: Ending | None = None

    def dial(
        self,
        connect: Connect,
        helpers: Helpers,
        *,
        timeout: float,
        ssl_context: ssl.SSLContext | None,
        proxy: str | None,
    ) -> int:
        """Begin to connect; the outcome is the owner's ``opened`` or ``ended``.

        Returns:
            As ``Helpers.start``.

        Args:
            connect: where to.
            helpers: one of them makes the attempt.
            timeout: seconds that the attempt may take, once a helper has begun it.
            ssl_context: as for ``dial.dial``.
            proxy: as for ``dial.dial``.
        """
        if self._given_up:
            self._finish(Abandoned())
            return 0
        try:
            self._attempt = CancellableJob(
                helpers,
                helpers_place(connect.url, proxy),
                partial(self._reach, connect, timeout, ssl_context, proxy),
                lambda outcome: self._post(partial(self._reached, outcome)),
            )
            return self._attempt.begin()
        except (OSError, RuntimeError) as error:
            # No descriptor, no thread: the machine may have one in a while.
            self._finish(Broken(shortage(error)))
            return 0

    def send(self, text: str) -> None:
        """Send a text message; never blocks, ignored unless it is open."""
        if self._client is not None:
            self._client.send(text)

    def ping(self) -> None:
        """Send a ping; never blocks, ignored unless it is open."""
        if self._client is not None:
            self._client.ping()

    def close(self) -> None:
        """End it at once, with a Close frame if that takes no waiting; idempotent.

        While it is still connecting the attempt ends at once, and ``ended`` follows.
        """
        self._given_up = True
        if self._client is not None:
            self._client.say_goodbye()
            self._finish(Abandoned())
        elif self._attempt is not None:
            self._attempt.call_off()

    @property
    def is_open(self) -> bool:
        """True from ``owner.opened`` to ``owner.ended``."""
        return self._transport is not None

    def _reach(
        self,
        connect: Connect,
        timeout: float,
        ssl_context: ssl.SSLContext | None,
        proxy: str | None,
        token: CancelToken,
    ) -> Ending | None:
        """Connect and upgrade; None if it is open. Touches neither owner nor reader."""
        scope = CancelScope(clock.now() + timeout, token, host_of(connect.url))
        try:
            token.check()
            self._sock = dial(
                connect.url,
                deadline=scope.deadline,
                token=token,
                ssl_context=ssl_context,
                proxy=proxy,
            )
        except Cancelled:
            return Abandoned()
        except AssetStreamError as error:
            return Broken(error)
        except (OSError, RuntimeError) as error:
            return Broken(shortage(error))
        self._upgrade = UpgradeSocket(self._sock, scope)
        self._asked = clock.now()
        return upgrade(connect, self._upgrade)

    # In the reader's thread.

    def _reached(self, outcome: Ending | Exception | None) -> None:
        self._attempt = None
        if isinstance(outcome, Exception):
            self._finish(Abandoned())
            raise outcome  # a fault of ours, for the reader's thread to deal with
        if outcome is None and not self._given_up:
            self._open()
        else:
            self._finish(outcome or Abandoned())

    def _open(self) -> None:
        # Not kept: what it takes to connect weighs as much as the connection.
        upgraded, self._upgrade = self._upgrade, None
        assert upgraded is not None
        send_buffer = SendBuffer(upgraded.raw)
        self._client = client = WebSocketClient(send_buffer.put)
        self._transport = transport = FrameTransport(
            self._owner, upgraded.raw, send_buffer, client.parse, self._finish
        )
        self._reader.add(transport, self._owner)
        self._owner.opened(upgraded.headers, self._asked)
        transport.take(upgraded.leftover)
        self._reader.touch(self._owner)

    def _finish(self, ending: Ending) -> None:
        """End it, once: out of the reader, socket closed, owner informed."""
        if self._ending is not None:
            return
        self._ending = ending
        if self._transport is not None:
            self._reader.discard(self._transport)
            self._transport.over = True
            self._transport = self._client = None
        if self._sock is not None:
            self._sock.close()
        self._owner.ended(ending)
