"""Faults below the WebSocket, seen by a plain client."""

from __future__ import annotations

from typing import Callable

import pytest
from websockets.exceptions import ConnectionClosed

from assetstream.simulator.catalogue import tcp
from tests.support.clients import (
    coinw_client,
    upbit_subscriber,
)
from tests.support.fault_cases import (
    SILENCE,
    UP,
    Case,
    ended,
    shows,
    silent,
)
from tests.support.raw_client import TEXT, frame

PING = 0x9


@shows("tcp_refused")
def tcp_refused(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client, case.on():
        with pytest.raises(ConnectionRefusedError):
            case.raw()
        case.upbit.deposit("BTC", 1)
        assert client.receive()["assets"]


@shows("tcp_reset")
def tcp_reset(case: Case) -> None:
    with (
        upbit_subscriber(case.upbit) as client,
        case.on(),
        pytest.raises(ConnectionClosed) as closed,
    ):
        client.raw()
    assert isinstance(closed.value.__cause__, ConnectionResetError)


@shows("close_1006")
def close_1006(case: Case) -> None:
    with (
        upbit_subscriber(case.upbit) as client,
        case.on(),
        # At CoinW, struck before it has logged in.
        coinw_client(case.coinw) as new,
    ):
        ends = [client.until_closed()[1], new.until_closed()[1]]
    assert [end.rcvd for end in ends] == [None, None]


@shows("silent_drop")
def silent_drop(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client:
        with case.on():
            case.upbit.deposit("BTC", 1)
            client.send("PING")
            with pytest.raises(TimeoutError):
                client.connection.recv(timeout=SILENCE)
        assert client.receive()["assets"][0]["balance"] == "1.5"
        assert client.receive() == UP
    # Not even an end gets through before.
    raw = case.raw_subscriber()
    with raw.sock:
        with case.on():
            case.exchange.drop_connections()
            assert silent(raw.sock)
        assert ended(raw)


@shows("dead_path")
def dead_path(case: Case) -> None:
    client = case.raw_subscriber()
    with client.sock:
        with case.on(), upbit_subscriber(case.upbit) as new:
            case.upbit.deposit("BTC", 1)
            client.sock.sendall(frame(PING, b"anybody?") + frame(TEXT, b"PING"))
            assert new.receive()["assets"]
        # Nothing brings it back, and no end of it arrives.
        case.exchange.close_connections(4001)
        case.exchange.drop_connections(reset=True)
        assert silent(client.sock)
    case.exchange.wait_for_connections(0)


@pytest.mark.parametrize("name", tcp.FAULTS)
def test_a_fault_is_seen_and_ends(
    name: str, check_fault: Callable[[str], None]
) -> None:
    """A client sees the fault; switched off, it has no effect."""
    check_fault(name)
