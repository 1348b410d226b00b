"""The HTTP server: one origin, connections kept alive, clients that misbehave."""

from __future__ import annotations

import errno
import http.client
import socket
import sys
import threading
from urllib.parse import urlsplit

import pytest

from assetstream.simulator import Simulator, UpbitAccount
from tests.support.clients import bearer
from tests.support.event_recorder import PATIENCE


def test_a_connection_is_kept_alive(upbit: UpbitAccount) -> None:
    """One connection serves several requests."""
    parts = urlsplit(upbit.context.url)
    assert parts.hostname
    connection = http.client.HTTPConnection(parts.hostname, parts.port, PATIENCE)
    connection.connect()
    first = connection.sock
    for _ in range(3):
        connection.request("GET", "/v1/accounts", headers=bearer(upbit))
        response = connection.getresponse()
        assert (response.status, response.read()[:1]) == (200, b"[")
    assert connection.sock is first
    connection.close()


def test_an_idle_client_does_not_delay_the_stop(exchange: Simulator) -> None:
    """The client has sent nothing, or half a request."""
    parts = urlsplit(exchange.url)
    clients = [
        socket.create_connection((parts.hostname, parts.port), PATIENCE)
        for _ in range(2)
    ]
    clients[1].sendall(b"GET /v1/acc")
    exchange.stop()
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if "simulator" in name]
    for client in clients:
        client.close()


def test_a_body_that_is_too_large_is_not_read(exchange: Simulator) -> None:
    """The answer is 413, and the connection ends."""
    parts = urlsplit(exchange.url)
    with socket.create_connection((parts.hostname, parts.port), PATIENCE) as client:
        client.sendall(
            b"POST /api/v1/private HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 99999999\r\n\r\n"
        )
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is not held")
def test_a_port_that_refuses_is_given_to_nobody_else(exchange: Simulator) -> None:
    """A connecting client could otherwise get and keep that port."""
    port = urlsplit(exchange.url).port or 0
    with exchange.fault("tcp_refused"):
        for _ in range(2):
            with socket.socket() as sock, pytest.raises(OSError, match="in use"):
                sock.bind(("127.0.0.1", port))
        with socket.socket() as sock:
            assert sock.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED
    socket.create_connection(("127.0.0.1", port)).close()
