"""Bytes that wait to be sent."""

from __future__ import annotations

import math
import socket
from typing import Iterator

import pytest

from assetstream.runtime.net.send_buffer import LIMIT, SendBuffer
from tests.support.event_recorder import PATIENCE


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    ours.setblocking(False)
    theirs.settimeout(PATIENCE)
    yield ours, theirs
    ours.close()
    theirs.close()


def fill(outbox: SendBuffer, most: int) -> bytes:
    """Put pieces until one does not go out at once; return all that was put."""
    put = b""
    while not outbox.wants_write:
        put += bytes([len(put) % 251]) * most
        outbox.put(put[-most:])
    return put


def test_what_the_socket_takes_is_sent_at_once(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """No byte waits, and there is no deadline."""
    outbox = SendBuffer(pair[0])
    outbox.put(b"hello")
    assert pair[1].recv(10) == b"hello"
    assert not outbox.wants_write
    assert outbox.deadline == math.inf


def test_the_rest_follows_in_order(pair: tuple[socket.socket, socket.socket]) -> None:
    """A slow peer loses nothing; the deadline ends with the last byte."""
    outbox = SendBuffer(pair[0])
    put = fill(outbox, 5000)
    assert outbox.deadline < math.inf
    got = b""
    while len(got) < len(put):
        got += pair[1].recv(1000)
        outbox.flush()
    assert got == put
    assert not outbox.wants_write
    assert outbox.deadline == math.inf


def test_the_deadline_is_that_of_the_oldest_byte(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """Later sends do not prolong it."""
    outbox = SendBuffer(pair[0])
    fill(outbox, 5000)
    deadline = outbox.deadline
    outbox.put(b"more")
    assert outbox.deadline == deadline


def test_too_much_is_given_up_at_once(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """A peer that is 64 KB behind counts as dead."""
    outbox = SendBuffer(pair[0])
    fill(outbox, 5000)
    outbox.put(b"x" * LIMIT)
    assert outbox.deadline == -math.inf


def test_a_broken_socket_is_returned_and_does_not_raise(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """The library, which holds a lock, must not get the error."""
    outbox = SendBuffer(pair[0])
    pair[1].close()
    outbox.put(b"x")
    assert outbox.failure
    assert outbox.deadline < math.inf, "the reading side has time to report why"
    assert not outbox.wants_write
    outbox.put(b"ignored")
