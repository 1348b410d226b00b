"""Our reader finds in any bytes, however cut, what websocket-client's parser finds.

Ours is the whole receive path: scanner, traffic, and the library for what is left to
it, over an upgrade that never was on a network. It differs on purpose in three things,
each a breach of the protocol here: masked frames, huge ones, endless fragments.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from typing import Any, Callable, Mapping, Sequence

import websocket

from assetstream.core.outcomes import Broken, Closed, Ending
from assetstream.model.errors import ProtocolError
from assetstream.protocol import Connect
from assetstream.runtime.net.frames import Scanner
from assetstream.runtime.net.send_buffer import SendBuffer
from assetstream.runtime.net.transport import FrameTransport
from assetstream.runtime.net.websocket_client import WebSocketClient, upgrade
from tests.support.raw_server import GUID

__all__ = ["LIMIT", "check_stream"]

#: In place of the real limit, so that small inputs reach it; bytes.
LIMIT = 512
#: A frame whose length has 16 bits is never refused; bytes, with its header.
LONGEST = (1 << 16) + 4

Seen = tuple[list[Any], str]


def check_stream(data: bytes, sizes: Sequence[int]) -> None:
    """Receive ``data`` in pieces of these sizes; compare both parsers."""
    ours, theirs = _ours(data, sizes), _theirs(data)
    assert ours == theirs


class Wire:
    """A socket on which nothing goes out, and the peer's answer above it."""

    def __init__(self, data: bytes = b"") -> None:
        self.headers: dict[str, str] = {}
        self.position = 0
        self.data = data
        self._closed = False

    @property
    def raw(self) -> Wire:
        return self

    def fill_in(self, url: str, headers: object) -> tuple[str, list[str]]:
        return url, []

    def recv(self, size: int) -> bytes:
        piece = self.data[self.position : self.position + size]
        if not piece:
            raise EOFError
        self.position += len(piece)
        return piece

    def send(self, data: bytes) -> int:
        if data.startswith(b"GET "):
            lines = bytes(data).split(b"\r\n")
            (key,) = (x[18:].strip() for x in lines if x.startswith(b"Sec-WebSocket-K"))
            self.data = (
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: "
                + base64.b64encode(hashlib.sha1(key + GUID).digest())
                + b"\r\n\r\n"
            )
        return len(data)

    def fileno(self) -> int:
        return 0

    def gettimeout(self) -> float:
        return 0.0

    def settimeout(self, timeout: float | None) -> None: ...

    def shutdown(self, how: int) -> None: ...

    def close(self) -> None:
        self._closed = True


class Receiver:
    """A stand-in for the channel: owner, and receiver of what is sent and the end."""

    def __init__(self, data: bytes, sizes: Sequence[int]) -> None:
        self.events: list[Any] = []
        self.end = "lost"
        self._data = data
        self._sizes = itertools.cycle([max(1, size) for size in sizes] or [len(data)])
        wire: Any = Wire()
        refused = upgrade(Connect("ws://exchange.example/"), wire)
        assert refused is None, "there was no upgrade"
        owner: Any = self
        client = WebSocketClient(self.sending)
        self._scanner = Scanner(LIMIT)
        self._transport = FrameTransport(
            owner, wire, SendBuffer(wire), client.parse, self._ended
        )
        self._transport._scanner = self._scanner
        self._receive()

    _position = 0

    def _receive(self) -> None:
        while self._position < len(self._data) and not self._transport.over:
            size = next(self._sizes)
            piece = self._data[self._position : self._position + size]
            self._position += size
            self._transport.take(piece)
            assert len(self._scanner._tail) < LONGEST
            assert not self._transport._messages, "kept from the owner"

    def received(self, frames: list[bytes]) -> None:
        assert frames
        self.events += map(bytes, frames)

    def pong(self) -> None:
        self.events.append("pong")

    def _ended(self, ending: Ending) -> None:
        assert not self._transport.over, "ended twice"
        self._transport.over = True
        if isinstance(ending, Broken):
            assert isinstance(ending.error, ProtocolError)
            self.end = "broken"
        else:
            assert isinstance(ending, Closed)
            self.end = f"closed {ending.code} {ending.reason}"

    def sending(self, data: bytes) -> None:
        assert data

    def opened(self, headers: Mapping[str, str], asked: float) -> None: ...


def _ours(data: bytes, sizes: Sequence[int]) -> Seen:
    receiver = Receiver(data, sizes)
    return receiver.events, receiver.end


def _theirs(data: bytes) -> Seen:
    """Let the library alone read all; stop where ours refuses to go on."""
    socket = websocket.WebSocket(skip_utf8_validation=True)
    wire: Any = Wire(data)
    socket.sock, socket.connected = wire, True
    events: list[Any] = []
    watch = Watch(wire)
    socket.frame_buffer.recv_frame = watch.around(  # type: ignore[method-assign]
        socket.frame_buffer.recv_frame
    )
    while True:
        try:
            opcode, frame = socket.recv_data_frame(True)
        except EOFError:
            return events, "lost"
        except (Refused, websocket.WebSocketException):
            return events, "broken"
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            code = int.from_bytes(frame.data[:2], "big") if frame.data else 1005
            reason = frame.data[2:].decode(errors="replace")
            return events, f"closed {code} {reason}"
        if opcode == websocket.ABNF.OPCODE_PONG:
            events.append("pong")
        elif opcode != websocket.ABNF.OPCODE_PING:
            events.append(bytes(frame.data))


class Refused(Exception):
    """Raised where the library would go on, but ours does not."""


class Watch:
    """Refuses, by the headers on the wire, what the library takes and ours does not."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._sum = 0
        self._open = False

    def around(self, recv_frame: Callable[[], Any]) -> Callable[[], Any]:
        """Return ``recv_frame`` with a check of the wire before and after it."""

        def watched() -> Any:
            begin = self._wire.position
            head = self._wire.data[begin : begin + 10]
            if len(head) > 1 and head[1] & 0x80:
                raise Refused
            huge = len(head) == 10 and int.from_bytes(head[2:], "big") > LIMIT
            if huge and head[1] == 127:
                raise Refused
            frame = recv_frame()
            if head[0] & 0x08 == 0:
                self._add(bool(head[0] & 0x80), self._wire.position - begin)
            return frame

        return watched

    def _add(self, final: bool, size: int) -> None:
        if self._open or not final:
            self._sum += size
            if self._sum > LIMIT:
                raise Refused
        self._open = not final
        if final:
            self._sum = 0
