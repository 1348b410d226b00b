"""Bithumb's WebSocket: silence for an answer, formats, errors."""

from __future__ import annotations

from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedOK

from assetstream.simulator import Simulator
from assetstream.simulator.bithumb.account import BithumbAccount
from tests.simulator.bithumb.clients import SUBSCRIBE, client, subscriber
from tests.support.event_recorder import PATIENCE


def test_nothing_is_acknowledged(bithumb: BithumbAccount) -> None:
    """The first frame after a subscription is the first change."""
    with subscriber(bithumb) as subscribed:
        bithumb.deposit("BTC", "0.25")
        assert subscribed.receive()["assets"][0]["currency"] == "BTC"


def test_a_subscription_replaces_the_one_before(bithumb: BithumbAccount) -> None:
    """Subscribing to orders alone ends the balances."""
    with subscriber(bithumb) as subscribed:
        subscribed.send([{"ticket": "t"}, {"type": "myOrder"}])
        bithumb.wait_for_subscribers(0)


def test_an_unknown_format_is_ignored(bithumb: BithumbAccount) -> None:
    """As measured at the public socket."""
    with subscriber(bithumb, "XML") as subscribed:
        bithumb.deposit("BTC", 1)
        assert subscribed.receive()["type"] == "myAsset"


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("hello", "WRONG_FORMAT"),
        ({"ticket": "t"}, "WRONG_FORMAT"),
        ([{"ticket": "t"}], "WRONG_FORMAT"),
        ([{"ticket": "t"}, {"method": "LIST_SUBSCRIPTIONS"}], "WRONG_FORMAT"),
        ([{"type": "myAsset"}], "NO_TICKET"),
        ([{"ticket": "t"}, {"type": "nope"}], "INVALID_PARAM"),
        ([{"ticket": "t"}, {"type": ["myAsset"]}], "INVALID_PARAM"),
    ],
)
def test_errors_are_followed_by_a_normal_close(
    bithumb: BithumbAccount, request_: Any, name: str
) -> None:
    """Close code 1000 follows, as measured at the public socket."""
    with client(bithumb) as connected:
        assert connected.ask(request_)["error"]["name"] == name
        with pytest.raises(ConnectionClosedOK) as closed:
            connected.raw()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000


def test_a_refused_subscription_is_told_before_the_pong(
    bithumb: BithumbAccount, exchange: Simulator
) -> None:
    """So a pong proves that the subscription was not refused."""
    with exchange.fault("subscribe_refused"), client(bithumb) as connected:
        connected.send(SUBSCRIBE)
        assert connected.connection.ping().wait(PATIENCE)
        assert connected.receive()["error"]["name"] == "INVALID_PARAM"

    assert not bithumb.subscribers


def test_ping_starts_a_cycle_of_up_on_the_servers_clock() -> None:
    """The first answer takes its time, too: it proves no subscription."""
    with Simulator(status_interval=0.05) as exchange:
        account = exchange.open("bithumb")
        assert isinstance(account, BithumbAccount)
        with client(account) as connected:
            connected.send("PING")
            connected.send("PING")
            assert [connected.receive() for _ in range(3)] == [{"status": "UP"}] * 3
