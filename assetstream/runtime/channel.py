"""One WebSocket connection: websocket-client's ``run_forever``, with our own reads.

The library makes the upgrade, builds and masks what is sent, answers pings and parses
every frame that is not a plain data frame. Reading, writing and waiting are ours:
``Channel`` is the dispatcher object that ``run_forever`` takes as a documented
parameter. This is the only module that imports ``websocket``.
"""

from __future__ import annotations

import ssl
from typing import Any, Callable

from assetstream.errors import AssetStreamError, ProtocolError
from assetstream.libraries import importing
from assetstream.protocol import Connect
from assetstream.runtime import clock
from assetstream.runtime.ending import (
    Abandoned,
    Broken,
    Closed,
    Ending,
    Owner,
    Refused,
)
from assetstream.runtime.frames import BadFrame
from assetstream.runtime.handshake import Interrupt, Interrupted, dial, host_of
from assetstream.runtime.jobs import CallOff
from assetstream.runtime.patience import Patience, shortage
from assetstream.runtime.reader import Reader
from assetstream.runtime.traffic import Traffic
from assetstream.runtime.upgrade import (
    Exhausted,
    Feed,
    UpgradeRefused,
    UpgradeSocket,
)

with importing(
    "websocket",
    "websocket-client",
    has="WebSocketApp",
    at_least=(1, 9, 2),
    below=(2,),
):
    import websocket

__all__ = ["Abandoned", "Broken", "Channel", "Closed", "Ending", "Owner", "Refused"]

#: RFC 6455, 7.1.5: the code that stands for a close frame without one.
NO_STATUS = 1005


class Library:
    """All contact with websocket-client: one app, one upgrade, one run.

    Its callbacks only take notes, for the library swallows what a callback raises;
    the channel acts on the notes when the library has returned.

    Attributes:
        messages: complete data messages, in order, until the channel takes them.
        ponged: a pong came.
        closed: what the peer's close frame said.
    """

    def __init__(self, connect: Connect, upgrade: UpgradeSocket) -> None:
        self.upgrade = upgrade
        self.messages: list[bytes] = []
        self.ponged = False
        self.closed: Closed | None = None
        self._failure: BaseException | None = None
        self._last_words: Closed | None = None
        self._reason = ""
        self._origin = connect.origin
        self._feed = Feed(upgrade.raw)
        self._read: Callable[[], bool] = lambda: False
        self._app = websocket.WebSocketApp(
            connect.url,
            header=[f"{name}: {value}" for name, value in connect.headers.items()],
            socket=upgrade,  # type: ignore[arg-type]  # has the shape it needs
            on_message=self._on_message,
            on_pong=self._on_pong,
            on_error=self._on_error,
            on_close=self._on_close,
        )

    def run(self, dispatcher: Channel) -> None:
        """Make the upgrade, then have ``dispatcher.read`` called."""
        self._app.run_forever(
            dispatcher=dispatcher,
            # Frames are decoded strictly by the adapter, once.
            skip_utf8_validation=True,
            origin=self._origin,
            suppress_origin=self._origin is None,
        )

    def take_over(self, read: Callable[[], bool]) -> None:
        """From now on the library parses, by ``read``, only what ``parse`` gives it."""
        self._read = read
        if self._app.sock is not None:
            self._app.sock.sock = self._feed  # type: ignore[assignment]

    def parse(self, frame: bytes) -> None:
        """Let the library act on one whole frame: note it, answer it.

        Raises:
            BadFrame: it breaks the protocol.
        """
        if frame[0] & 0x0F == websocket.ABNF.OPCODE_CLOSE and 4 < len(frame) < 128:
            # Kept from the library, which would log it: it may quote the login.
            self._reason = frame[4:].decode(errors="replace")
            frame = bytes([frame[0], 2]) + frame[2:4]
        self._feed.serve(frame)
        try:
            self._read()
        except Exhausted:
            pass  # a fragment: the message goes on
        except websocket.WebSocketException as error:
            raise BadFrame(str(error)) from None
        # The return value does not tell whether it is over, but this does: the frame
        # was a Close, the library has answered it and torn down.
        if not self._app.keep_running:
            self.closed = self._last_words

    def send(self, text: str) -> None:
        self._app.send(text)

    def ping(self) -> None:
        if self._app.sock is not None:
            self._app.sock.ping()

    def say_goodbye(self) -> None:
        """Send a Close frame."""
        if self._app.sock is not None:
            self._app.sock.send_close()

    def tear_down(self) -> None:
        """Have the library forget the connection; wait for nobody.

        ``app.close()`` would wait 3 s for the peer; with its socket shut before, the
        library's own teardown does not.
        """
        if self._app.sock is not None:
            self._app.sock.shutdown()  # type: ignore[no-untyped-call]
        self._app.keep_running = False
        self._read()
        self.upgrade.close()

    def refusal(self) -> Ending:
        """Return why there was no upgrade; raise what is no such reason."""
        error = self._failure
        if isinstance(error, UpgradeRefused):
            return Refused(error.status, error.headers, error.body)
        if isinstance(error, Interrupted):
            return Abandoned()
        if isinstance(error, AssetStreamError):
            return Broken(error)
        if isinstance(error, websocket.WebSocketException):
            return Broken(
                ProtocolError(
                    f"the answer to the upgrade is wrong ({error}); it is tried again. "
                    "If this repeats: the URL is not a WebSocket's, or a proxy on the "
                    "way changes what the exchange answers"
                )
            )
        raise error or RuntimeError("websocket-client ended without a reason")

    def _on_message(self, app: Any, message: bytes) -> None:
        self.messages.append(message)

    def _on_pong(self, app: Any, payload: bytes) -> None:
        self.ponged = True

    def _on_error(self, app: Any, error: BaseException) -> None:
        self._failure = error

    def _on_close(self, app: Any, code: int | None, reason: str | None) -> None:
        self._last_words = Closed(NO_STATUS if code is None else code, self._reason)


