"""Plain HTTP: one origin, connections kept alive, clients that misbehave."""

from __future__ import annotations

import http.client
import socket
import time
from urllib.parse import urlsplit

from assetstream.simulator import Simulator, UpbitAccount
from tests.simulator.clients import PATIENCE, bearer


def test_a_connection_is_kept_alive(upbit: UpbitAccount) -> None:
    """Several requests over one connection."""
    parts = urlsplit(upbit.site.url)
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
    """Neither one that said nothing nor one that said half a request."""
    parts = urlsplit(exchange.url)
    clients = [
        socket.create_connection((parts.hostname, parts.port), PATIENCE)
        for _ in range(2)
    ]
    clients[1].sendall(b"GET /v1/acc")
    began = time.monotonic()
    exchange.stop()
    assert time.monotonic() - began < 0.2
    for client in clients:
        client.close()


def test_a_body_that_is_too_large_is_not_read(exchange: Simulator) -> None:
    """413, and the connection ends."""
    parts = urlsplit(exchange.url)
    with socket.create_connection((parts.hostname, parts.port), PATIENCE) as client:
        client.sendall(
            b"POST /api/v1/private HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 99999999\r\n\r\n"
        )
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")
