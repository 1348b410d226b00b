"""Dials and REST calls of one stream."""

from __future__ import annotations

from typing import Callable

from assetstream.protocol import Connect, HttpCall
from assetstream.runtime.loop.deadlines import HasDeadline
from assetstream.runtime.loop.reader import Reader
from assetstream.runtime.net.connection import ClientConnection
from assetstream.runtime.net.rest_client import Done, Rest
from assetstream.runtime.net.transport import ConnectionOwner
from assetstream.runtime.resources import SharedResources
from assetstream.runtime.settings import Settings

__all__ = ["StreamIO"]


class StreamIO:
    """Dials, hangs up, fetches and calls off, for one stream.

    Every method is called in the reader thread, blocks nothing, and raises nothing for
    what the network does: outcomes are later calls, in the reader thread too.

    Args:
        settings: of the stream.
        shared: the helpers and REST connections that it uses.
        reader: serves its connection.
        post: has a call made in the reader thread; from any thread.
    """

    def __init__(
        self,
        settings: Settings,
        shared: SharedResources,
        reader: Reader,
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        self._settings = settings
        self._helpers = shared.helpers
        self._reader = reader
        self._post = post
        self._rest = Rest(
            post,
            shared.helpers,
            shared.adapter(settings),
            settings.ssl_context,
            settings.proxy,
        )

    def touch(self, timed: HasDeadline) -> None:
        """Look at a deadline again that may be earlier now."""
        self._reader.touch(timed)

    def connection(self, owner: ConnectionOwner) -> ClientConnection:
        """Return a connection that is still to be dialled."""
        return ClientConnection(owner, self._reader, self._post)

    def dial(self, connection: ClientConnection, connect: Connect) -> None:
        """Begin to connect; answered by the owner's ``opened`` or ``ended``."""
        connection.dial(
            connect,
            self._helpers,
            timeout=self._settings.connect_timeout,
            ssl_context=self._settings.ssl_context,
            proxy=self._settings.proxy,
        )

    def hang_up(self, connection: ClientConnection) -> None:
        """End a connection, dialled or open; answered by the owner's ``ended``."""
        connection.close()

    def fetch(self, call: HttpCall, timeout: float, done: Done) -> None:
        """Send a REST request; answered by ``done``."""
        self._rest.fetch(call, timeout, done)

    def call_off(self) -> None:
        """End the requests under way; each is answered by a ConnectionLost."""
        self._rest.cancel()

    def close(self) -> None:
        """End the requests under way, and send no other."""
        self._rest.close()
