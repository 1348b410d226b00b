"""websocket-client, the library below: its ``run_forever`` and its parser.

This is the only module that imports ``websocket``.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

from assetstream.core.outcomes import (
    Abandoned,
    Broken,
    Closed,
    Ending,
    Refused,
)
from assetstream.libraries import WEBSOCKET_CLIENT, importing
from assetstream.model.errors import AssetStreamError, ProtocolError
from assetstream.protocol import Connect
from assetstream.runtime.net.cancel import Cancelled
from assetstream.runtime.net.frames import BadFrame
from assetstream.runtime.net.upgrade import (
    Exhausted,
    Feed,
    UpgradeRefused,
    UpgradeSocket,
)

with importing(WEBSOCKET_CLIENT):
    import websocket

__all__ = ["Parsed", "WebSocketClient", "refusal", "upgrade"]

#: The first byte of a pong that is whole and has no reserved bit.
PONG = 0x80 | websocket.ABNF.OPCODE_PONG
#: RFC 6455, 7.1.5: the code that stands for a close frame without one.
NO_STATUS = 1005


class Parsed(NamedTuple):
    """The content of one frame.

    Attributes:
        messages: data messages that it completes.
        ponged: it is a pong.
        closed: it is a Close frame, with this in it.
    """

    messages: list[bytes]
    ponged: bool
    closed: Closed | None


class Handover:
    """The dispatcher that ``run_forever`` takes as a documented parameter.

    The library hands over to it once the upgrade is made: nothing is read by it, nor
    sent, and ``run_forever`` returns. All these are called in its thread.

    Attributes:
        upgraded: the upgrade is made.
    """

    def __init__(self) -> None:
        self.upgraded = False

    def read(self, sock: UpgradeSocket, read_callback: Callable[[], bool]) -> None:
        """Leave the reading to whoever upgrades."""
        self.upgraded = True

    def signal(self, number: int, handler: Callable[[], None]) -> None:
        """Ignore: Ctrl-C belongs to the caller's thread."""

    def abort(self) -> None:
        """Ignore, see ``signal``."""

    def timeout(self, seconds: float, callback: Callable[..., Any], *a: Any) -> None:
        """Ignore: used by the library's own reconnecting and pings only."""


def upgrade(connect: Connect, sock: UpgradeSocket) -> Ending | None:
    """Upgrade by the library's ``run_forever``; return why it failed, or None.

    Nothing that the library makes for it is kept: an app with its closures weighs as
    much as all that we hold of a connection.

    Args:
        connect: where to, and the headers that are sent.
        sock: stands for the connected socket.
    """
    failures: list[BaseException] = []
    handover = Handover()
    url, headers = sock.fill_in(connect.url, connect.headers)
    app = websocket.WebSocketApp(
        url,
        header=headers,
        socket=sock,  # type: ignore[arg-type]  # has the shape it needs
        # Only stored: the library swallows what a callback raises.
        on_error=lambda app, error: failures.append(error),
    )
    app.run_forever(
        dispatcher=handover,
        # Frames are decoded strictly by the adapter, once.
        skip_utf8_validation=True,
        origin=connect.origin,
        suppress_origin=connect.origin is None,
    )
    if handover.upgraded:
        return None
    return refusal(failures[-1] if failures else None)


def refusal(error: BaseException | None) -> Ending:
    """Return why there was no upgrade; raise what is no such reason."""
    if isinstance(error, UpgradeRefused):
        return Refused(error.status, error.headers, error.body)
    if isinstance(error, Cancelled):
        return Abandoned()
    if isinstance(error, AssetStreamError):
        return Broken(error)
    if isinstance(error, websocket.WebSocketException):
        return Broken(
            ProtocolError(
                f"the answer to the upgrade is wrong ({error})",
                remedy="If this repeats, the URL is not a WebSocket's, or a proxy "
                "on the way changes what the exchange answers.",
            )
        )
    raise error or RuntimeError("websocket-client ended without a reason")


class Parser:
    """The library's ``WebSocket``, on a feed.

    Attributes:
        socket: the library's.
    """

    def __init__(self, send: Callable[[bytes], object]) -> None:
        # One thread uses it: it needs no locks.
        self.socket = websocket.WebSocket(
            enable_multithread=False, skip_utf8_validation=True
        )
        self._feed = Feed(send)
        self.socket.sock = self._feed  # type: ignore[assignment]

    def parse(self, frame: bytes) -> tuple[int, Any]:
        """Return the opcode and the frame that the library makes of this one.

        Raises:
            Exhausted: it wants more than a frame.
            websocket.WebSocketException: it breaks the protocol.
        """
        self._feed.serve(frame)
        return self.socket.recv_data_frame(control_frame=True)


class WebSocketClient:
    """An open WebSocket: the library parses what is no plain data frame, and answers.

    Beside websocket-client this could be wsproto; users know and name websocket-client,
    and its ``run_forever`` is what this SDK wraps.

    Args:
        send: takes what is sent; it must neither block nor raise.
    """

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self._send = send
        # Has the beginning of a fragmented message. Else there is none: a parser weighs
        # a kilobyte, and little comes that is no plain data frame.
        self._unfinished: Parser | None = None

    def parse(self, frame: bytes) -> Parsed:
        """Let the library act on one whole frame, and answer it if need be.

        Raises:
            BadFrame: it breaks the protocol.
        """
        if frame[0] == PONG:
            # Nearly all that comes here, and the library would only take it apart.
            return Parsed([], True, None)
        reason = ""
        if frame[0] & 0x0F == websocket.ABNF.OPCODE_CLOSE and len(frame) > 4:
            if len(frame) >= 128:
                raise BadFrame("a Close frame is too long")
            # Kept from the library, whose trace would show it: it may quote the login.
            reason = frame[4:].decode(errors="replace")
            frame = bytes([frame[0], 2]) + frame[2:4]
        parser = self._unfinished or Parser(self._send)
        try:
            opcode, found = parser.parse(frame)
        except Exhausted:  # a fragment: the message goes on
            self._unfinished = parser
            return Parsed([], False, None)
        except websocket.WebSocketException as error:
            raise BadFrame(str(error)) from None
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            code = int.from_bytes(found.data[:2], "big") or NO_STATUS
            return Parsed([], False, Closed(code, reason))
        if opcode in (websocket.ABNF.OPCODE_PING, websocket.ABNF.OPCODE_PONG):
            return Parsed([], opcode == websocket.ABNF.OPCODE_PONG, None)
        self._unfinished = None
        return Parsed([found.data], False, None)

    def send(self, text: str) -> None:
        """Send a text message, past the library: its own sends are traced."""
        self._send_frame(text, websocket.ABNF.OPCODE_TEXT)

    def ping(self) -> None:
        """Send a ping."""
        self._send_frame("", websocket.ABNF.OPCODE_PING)

    def say_goodbye(self) -> None:
        """Send a Close frame."""
        Parser(self._send).socket.send_close()

    def _send_frame(self, text: str, opcode: int) -> None:
        self._send(websocket.ABNF.create_frame(text, opcode).format())
