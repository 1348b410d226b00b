"""One connection at the level of bytes."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from typing import Iterator
from urllib.parse import urlsplit

import pytest

from assetstream.simulator import CoinWAccount, Simulator, UpbitAccount, connection
from tests.support.clients import PATIENCE, SUB, bearer, login

TEXT, CONTINUED, CLOSE = 0x1, 0x0, 0x8


def frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """A masked client frame."""
    head = bytes([(0x80 if fin else 0) | opcode])
    length = len(payload)
    head += bytes([0x80 | length]) if length < 126 else struct.pack("!BH", 254, length)
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head + mask + masked


class RawClient:
    """A socket, and what it takes to open a WebSocket on it by hand."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.sock = socket.create_connection((parts.hostname, parts.port), PATIENCE)
        self.path = parts.path or "/"
        self.received = b""

    def upgrade(
        self, headers: dict[str, str] | None = None, behind: bytes = b""
    ) -> str:
        """Send the upgrade and ``behind`` in one write; the response's head."""
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
        """Everything up to and with ``mark``."""
        while mark not in self.received:
            data = self.sock.recv(65536)
            assert data, self.received
            self.received += data
        cut = self.received.index(mark) + len(mark)
        found, self.received = self.received[:cut], self.received[cut:]
        return found


@pytest.fixture
def raw(coinw: CoinWAccount) -> Iterator[RawClient]:
    """A socket connected to CoinW."""
    client = RawClient(coinw.ws_url)
    yield client
    client.sock.close()


def test_frames_right_behind_the_upgrade_are_read(
    raw: RawClient, coinw: CoinWAccount
) -> None:
    """A client that does not wait for the 101 is understood."""
    said = frame(TEXT, json.dumps(login(coinw)).encode())

    assert raw.upgrade(behind=said).startswith("HTTP/1.1 101 ")
    assert b'"result":true' in raw.until(b'"channel":"login"}')


def test_fragments_are_put_together(raw: RawClient, coinw: CoinWAccount) -> None:
    """A message in three frames, a byte at a time."""
    raw.upgrade()
    text = json.dumps(login(coinw)).encode()
    parts = (
        frame(TEXT, text[:10], fin=False)
        + frame(CONTINUED, text[10:20], fin=False)
        + frame(CONTINUED, text[20:])
    )
    for byte in parts:
        raw.sock.send(bytes([byte]))

    assert b'"result":true' in raw.until(b'"channel":"login"}')
    assert coinw.context.seen.frames == 1


def test_a_broken_frame_ends_the_connection(
    raw: RawClient, exchange: Simulator
) -> None:
    """Unmasked data: close code 1002, then the end."""
    raw.upgrade()
    raw.sock.sendall(b"\x81\x02hi")

    assert raw.until(struct.pack("!H", 1002))
    exchange.wait_for_connections(0)


def test_a_client_s_close_is_answered(raw: RawClient, exchange: Simulator) -> None:
    """The same code comes back, and nothing is left."""
    raw.upgrade()
    raw.sock.sendall(frame(CLOSE, struct.pack("!H", 1000)))

    assert raw.until(b"\x88\x02\x03\xe8")
    assert raw.sock.recv(1) == b""
    exchange.wait_for_connections(0)


@pytest.mark.parametrize(
    ("broken", "status"),
    [
        ({"Sec-WebSocket-Key": ""}, 400),
        ({"Sec-WebSocket-Version": "8"}, 400),
        ({"Connection": "close"}, 426),
    ],
)
def test_a_bad_handshake_is_refused(
    raw: RawClient, exchange: Simulator, broken: dict[str, str], status: int
) -> None:
    """The handshake is checked before anything else is believed."""
    assert raw.upgrade(broken).startswith(f"HTTP/1.1 {status} ")
    assert exchange.seen.refused == 1


def test_a_client_that_does_not_read_holds_up_nobody(
    exchange: Simulator, upbit: UpbitAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pushing goes on, and the client is cut off once too much has piled up."""
    monkeypatch.setattr(connection, "MAX_BACKLOG", 100_000)
    client = RawClient(upbit.ws_url)
    try:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.upgrade(bearer(upbit))
        client.sock.sendall(frame(TEXT, b'[{"ticket":"t"},{"type":"myAsset"}]'))
        upbit.wait_for_subscribers()
        for _ in range(200_000):
            upbit.deposit("BTC", 1)
            if not upbit.subscribers:
                break
        exchange.wait_for_connections(0)
    finally:
        client.sock.close()


def test_pushes_after_the_acknowledgement_only(
    raw: RawClient, coinw: CoinWAccount
) -> None:
    """However fast the trader, the first frame after a subscription is its answer."""
    raw.upgrade()
    with coinw.trade(rate=2000):
        raw.sock.sendall(frame(TEXT, json.dumps(login(coinw)).encode()))
        raw.sock.sendall(frame(TEXT, json.dumps(SUB).encode()))
        raw.until(b'"channel":"login"}')
        assert b'"result":true' in raw.until(b'"type":"assets"}')
        assert b"ledger_id" in raw.until(b'"type":"assets"}')
