"""Gate's WebSocket: signed subscriptions, time window, pushes, pings, errors."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.simulator import Simulator
from assetstream.simulator.gate.account import GateAccount
from tests.simulator.gate.clients import gate_subscriber, ping, seconds, subscription
from tests.support.clients import client_of
from tests.support.clock import TimeMachine


def test_a_subscription_is_acknowledged(gate: GateAccount) -> None:
    """No snapshot follows; a second subscription doubles nothing."""
    with client_of(gate.ws_url) as client:
        for _ in range(2):
            ack = client.ask(subscription(gate))
            assert (ack["channel"], ack["event"]) == ("spot.balances", "subscribe")
            assert (ack["error"], ack["result"]) == (None, {"status": "success"})
        gate.deposit("BTC", 1)
        (change,) = client.receive()["result"]
        assert change["available"] == "1.5"
        assert client.ask(ping())["channel"] == "spot.pong"  # not the push again


@pytest.mark.parametrize(
    ("wrong", "label"),
    [
        ({"key": "0" * 32}, "INVALID_KEY"),
        ({"secret": "0" * 64}, "INVALID_SIGNATURE"),
        ({"SIGN": None}, "INVALID_SIGNATURE"),
        ({"method": "jwt"}, "INVALID_SIGNATURE"),
        ({"late": 62}, "REQUEST_EXPIRED"),
        ({"late": -62}, "REQUEST_EXPIRED"),
        # The time is looked at first.
        ({"late": 62, "key": "0" * 32}, "REQUEST_EXPIRED"),
    ],
)
def test_a_subscription_is_refused(
    gate: GateAccount, wrong: dict[str, Any], label: str
) -> None:
    """By code 4 and a label in its words. The connection stays; a right one works."""
    with client_of(gate.ws_url) as client:
        refused = client.ask(subscription(gate, **wrong))
        assert refused["error"]["code"] == 4
        assert f'"label":"{label}"' in refused["error"]["message"]
        assert refused["result"] == {"status": "fail"}
        assert client.ask(subscription(gate, late=58))["error"] is None


@pytest.mark.parametrize(
    ("options", "label"),
    [
        ({"allowed_ips": ["203.0.113.7"]}, "IP_FORBIDDEN"),
        ({"permissions": ["trade"]}, "FORBIDDEN"),
        ({"region": "testnet"}, "INVALID_KEY"),
    ],
)
def test_keys_of_elsewhere(
    exchange: Simulator, options: dict[str, Any], label: str
) -> None:
    """Address, permission and network are the key's."""
    account = exchange.open("gate", **options)
    assert isinstance(account, GateAccount)
    with client_of(account.ws_url) as client:
        refused = client.ask(subscription(account))
    assert label in refused["error"]["message"]
    assert account.subscribers == 0


def test_the_test_network_is_played() -> None:
    """Keys of it are good there, and others are not."""
    with Simulator(region="testnet") as exchange:
        for region, good in (("testnet", True), ("global", False)):
            account = exchange.open("gate", region=region)
            assert isinstance(account, GateAccount)
            with client_of(account.ws_url) as client:
                assert (client.ask(subscription(account))["error"] is None) is good


@pytest.mark.parametrize(
    ("content", "code", "channel"),
    [
        ("hello", 1, ""),
        ([], 1, ""),
        ({"channel": "spot.ping"}, 1, ""),
        ({"time": "1", "channel": "spot.ping"}, 1, ""),
        ({"time": 1, "channel": "spot.gossip", "event": "subscribe"}, 2, "spot.gossip"),
        ({"time": 1, "channel": "spot.balances", "event": "x"}, 2, "spot.balances"),
        ({"time": 1, "channel": "spot.balances"}, 2, "spot.balances"),
    ],
)
def test_what_is_not_understood(
    gate: GateAccount, content: Any, code: int, channel: str
) -> None:
    """The connection stays open."""
    with client_of(gate.ws_url) as client:
        refused = client.ask(content)
        assert (refused["error"]["code"], refused["channel"]) == (code, channel)
        assert client.ask(ping())["channel"] == "spot.pong"


@pytest.mark.parametrize("proof", [None, [], "x"])
def test_a_subscription_without_a_proof(gate: GateAccount, proof: Any) -> None:
    """No key is an unknown key."""
    request = {**subscription(gate), "auth": proof}
    with client_of(gate.ws_url) as client:
        assert "INVALID_KEY" in client.ask(request)["error"]["message"]


def test_unsubscribing(gate: GateAccount) -> None:
    """It is acknowledged, and pushes end."""
    request = {"channel": "spot.balances", "event": "unsubscribe"}
    with gate_subscriber(gate) as client:
        assert client.ask({"time": seconds(), **request})["event"] == "unsubscribe"
        gate.deposit("BTC", 1)
        assert client.ask(ping())["channel"] == "spot.pong"


def test_another_key_takes_the_connection_over(
    exchange: Simulator, gate: GateAccount
) -> None:
    """Nothing of the first account is pushed any more."""
    other = exchange.open("gate", {"ETH": "1"})
    assert isinstance(other, GateAccount)
    with gate_subscriber(gate) as client:
        client.ask(subscription(other))
        assert (gate.subscribers, other.subscribers) == (0, 1)


def test_a_connection_without_a_subscription_is_dropped(gate: GateAccount) -> None:
    """After half a minute, whatever it says; one with a subscription is not."""
    still = TimeMachine(speed=0.0).installed()
    with (
        still as time_machine,
        client_of(gate.ws_url) as client,
        gate_subscriber(gate) as subscriber,
    ):
        time_machine.jump(29)
        assert client.ask(ping())["channel"] == "spot.pong"
        time_machine.jump(2)
        client.send(ping())  # which also has the simulator look at the clock
        _, closed = client.until_closed()
        assert subscriber.ask(ping())["channel"] == "spot.pong"
        # Neither push nor silence: only its own messages keep it.
        time_machine.jump(61)
        gate.deposit("BTC", 1)
        subscriber.until_closed()
    assert closed.rcvd is None
