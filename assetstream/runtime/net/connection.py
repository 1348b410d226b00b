"""One WebSocket connection, from dialling to its end.

``library`` makes the upgrade, builds and masks what is sent, answers pings and parses
every frame that is not a plain data frame. Reading, writing and waiting are ours:
``ClientConnection`` is the dispatcher object that ``run_forever`` takes as a documented
parameter.
"""

from __future__ import annotations

import ssl
from typing import Any, Callable

from assetstream.model.errors import AssetStreamError
from assetstream.protocol import Connect
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.reader import Reader
from assetstream.runtime.net.cancel import CancelScope, CancelToken, shortage
from assetstream.runtime.net.close_reason import (
    Abandoned,
    Broken,
    Closed,
    CloseReason,
    Owner,
    Refused,
)
from assetstream.runtime.net.dial import Cancellable, Cancelled, dial, host_of
from assetstream.runtime.net.transport import FrameTransport
from assetstream.runtime.net.upgrade import UpgradeSocket
from assetstream.runtime.net.websocket_client import WebSocketClient

__all__ = [
    "Abandoned",
    "Broken",
    "ClientConnection",
    "CloseReason",
    "Closed",
    "Owner",
    "Refused",
]


class ClientConnection:
    """One connection, from dialling to its end; used once.

    It is the dispatcher object of ``run_forever``. A lone stream's thread calls ``run``
    for all of it. For many streams ``reach`` is called in a thread that may block, and
    then ``take_up`` in the reader's, which everything else here belongs to.
    """

    def __init__(self, owner: Owner, reader: Reader) -> None:
        self._owner = owner
        self._reader = reader
        #: Ends the waits of ``reach``, when it is called in a thread of its own.
        self.call_off: CancelToken | None = None
        self._library: WebSocketClient | None = None
        self._traffic: FrameTransport | None = None
        # What run_forever asked its dispatcher to read, once the upgrade was made.
        self._upgraded: tuple[UpgradeSocket, Callable[[], bool]] | None = None
        self._in_place = False
        self._given_up = False
        self._ending: CloseReason | None = None
        self._raised: BaseException | None = None

    def run(
        self,
        connect: Connect,
        *,
        timeout: float,
        ssl_context: ssl.SSLContext | None,
        proxy: str | None,
        interrupt: Cancellable,
    ) -> None:
        """Connect within ``timeout`` seconds, serve the reader, return when over.

        How it ended is told to ``owner.ended``. What the owner's methods (or others the
        reader serves) raise comes out of here, after ``ended``.
        """
        self._in_place = True
        try:
            ending = self.reach(
                connect,
                timeout=timeout,
                ssl_context=ssl_context,
                proxy=proxy,
                interrupt=interrupt,
            )
            if self._raised is not None:
                raise self._raised
        except BaseException:
            self._finish(Abandoned())
            raise
        if ending is not None:
            self._finish(ending)

    def reach(
        self,
        connect: Connect,
        *,
        timeout: float,
        ssl_context: ssl.SSLContext | None,
        proxy: str | None,
        interrupt: Cancellable,
    ) -> CloseReason | None:
        """Connect within ``timeout`` seconds; None if it is open.

        Calls nothing of the owner or the reader, unless it was called by ``run``.
        """
        gate = Gate(self, interrupt)
        patience = CancelScope(clock.now() + timeout, gate, host_of(connect.url))
        try:
            gate.check()
            sock = dial(
                connect.url,
                deadline=patience.deadline,
                interrupt=gate,
                ssl_context=ssl_context,
                proxy=proxy,
            )
        except Cancelled:
            return Abandoned()
        except AssetStreamError as error:
            return Broken(error)
        except (OSError, RuntimeError) as error:
            return Broken(shortage(error))
        self._library = library = WebSocketClient(
            connect, UpgradeSocket(sock, patience)
        )
        library.run(self)
        return None if self._upgraded else library.refusal()

    def take_up(self, ending: CloseReason | None) -> None:
        """Go on, in the reader's thread, with what ``reach`` has returned."""
        if ending is None and not self._given_up:
            self._open()
        else:
            self._finish(ending or Abandoned())

    def send(self, text: str) -> None:
        """Send a text message; never blocks, ignored unless it is open."""
        if self._library is not None and self._traffic is not None:
            self._library.send(text)

    def ping(self) -> None:
        """Send a ping; never blocks, ignored unless it is open."""
        if self._library is not None and self._traffic is not None:
            self._library.ping()

    def close(self) -> None:
        """End it at once, with a Close frame if that takes no waiting; idempotent.

        While it is still connecting, the next wait ends the attempt.
        """
        self._given_up = True
        if self._library is not None and self._traffic is not None:
            self._library.say_goodbye()
            self._finish(Abandoned())
        elif self.call_off is not None:
            self.call_off.cancel()

    @property
    def is_open(self) -> bool:
        """True from ``owner.opened`` to ``owner.ended``."""
        return self._traffic is not None

    @property
    def given_up(self) -> bool:
        """True once ``close`` was called."""
        return self._given_up

    # What run_forever asks of its dispatcher.

    def signal(self, number: int, handler: Callable[[], None]) -> None:
        """Ignore: Ctrl-C belongs to the caller's thread."""

    def abort(self) -> None:
        """Ignore, see ``signal``."""

    def timeout(self, seconds: float, callback: Callable[..., Any], *a: Any) -> None:
        """Ignore: used by the library's own reconnecting and pings only."""

    def read(self, sock: UpgradeSocket, read_callback: Callable[[], bool]) -> None:
        """Serve the reader until this channel is over; or leave that to its thread.

        Nothing that happens after this has returned is noticed by ``run_forever``.
        """
        self._upgraded = sock, read_callback
        if not self._in_place:
            return
        try:
            self._open()
            while self._ending is None:
                self._reader.turn()
        except BaseException as error:
            self._raised = error  # for run(): the library would swallow it

    def buffwrite(self, sock: Any, data: bytes, send: Any, disconnect: Any) -> None:
        """Take what the library sends; never raise, for it holds a lock meanwhile."""
        if self._traffic is not None:
            self._traffic.outbox.put(data)

    def _open(self) -> None:
        assert self._library is not None
        assert self._upgraded is not None
        upgrade, read_callback = self._upgraded
        self._library.take_over(read_callback)
        self._traffic = traffic = FrameTransport(
            self._owner, upgrade.raw, self._library, self._finish
        )
        self._reader.add(traffic, self._owner)
        self._owner.opened(upgrade.headers)
        traffic.take(upgrade.leftover)
        self._reader.touch(self._owner)

    def _finish(self, ending: CloseReason) -> None:
        """End it, once: out of the reader, socket closed, owner told."""
        if self._ending is not None:
            return
        self._ending = ending
        if self._traffic is not None:
            self._reader.discard(self._traffic)
            self._traffic.over = True
            self._traffic = None
        if self._library is not None:
            self._library.tear_down()
        self._owner.ended(ending)


class Gate:
    """The owner's interrupt, and the channel's own ``close`` while connecting."""

    def __init__(self, channel: ClientConnection, interrupt: Cancellable) -> None:
        self._channel = channel
        self._interrupt = interrupt

    def fileno(self) -> int:
        return self._interrupt.fileno()

    def check(self) -> None:
        self._interrupt.check()
        if self._channel.given_up:
            raise Cancelled
