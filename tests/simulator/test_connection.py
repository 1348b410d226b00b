"""One connection, byte by byte."""

from __future__ import annotations

import json
import socket
import struct
from typing import Iterator

import pytest

from assetstream.simulator import CoinWAccount, Simulator, UpbitAccount, connection
from assetstream.simulator.messages import Kind, Message
from tests.support.clients import SUB, bearer, login
from tests.support.raw_client import CLOSE, CONTINUED, TEXT, RawClient, frame


@pytest.fixture
def raw(coinw: CoinWAccount) -> Iterator[RawClient]:
    """Connect a socket to CoinW."""
    client = RawClient(coinw.ws_url)
    yield client
    client.sock.close()


def test_frames_right_behind_the_upgrade_are_read(
    raw: RawClient, coinw: CoinWAccount
) -> None:
    """The client does not wait for the 101."""
    behind = frame(TEXT, json.dumps(login(coinw)).encode())

    assert raw.upgrade(behind=behind).startswith("HTTP/1.1 101 ")
    assert b'"result":true' in raw.until(b'"channel":"login"}')


def test_fragments_are_put_together(raw: RawClient, coinw: CoinWAccount) -> None:
    """A message comes in three frames, byte by byte."""
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
    """Unmasked data is answered by close code 1002."""
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
    """The handshake is checked first."""
    assert raw.upgrade(broken).startswith(f"HTTP/1.1 {status} ")
    assert exchange.seen.refused == 1


def test_a_client_that_does_not_read_holds_up_nobody(
    exchange: Simulator, upbit: UpbitAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is cut off once too many bytes wait."""
    monkeypatch.setattr(connection, "MAX_BACKLOG", 100_000)
    client = RawClient(upbit.ws_url)
    try:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.upgrade(bearer(upbit))
        client.sock.sendall(frame(TEXT, b'[{"ticket":"t"},{"type":"myAsset"}]'))
        upbit.wait_for_subscribers()
        (session,) = upbit._subscribers
        while upbit.subscribers:  # the kernel takes megabytes
            session.connection.send(Message(Kind.PUSH, b"x" * 65_536))
            upbit.deposit("BTC", 1)
        exchange.wait_for_connections(0)
    finally:
        client.sock.close()


def test_pushes_after_the_acknowledgement_only(
    raw: RawClient, coinw: CoinWAccount
) -> None:
    """The first frame after a subscription is its answer."""
    raw.upgrade()
    with coinw.trade(rate=2000):
        raw.sock.sendall(frame(TEXT, json.dumps(login(coinw)).encode()))
        raw.sock.sendall(frame(TEXT, json.dumps(SUB).encode()))
        raw.until(b'"channel":"login"}')
        assert b'"result":true' in raw.until(b'"type":"assets"}')
        assert b"ledger_id" in raw.until(b'"type":"assets"}')
