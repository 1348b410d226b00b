"""websocket-client, the library below: its ``run_forever``, with our own reads.

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

__all__ = ["Parsed", "WebSocketClient"]

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


class WebSocketClient:
    """All contact with websocket-client: one app, one upgrade, one run.

    The app's callbacks only store what they are called with, for the library swallows
    what a callback raises. (Beside websocket-client this could be wsproto; users know
    and name websocket-client, and its ``run_forever`` is what this SDK wraps.)
    """

    def __init__(self, connect: Connect, upgrade: UpgradeSocket) -> None:
        self.upgrade = upgrade
        self._messages: list[bytes] = []
        self._ponged = False
        self._failure: BaseException | None = None
        self._last_words: Closed | None = None
        self._reason = ""
        self._origin = connect.origin
        self._feed = Feed(upgrade.raw)
        self._read: Callable[[], bool] = lambda: False
        url, headers = upgrade.fill_in(connect.url, connect.headers)
        self._app = websocket.WebSocketApp(
            url,
            header=headers,
            socket=upgrade,  # type: ignore[arg-type]  # has the shape it needs
            on_message=self._on_message,
            on_pong=self._on_pong,
            on_error=self._on_error,
            on_close=self._on_close,
        )

    def run(self, dispatcher: Any) -> None:
        """Make the upgrade, then have ``dispatcher.read`` called.

        Args:
            dispatcher: whatever ``run_forever`` takes as one.
        """
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

    def parse(self, frame: bytes) -> Parsed:
        """Let the library act on one whole frame, and answer it if need be.

        Raises:
            BadFrame: it breaks the protocol.
        """
        self._messages, self._ponged = [], False
        if frame[0] & 0x0F == websocket.ABNF.OPCODE_CLOSE and len(frame) > 4:
            if len(frame) >= 128:
                raise BadFrame("a Close frame is too long")
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
        # The return value does not show whether it is over, but this does: the frame
        # was a Close, the library has answered it and torn down.
        closed = None if self._app.keep_running else self._last_words
        return Parsed(self._messages, self._ponged, closed)

    def frame(self, text: str) -> bytes:
        """Return the frame of a text message; the library's own sends are traced."""
        return websocket.ABNF.create_frame(text, websocket.ABNF.OPCODE_TEXT).format()

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

    def _on_message(self, app: Any, message: bytes) -> None:
        self._messages.append(message)

    def _on_pong(self, app: Any, payload: bytes) -> None:
        self._ponged = True

    def _on_error(self, app: Any, error: BaseException) -> None:
        self._failure = error

    def _on_close(self, app: Any, code: int | None, reason: str | None) -> None:
        self._last_words = Closed(NO_STATUS if code is None else code, self._reason)
