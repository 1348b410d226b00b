"""Sightings below the WebSocket, and of its end."""

from __future__ import annotations

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidStatus

from tests.simulator.sightings.case import (
    SILENCE,
    UP,
    Case,
    ended,
    names,
    shows,
    silent,
)
from tests.simulator.test_connection import TEXT, frame
from tests.support.clients import (
    accounts,
    coinw_client,
    coinw_subscriber,
    upbit_client,
    upbit_subscriber,
)

PING = 0x9


@shows("tcp_refused")
def tcp_refused(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client, case.on():
        with pytest.raises(ConnectionRefusedError):
            case.raw()
        case.upbit.deposit("BTC", 1)
        assert client.hear()["assets"]


@shows("tcp_reset")
def tcp_reset(case: Case) -> None:
    with (
        upbit_subscriber(case.upbit) as client,
        case.on(),
        pytest.raises(ConnectionClosed) as closed,
    ):
        client.raw()
    assert isinstance(closed.value.__cause__, ConnectionResetError)


@shows(*names("close_1"), "close_4001")
def close(case: Case) -> None:
    code = int(case.name.removeprefix("close_"))
    with (
        upbit_subscriber(case.upbit) as client,
        case.on(),
        # At CoinW, struck before it has logged in.
        coinw_client(case.coinw) as new,
    ):
        ends = [client.until_closed()[1], new.until_closed()[1]]
    for end in ends:
        assert (1006 if end.rcvd is None else end.rcvd.code) == code


@shows("close_after_error")
def close_after_error(case: Case) -> None:
    with coinw_subscriber(case.coinw) as client, case.on():
        assert client.hear()["errorCode"] == 500
        with pytest.raises(ConnectionClosedOK):
            client.raw()
        with upbit_client(case.upbit) as new:
            assert new.hear()["error"]["name"]
            with pytest.raises(ConnectionClosedOK):
                new.raw()


@shows("maintenance")
def maintenance(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client, case.on():
        _, closed = client.until_closed()
        with pytest.raises(InvalidStatus) as refused:
            coinw_client(case.coinw)
        status, headers, body = accounts(case.upbit)
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1012
    assert refused.value.response.status_code == status == 503
    assert headers["retry-after"] == "1"
    assert b"<html>" in body


@shows("silent_drop")
def silent_drop(case: Case) -> None:
    with upbit_subscriber(case.upbit) as client:
        with case.on():
            case.upbit.deposit("BTC", 1)
            client.say("PING")
            with pytest.raises(TimeoutError):
                client.connection.recv(timeout=SILENCE)
        assert client.hear()["assets"][0]["balance"] == "1.5"
        assert client.hear() == UP
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
            assert new.hear()["assets"]
        # Nothing brings it back, and no end of it is heard of.
        case.exchange.close_connections(4001)
        case.exchange.drop_connections(reset=True)
        assert silent(client.sock)
    case.exchange.wait_for_connections(0)