class Channel:
    """One connection, from dialling to its end; used once.

    It is the dispatcher object of ``run_forever``. A lone stream's thread calls ``run``
    for all of it. For many streams ``reach`` is called in a thread that may block, and
    then ``take_up`` in the reader's, which everything else here belongs to.
    """

    def __init__(self, owner: Owner, reader: Reader) -> None:
        self._owner = owner
        self._reader = reader
        #: Ends the waits of ``reach``, when it is called in a thread of its own.
        self.call_off: CallOff | None = None
        self._library: Library | None = None
        self._traffic: Traffic | None = None
        # What run_forever asked its dispatcher to read, once the upgrade was made.
        self._upgraded: tuple[UpgradeSocket, Callable[[], bool]] | None = None
        self._in_place = False
        self._given_up = False
        self._ending: Ending | None = None
        self._raised: BaseException | None = None

    def run(
        self,
        connect: Connect,
        *,
        timeout: float,
        ssl_context: ssl.SSLContext | None,
        proxy: str | None,
        interrupt: Interrupt,
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
        interrupt: Interrupt,
    ) -> Ending | None:
        """Connect within ``timeout`` seconds; None if it is open.

        Calls nothing of the owner or the reader, unless it was called by ``run``.
        """
        gate = Gate(self, interrupt)
        patience = Patience(clock.now() + timeout, gate, host_of(connect.url))
        try:
            gate.check()
            sock = dial(
                connect.url,
                deadline=patience.deadline,
                interrupt=gate,
                ssl_context=ssl_context,
                proxy=proxy,
            )
        except Interrupted:
            return Abandoned()
        except AssetStreamError as error:
            return Broken(error)
        except (OSError, RuntimeError) as error:
            return Broken(shortage(error))
        self._library = library = Library(connect, UpgradeSocket(sock, patience))
        library.run(self)
        return None if self._upgraded else library.refusal()

    def take_up(self, ending: Ending | None) -> None:
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
            self.call_off.pull()

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
        self._traffic = traffic = Traffic(
            self._owner, upgrade.raw, self._library, self._finish
        )
        self._reader.add(traffic, self._owner)
        self._owner.opened(upgrade.headers)
        traffic.take(upgrade.leftover)
        self._reader.touch(self._owner)

    def _finish(self, ending: Ending) -> None:
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

    def __init__(self, channel: Channel, interrupt: Interrupt) -> None:
        self._channel = channel
        self._interrupt = interrupt

    def fileno(self) -> int:
        return self._interrupt.fileno()

    def check(self) -> None:
        self._interrupt.check()
        if self._channel.given_up:
            raise Interrupted
