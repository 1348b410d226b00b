"""A WebSocket client whose bytes the test writes."""

from __future__ import annotations

import base64
import os
import socket
import struct
from urllib.parse import urlsplit

from tests.support.event_recorder import PATIENCE

__all__ = ["CLOSE", "CONTINUED", "TEXT", "RawClient", "frame"]

TEXT, CONTINUED, CLOSE = 0x1, 0x0, 0x8


def frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """Make a masked client frame."""
    head = bytes([(0x80 if fin else 0) | opcode])
    length = len(payload)
    head += bytes([0x80 | length]) if length < 126 else struct.pack("!BH", 254, length)
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head + mask + masked


class RawClient:
    """A socket on which a test opens a WebSocket by hand."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.sock = socket.create_connection((parts.hostname, parts.port), PATIENCE)
        self.path = parts.path or "/"
        self.received = b""

    def upgrade(
        self, headers: dict[str, str] | None = None, behind: bytes = b""
    ) -> str:
        """Send the upgrade and ``behind`` in one write; return the response's head."""
        lines = {
            "Host": "127.0.0.1",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Version": "13",
            **(headers or {}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        self.sock.sendall(f"GET {self.path} HTTP/1.1\r\n{head}\r\n".encode() + behind)
        return self.until(b"\r\n\r\n").decode()

    def until(self, mark: bytes) -> bytes:
        """Return everything up to and with ``mark``."""
        while mark not in self.received:
            data = self.sock.recv(65536)
            assert data, self.received
            self.received += data
        cut = self.received.index(mark) + len(mark)
        found, self.received = self.received[:cut], self.received[cut:]
        return found
