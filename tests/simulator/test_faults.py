"""The seam for faults, and the switches built on it."""

from __future__ import annotations

from typing import Iterable

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidStatus

from assetstream.simulator import (
    CoinWAccount,
    Connection,
    Fault,
    Kind,
    Message,
    Simulator,
    UpbitAccount,
)
from tests.support.clients import (
    accounts,
    coinw_client,
    coinw_subscriber,
    complete_balances,
    login,
    upbit_client,
    upbit_subscriber,
)

LIST = [{"ticket": "t"}, {"method": "LIST_SUBSCRIPTIONS"}]


class Twice(Fault):
    """Sends every push twice."""

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        return (message, message) if message.kind is Kind.PUSH else (message,)


class Deaf(Fault):
    """Receives PING only."""

    def received(self, connection: Connection, payload: bytes) -> bytes | None:
        return payload if payload == b"PING" else None


class Greet(Fault):
    """Sends first."""

    def opened(self, connection: Connection) -> None:
        connection.send(Message(Kind.STATUS, b'"hello"'))


def test_faults_are_put_together(exchange: Simulator, upbit: UpbitAccount) -> None:
    """Two faults on one point act one after the other; off is off."""
    with upbit_subscriber(upbit) as client:
        with exchange.faults.add(Twice()), exchange.faults.add(Twice()):
            upbit.deposit("BTC", 1)
        upbit.deposit("BTC", 1)
        amounts = [client.receive()["assets"][0]["balance"] for _ in range(5)]
    assert amounts == ["1.5"] * 4 + ["2.5"]


def test_what_is_received_can_be_lost(exchange: Simulator, upbit: UpbitAccount) -> None:
    """A fault that swallows a message; the connection knows nothing of it."""
    with upbit_client(upbit) as client:
        switch = exchange.faults.add(Deaf())
        client.send(LIST)
        assert client.ask("PING") == {"status": "UP"}
        switch.off()
        switch.off()
        assert "result" in client.ask(LIST)


def test_a_fault_can_send_first(exchange: Simulator, coinw: CoinWAccount) -> None:
    """A point for the opening."""
    with exchange.faults.add(Greet()), coinw_client(coinw) as client:
        assert client.receive() == "hello"


def test_list_subscriptions_unanswered(
    exchange: Simulator, upbit: UpbitAccount
) -> None:
    """withhold(Kind.LIST)."""
    with upbit_client(upbit) as client:
        with exchange.withhold(Kind.LIST):
            client.send(LIST)
            assert client.ask("PING") == {"status": "UP"}
        assert "result" in client.ask(LIST)


def test_pongs_withheld(exchange: Simulator, upbit: UpbitAccount) -> None:
    """withhold(Kind.PONG): the ping arrives, no pong comes back."""
    with upbit_client(upbit) as client:
        with exchange.withhold(Kind.PONG):
            pong = client.connection.ping("a")
            exchange.wait_for(lambda seen: seen.pings >= 1)
            assert client.ask("PING") == {"status": "UP"}
            assert not pong.is_set()
        assert client.connection.ping("b").wait(5.0)


def test_upgrades_refused_for_a_while(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """The status, the body and the headers that were asked for; one exchange only."""
    with exchange.refuse_upgrades(503, "down", {"Retry-After": "7"}, exchange="upbit"):
        with pytest.raises(InvalidStatus) as refused:
            upbit_client(upbit)
        with coinw_client(coinw):
            pass
    response = refused.value.response
    assert (response.status_code, response.body) == (503, b"down")
    assert response.headers["Retry-After"] == "7"
    assert exchange.seen.refused == 1
    with upbit_client(upbit):
        pass


def test_rest_answers_something_else(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """A status and a body for a while; the other exchange is itself."""
    with exchange.rest_answers(500, b"<html>", exchange="upbit"):
        status, headers, body = accounts(upbit)
        assert (status, body) == (500, b"<html>")
        assert "date" in headers
        assert complete_balances(coinw)["code"] == "200"
    assert accounts(upbit)[0] == 200


def test_rest_lags(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """REST shows the balances of a minute ago, the push those of now."""
    with exchange.lag_rest(60):
        with upbit_subscriber(upbit) as client:
            upbit.deposit("BTC", 1)
            assert client.receive()["assets"][0]["balance"] == "1.5"
        coinw.deposit("BTC", 1)
        assert accounts(upbit)[2][1]["balance"] == "0.5"
        assert complete_balances(coinw)["data"]["BTC"]["available"] == "0.5"
    assert accounts(upbit)[2][1]["balance"] == "1.5"


def test_logins_refused(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """Good credentials are refused on both WebSockets, or for one account only."""
    with exchange.refuse_logins():
        with pytest.raises(InvalidStatus) as refused:
            upbit_client(upbit)
        assert refused.value.response.status_code == 401
        with coinw_client(coinw) as client:
            assert client.ask(login(coinw))["data"]["errorCode"] == 1003
        assert accounts(upbit)[0] == 200
    with exchange.refuse_logins(coinw), upbit_client(upbit):
        pass


@pytest.mark.parametrize("reset", [True, False])
def test_connections_are_dropped(
    exchange: Simulator, upbit: UpbitAccount, reset: bool
) -> None:
    """By RST or FIN, and no close frame; they are no longer counted at once."""
    with upbit_subscriber(upbit) as client:
        assert exchange.drop_connections(reset=reset) == 1
        assert exchange.connections == upbit.subscribers == 0
        with pytest.raises(ConnectionClosed) as closed:
            client.raw()
    assert closed.value.rcvd is None
    assert isinstance(closed.value.__cause__, ConnectionResetError) is reset


def test_connections_are_closed(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """What was pushed before arrives, then the close frame; one account's only."""
    with upbit_subscriber(upbit) as client, coinw_subscriber(coinw) as other:
        upbit.deposit("BTC", 1)
        assert exchange.close_connections(4001, "enough", account=upbit) == 1
        assert client.receive()["assets"][0]["balance"] == "1.5"
        with pytest.raises(ConnectionClosed) as closed:
            client.raw()
        assert other.ask({"event": "ping"}) == {"event": "pong"}
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "enough")


def test_a_normal_close_is_a_close(exchange: Simulator, coinw: CoinWAccount) -> None:
    """Code 1000 is the default."""
    with coinw_subscriber(coinw) as client:
        exchange.close_connections()
        with pytest.raises(ConnectionClosedOK):
            client.raw()
