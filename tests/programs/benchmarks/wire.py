"""The load server's side of one socket: TCP or TLS, HTTP, then WebSocket."""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
import struct
from email.utils import formatdate
from typing import Iterator, Mapping

from tests.programs.benchmarks.frames import frame

__all__ = ["Gone", "Wire", "accept", "frames_in", "head_in", "reply"]

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CHUNK = 1 << 16
#: A client that takes nothing for so long has died, seconds.
PATIENCE = 120.0


class Gone(Exception):
    """Raised when the peer has left."""


class Wire:
    """Bytes in and out of one socket; TLS works in memory.

    So that records can be made ahead: what is sent is then ready ciphertext, and a fast
    client never waits for this server's encryption.
    """

    def __init__(self, sock: socket.socket, context: ssl.SSLContext | None) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._unsent = b""
        self._tls: ssl.SSLObject | None = None
        self._shaken = context is None
        if context is not None:
            self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
            self._tls = context.wrap_bio(self._in, self._out, server_side=True)

    @property
    def wants_write(self) -> bool:
        """True if bytes wait to be sent."""
        return bool(self._unsent)

    def fileno(self) -> int:
        return self._sock.fileno()

    def receive(self) -> bytes:
        """Return the bytes that have come, decrypted, or b"". Raises Gone."""
        try:
            data = self._sock.recv(CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            raise Gone from None
        if not data:
            raise Gone
        if self._tls is None:
            return data
        self._in.write(data)
        try:
            if not self._shaken:
                self._tls.do_handshake()
                self._shaken = True
            return self._decrypted(self._tls)
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLError:
            raise Gone from None
        finally:
            self._push(self._out.read())

    def seal(self, frames: list[bytes]) -> bytes:
        """Return the bytes on the wire for these frames; with TLS, one record each."""
        if self._tls is None:
            return b"".join(frames)
        for each in frames:
            self._tls.write(each)
        return self._out.read()

    def send(self, data: bytes) -> None:
        """Send without waiting."""
        self._push(self.seal([data]))

    def flush(self) -> None:
        """Send the bytes that wait."""
        self._push(b"")

    def pour(self, sealed: bytes) -> None:
        """Send everything, as fast as the peer takes it."""
        self._sock.settimeout(PATIENCE)
        try:
            self._sock.sendall(self._unsent)
            self._sock.sendall(sealed)
        except OSError:
            raise Gone from None
        finally:
            self._unsent = b""
            self._sock.setblocking(False)

    def close(self, *, reset: bool = False) -> None:
        """Close it; with ``reset`` the peer sees its connection break."""
        if reset:
            linger = struct.pack("ii", 1, 0)
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._sock.close()

    def _push(self, data: bytes) -> None:
        self._unsent += data
        try:
            while self._unsent:
                self._unsent = self._unsent[self._sock.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            raise Gone from None

    @staticmethod
    def _decrypted(tls: ssl.SSLObject) -> bytes:
        found = b""
        try:
            while piece := tls.read(CHUNK):
                found += piece
        except ssl.SSLWantReadError:
            return found
        raise Gone


def head_in(data: bytearray) -> tuple[str, str, dict[str, str]] | None:
    """Take the head of a request: method, target, headers; None if it is not whole.

    Bodies are not expected.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = data[:end].decode("latin-1").split("\r\n")
    del data[: end + 4]
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    return method, target, {k.lower(): v.strip() for k, _, v in pairs}


def reply(body: bytes, now: float) -> bytes:
    """Make an HTTP answer with JSON and its date; the connection stays open."""
    head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return b"HTTP/1.1 200 OK\r\n" + date(now) + head.encode() + b"\r\n" + body


def accept(headers: Mapping[str, str], now: float) -> bytes:
    """Make the answer that accepts a WebSocket, with its date."""
    digest = hashlib.sha1((headers["sec-websocket-key"] + GUID).encode()).digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        + date(now)
        + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + base64.b64encode(digest)
        + b"\r\n\r\n"
    )


def date(now: float) -> bytes:
    """Make the header by which clients know the exchange's clock."""
    return f"Date: {formatdate(now, usegmt=True)}\r\n".encode()


def frames_in(data: bytearray) -> Iterator[tuple[int, bytes]]:
    """Take whole masked frames: opcode and payload. Clients send only short ones."""
    while len(data) >= 6:
        size, start = data[1] & 0x7F, 6
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 8
        if len(data) < start + size:
            return
        mask = data[start - 4 : start]
        masked = data[start : start + size]
        yield data[0] & 0x0F, bytes(b ^ mask[i & 3] for i, b in enumerate(masked))
        del data[: start + size]


def pong(payload: bytes) -> bytes:
    """Make the answer to a ping."""
    return frame(0xA, payload)
