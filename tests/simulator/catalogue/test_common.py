"""Base classes of the faults."""

from __future__ import annotations

import json

import pytest

from assetstream.simulator import Connection, Kind, Simulator, UpbitAccount
from assetstream.simulator.catalogue.common import (
    AnnounceEnd,
    FaultEntry,
    ForAccount,
    OncePerConnection,
    Withhold,
    withholds,
)
from tests.support.clients import coinw_client, login, upbit_client, upbit_subscriber


class Count(OncePerConnection):
    """Counts the connections that it strikes."""

    count = 0

    def strike(self, connection: Connection) -> None:
        self.count += 1
        connection.context.signal.announce()


def test_a_fault_that_cannot_strike_an_account_is_refused() -> None:
    """The account is of the other exchange, or is missing."""
    FaultEntry("", ForAccount, exchange="upbit").check("x", "upbit")
    with pytest.raises(ValueError, match="x cannot happen at coinw"):
        FaultEntry("", ForAccount, exchange="upbit").check("x", "coinw")
    with pytest.raises(ValueError, match="x strikes all"):
        FaultEntry("", ForAccount, scoped=False).check("x", "coinw")


def test_each_connection_is_struck_once(
    exchange: Simulator, upbit: UpbitAccount
) -> None:
    """Open and new connections are struck, but none after the end."""
    fault = Count()
    with upbit_client(upbit):
        with exchange.faults.add(fault):
            exchange.wait_for(lambda seen: fault.count == 1)
            with upbit_client(upbit):
                exchange.wait_for(lambda seen: fault.count == 2)
        with upbit_client(upbit) as late:
            assert late.ask("PING") == {"status": "UP"}
    assert fault.count == 2


def test_the_end_is_announced_at_one_exchange_only(
    exchange: Simulator, upbit: UpbitAccount
) -> None:
    """Another would not understand the words."""
    notice = {"event": "over"}
    fault = AnnounceEnd(notice=notice, exchange="coinw", seconds=0.0, code=1001)
    with (
        upbit_client(upbit) as stranger,
        coinw_client(exchange.coinw()) as client,
        exchange.faults.add(fault),
    ):
        frames, closed = client.until_closed()
        assert stranger.ask("PING") == {"status": "UP"}

    assert [json.loads(frame) for frame in frames] == [notice]
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1001


def test_an_account_of_coinw_is_struck_once_it_is_known(exchange: Simulator) -> None:
    """The first login of that account strikes; others do not."""
    mine, other = exchange.coinw(), exchange.coinw()
    fault = Count(mine)
    with (
        exchange.faults.add(fault),
        coinw_client(mine) as client,
        coinw_client(other) as another,
    ):
        assert another.ask(login(other))["data"]["result"] is True
        assert fault.count == 0
        for _ in range(2):
            assert client.ask(login(mine))["data"]["result"] is True
            assert fault.count == 1


def test_only_the_kinds_that_were_named_are_withheld(
    exchange: Simulator, upbit: UpbitAccount
) -> None:
    """Only the account's own connections are affected."""
    other = exchange.upbit({"BTC": "1"})
    fault = withholds(Kind.PUSH)(upbit)
    assert isinstance(fault, Withhold)
    with (
        upbit_subscriber(upbit) as client,
        upbit_subscriber(other) as another,
        exchange.faults.add(fault),
    ):
        upbit.deposit("BTC", 1)
        other.deposit("BTC", 1)
        assert another.receive()["assets"]
        assert client.ask("PING") == {"status": "UP"}
