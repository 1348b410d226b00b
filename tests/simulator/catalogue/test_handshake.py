"""Faults of the upgrade, seen by a plain client."""

from __future__ import annotations

import contextlib
import threading
from typing import Callable

import pytest
from websockets.exceptions import InvalidHandshake, InvalidStatus

from assetstream.simulator.catalogue import handshake
from tests.support.clients import (
    Client,
    bearer,
    coinw_client,
    upbit_client,
    upbit_subscriber,
)
from tests.support.event_recorder import PATIENCE
from tests.support.fault_cases import (
    SILENCE,
    UP,
    UPGRADE,
    Case,
    ended,
    names,
    shows,
    silent,
)
from tests.support.groups import wait_until


@shows("handshake_unanswered")
def handshake_unanswered(case: Case) -> None:
    client = case.raw()
    with client.sock:
        with case.on():
            for part in (UPGRADE[:1], UPGRADE[1:]):
                client.sock.sendall(part)
                assert silent(client.sock)
        assert ended(client)
    assert client.received == b""


@shows("handshake_tls_unanswered")
def handshake_tls_unanswered(case: Case) -> None:
    with upbit_subscriber(case.upbit) as open_before, case.on():
        clients = [case.raw(), case.raw()]
        clients[1].sock.sendall(b"GET /v1/accounts HTTP/1.1\r\n\r\n")
        assert all(silent(client.sock) for client in clients)
        assert open_before.ask("PING") == UP
    for client in clients:
        with client.sock, contextlib.suppress(ConnectionResetError):
            assert client.sock.recv(1) == b""


@shows("handshake_byte_by_byte")
def handshake_byte_by_byte(case: Case) -> None:
    client = case.raw()
    with client.sock, case.on(pause=0.0001):
        head = client.upgrade(bearer(case.upbit))
    assert head.startswith("HTTP/1.1 101 ")

    client = case.raw()
    with client.sock:
        with case.on(pause=5 * PATIENCE):
            asker = threading.Thread(
                target=client.upgrade, args=(bearer(case.upbit),), daemon=True
            )
            asker.start()
            wait_until(lambda: client.received)
            asker.join(SILENCE)
            assert client.received == b"H"
        asker.join(PATIENCE)
        assert not asker.is_alive()


@shows("handshake_wrong_key")
def handshake_wrong_key(case: Case) -> None:
    with case.on(), pytest.raises(InvalidHandshake, match="Sec-WebSocket-Accept"):
        upbit_client(case.upbit)


@shows(*names("upgrade_4"), *names("upgrade_5"))
def upgrade_status(case: Case) -> None:
    with case.on():
        connects: list[Callable[[], Client]] = [
            lambda: upbit_client(case.upbit),
            lambda: coinw_client(case.coinw),
        ]
        for connect in connects:
            with pytest.raises(InvalidStatus) as refused:
                connect()
            response = refused.value.response
            status = response.status_code
            assert status == int(case.name.removeprefix("upgrade_"))
            waits = response.headers.get("Retry-After")
            assert waits == ("1" if status in (429, 503) else None)
            assert (b"<html>" in (response.body or b"")) is (status == 503)


@shows("upgrade_redirect")
def upgrade_redirect(case: Case) -> None:
    client = case.raw()
    with client.sock, case.on():
        head = client.upgrade(bearer(case.upbit))
    assert head.startswith("HTTP/1.1 302 ")
    assert "Location: wss://elsewhere.invalid/" in head


@pytest.mark.parametrize("name", handshake.FAULTS)
def test_a_fault_is_seen_and_ends(
    name: str, check_fault: Callable[[str], None]
) -> None:
    """A client sees the fault; switched off, it has no effect."""
    check_fault(name)
