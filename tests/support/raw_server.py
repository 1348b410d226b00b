"""A loopback server on plain sockets, and an owner that records its connection."""

from __future__ import annotations

import base64
import hashlib
import math
import socket
import ssl
import threading
from types import TracebackType
from typing import Any, Callable, Mapping

from assetstream.core.outcomes import Ending
from assetstream.protocol import Connect
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.call_queue import CallQueue
from assetstream.runtime.loop.helpers import Helpers
from assetstream.runtime.loop.reader import Reader
from assetstream.runtime.net.connection import ClientConnection
from tests.support.event_recorder import PATIENCE

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(payload: bytes, opcode: int = TEXT, *, final: bool = True) -> bytes:
    """Build a server's frame."""
    first = bytes([opcode | (0x80 if final else 0)])
    size = len(payload)
    if size < 126:
        return first + bytes([size]) + payload
    if size < 1 << 16:
        return first + b"\x7e" + size.to_bytes(2, "big") + payload
    return first + b"\x7f" + size.to_bytes(8, "big") + payload


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.request = b""

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read_request(self) -> bytes:
        """Read up to the end of a head."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.sock.recv(65536)
            if not piece:
                return b""
            data += piece
        self.request = data
        return data

    def upgrade(self, extra: bytes = b"", behind: bytes = b"") -> None:
        """Accept the WebSocket."""
        self.read_request()
        self.send(self.acceptance(extra) + behind)

    def acceptance(self, extra: bytes = b"") -> bytes:
        lines = self.request.split(b"\r\n")
        key = next(x[18:].strip() for x in lines if x.startswith(b"Sec-WebSocket-Key"))
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        return (
            (
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n"
            )
            + extra
            + b"\r\n"
        )

    def read_all(self) -> bytes:
        """Read until the other side closes."""
        data = b""
        try:
            while piece := self.sock.recv(65536):
                data += piece
        except OSError:
            pass
        return data

    def read_frame(self) -> tuple[int, bytes]:
        """Read one short masked frame."""
        head = self.sock.recv(6, socket.MSG_WAITALL)
        payload = self.sock.recv(head[1] & 0x7F, socket.MSG_WAITALL)
        plain = bytes(x ^ head[2 + i % 4] for i, x in enumerate(payload))
        return head[0] & 0x0F, plain

    def reset(self) -> None:
        """Close with RST."""
        linger = b"\1\0\0\0\0\0\0\0"
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.sock.close()


class RawServer:
    """Runs ``script(peer)`` for each connection in a thread, then closes it."""

    def __init__(
        self, script: Callable[[Peer], Any], context: ssl.SSLContext | None = None
    ) -> None:
        self._script = script
        self._context = context
        self._socks: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self.faults: list[Exception] = []

    @property
    def url(self) -> str:
        return f"{'wss' if self._context else 'ws'}://127.0.0.1:{self.port}/ws"

    @property
    def http_url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}/read"

    def __enter__(self) -> RawServer:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # shutdown, not close: only that wakes a thread in accept or recv.
        for sock in [self._listener, *self._socks]:
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a server's thread hangs"
        for sock in [self._listener, *self._socks]:
            sock.close()
        if error is None and self.faults:
            raise self.faults[0]

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._socks.append(sock)
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
                self._socks.append(sock)
            self._script(Peer(sock))
        except OSError:
            pass  # the client went away
        except Exception as error:
            self.faults.append(error)
        finally:
            sock.close()


class Recorder:
    """An owner that records every call and ends the channel on demand.

    Its deadline is the test's: a channel that does not end in time fails it.
    """

    def __init__(self) -> None:
        self.inbox = CallQueue()
        self.reader = Reader(self.inbox)
        self.helpers = Helpers("test")
        self.channel = self.another()
        self.headers: Mapping[str, str] = {}
        self.events: list[Any] = []
        self.endings: list[Ending] = []
        self.deadline = clock.now() + PATIENCE
        self.on_opened: Callable[[], Any] = lambda: None
        self.on_received: Callable[[list[bytes]], Any] = lambda frames: None
        self.on_pong: Callable[[], Any] = lambda: None
        self.on_due: Callable[[], Any] = self._too_late

    def another(self) -> ClientConnection:
        """Make one more connection of the same owner."""
        return ClientConnection(self, self.reader, self.inbox.post)

    def opened(self, headers: Mapping[str, str], asked: float) -> None:
        self.headers = headers
        self.on_opened()

    def received(self, frames: list[bytes]) -> None:
        assert not self.endings, "nothing comes after the end"
        self.events += frames
        self.on_received(frames)

    def pong(self) -> None:
        self.events.append("pong")
        self.on_pong()

    def due(self) -> None:
        self.deadline = math.inf
        self.on_due()

    def ended(self, ending: Ending) -> None:
        self.endings.append(ending)

    def run(
        self,
        url: str,
        *,
        timeout: float = PATIENCE / 2,
        headers: Mapping[str, str] | None = None,
        origin: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> Ending:
        """Run the channel to its end; ``ended`` must be called exactly once."""
        self.reader.attach(self)
        try:
            self.channel.dial(
                Connect(url, headers or {}, origin),
                self.helpers,
                timeout=timeout,
                ssl_context=ssl_context,
                proxy=proxy,
            )
            while not self.endings:
                self.reader.turn()
        finally:
            self.channel.close()
            self.close()
        assert len(self.endings) == 1
        return self.endings[0]

    def close(self) -> None:
        self.helpers.close()
        for thread in self.helpers.threads:
            thread.join(PATIENCE)
        self.reader.close()
        self.inbox.close()

    def _too_late(self) -> None:
        raise AssertionError("the channel has not ended in time")
