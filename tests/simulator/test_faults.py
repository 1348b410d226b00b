"""A user's own faults."""

from __future__ import annotations

import http.client
from typing import Iterable

import pytest

from assetstream.simulator import (
    CoinWAccount,
    Connection,
    Fault,
    Kind,
    Message,
    Reply,
    Request,
    Simulator,
    UpbitAccount,
)
from assetstream.simulator.server import SimulatorServer
from tests.support.clients import (
    accounts,
    coinw_client,
    upbit_client,
    upbit_subscriber,
)

LIST = [{"ticket": "t"}, {"method": "LIST_SUBSCRIPTIONS"}]


class Twice(Fault):
    """Sends every push twice."""

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        return (message, message) if message.kind is Kind.PUSH else (message,)


class Deaf(Fault):
    """Ignores every message but PING."""

    def received(self, connection: Connection, payload: bytes) -> bytes | None:
        return payload if payload == b"PING" else None


class Greet(Fault):
    """Sends a frame at the opening."""

    def opened(self, connection: Connection) -> None:
        connection.send(Message(Kind.STATUS, b'"hello"'))


def test_faults_are_put_together(exchange: Simulator, upbit: UpbitAccount) -> None:
    """Two faults on one point act one after the other."""
    with upbit_subscriber(upbit) as client:
        with exchange.faults.add(Twice()), exchange.faults.add(Twice()):
            upbit.deposit("BTC", 1)
        upbit.deposit("BTC", 1)
        amounts = [client.receive()["assets"][0]["balance"] for _ in range(5)]
    assert amounts == ["1.5"] * 4 + ["2.5"]


def test_what_is_received_can_be_lost(exchange: Simulator, upbit: UpbitAccount) -> None:
    """The connection knows nothing of a swallowed message."""
    with upbit_client(upbit) as client:
        switch = exchange.faults.add(Deaf())
        client.send(LIST)
        assert client.ask("PING") == {"status": "UP"}
        switch.off()
        switch.off()
        assert "result" in client.ask(LIST)


def test_a_fault_can_send_first(exchange: Simulator, coinw: CoinWAccount) -> None:
    """The point ``opened`` may send."""
    with exchange.faults.add(Greet()), coinw_client(coinw) as client:
        assert client.receive() == "hello"


class Count(Fault):
    """Keeps the connections that it strikes, and counts beginnings and ends."""

    def __init__(self) -> None:
        self.found: list[Connection] = []
        self.ends = 0

    def began(self, server: SimulatorServer) -> None:
        self.found += server.connections()

    def ended(self) -> None:
        self.ends += 1


def test_a_fault_begins_with_the_connections_that_are_open(
    exchange: Simulator, upbit: UpbitAccount
) -> None:
    """The fault ends once, however often it is switched off."""
    fault = Count()
    with upbit_subscriber(upbit):
        switch = exchange.faults.add(fault)
        with upbit_client(upbit):
            assert [each.account for each in fault.found] == [upbit]
        exchange.faults.clear()
        switch.off()

    assert fault.ends == 1


def test_a_fault_may_be_added_before_the_start() -> None:
    """The fault is called from the first connection on."""
    fault = Count()
    simulator = Simulator()
    simulator.faults.add(fault)
    simulator.faults.add(HangUp())
    with simulator:
        account = simulator.upbit()
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            accounts(account)

    assert fault.found == []
    assert fault.ends == 1


class HangUp(Fault):
    """Answers no request."""

    def rest(self, request: Request) -> Reply | None:
        raise ConnectionAbortedError
