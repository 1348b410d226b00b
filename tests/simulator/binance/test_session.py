"""Binance's WebSocket API: signed subscriptions, windows, pings, errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assetstream import AssetStream, State
from assetstream.simulator import Simulator
from assetstream.simulator.binance.account import BinanceAccount
from tests.simulator.binance.clients import PING, binance_subscriber, subscription
from tests.support.clients import client_of
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE
from tests.support.fault_cases import ended
from tests.support.raw_client import TEXT, RawClient, frame

PONG = 0xA
ANSWERED = b'"status":200'
#: The beginning of a ping of Binance's, whose payload has 13 digits.
PING_FRAME = b"\x89\x0d"
UNSUBSCRIBE = {"id": 2, "method": "userDataStream.unsubscribe"}
LIST = {"id": None, "method": "session.subscriptions"}


def test_a_subscription_is_acknowledged(binance: BinanceAccount) -> None:
    """No snapshot follows; a second subscription is refused, and the first stays."""
    with client_of(binance.ws_url) as client:
        assert client.ask(LIST)["result"] == []
        ack = client.ask(subscription(binance))
        assert (ack["id"], ack["status"]) == ("a", 200)
        assert ack["result"] == {"subscriptionId": 0}
        assert client.ask(subscription(binance))["error"]["code"] == -2035
        assert client.ask(LIST)["result"] == [{"subscriptionId": 0}]
        binance.place_order(pay="BTC", amount="0.1", receive="USDT")
        assert client.receive()["event"]["e"] == "outboundAccountPosition"
        assert client.ask(PING) == {"id": 1, "status": 200, "result": {}, **REST}


REST: dict[str, Any] = {"rateLimits": []}


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"key": "x" * 64}, 401, -2015),
        ({"key": "short"}, 401, -2014),
        ({"key": "?" * 64}, 401, -2014),
        ({"secret": "x" * 64}, 400, -1022),
        ({"signature": "0" * 64}, 400, -1022),
        ({"signature": None}, 400, -1102),
        ({"timestamp": None}, 400, -1102),
        ({"timestamp": "1645423376532"}, 400, -1102),
        ({"apiKey": 7}, 400, -1102),
        ({"colour": "red"}, 400, -1102),
        ({"window": 60_001}, 400, -1131),
        # 5 s behind, and not a whole one ahead.
        ({"late": 5001}, 400, -1021),
        ({"late": -1000}, 400, -1021),
        ({"late": 9000, "window": 8000}, 400, -1021),
        # Signed parameters are signed whatever they are.
        ({"recvWindow": 9000}, 400, -1022),
    ],
)
def test_a_subscription_is_refused(
    binance: BinanceAccount, wrong: dict[str, Any], status: int, code: int
) -> None:
    """The connection stays; a right one works."""
    with client_of(binance.ws_url) as client:
        refused = client.ask(subscription(binance, **wrong))
        assert (refused["status"], refused["error"]["code"]) == (status, code)
        for right in ({"late": 5000}, {"late": -999}, {"late": 9000, "window": 9000}):
            assert client.ask(subscription(binance, **right))["status"] == 200
            client.ask(UNSUBSCRIBE), client.receive()


@pytest.mark.parametrize(
    "options",
    [
        {"allowed_ips": ["203.0.113.7"]},
        {"permissions": ["trade"]},
        {"region": "testnet"},
    ],
)
def test_keys_of_elsewhere(exchange: Simulator, options: dict[str, Any]) -> None:
    """Key, address and permission are not told apart."""
    account = exchange.open("binance", **options)
    assert isinstance(account, BinanceAccount)
    with client_of(account.ws_url) as client:
        assert client.ask(subscription(account))["error"]["code"] == -2015
    assert account.subscribers == 0


def test_the_testnet_is_played() -> None:
    """Keys of it are good there, and others are not."""
    with Simulator(region="testnet") as exchange:
        for region, status in (("testnet", 200), ("global", 401)):
            account = exchange.open("binance", region=region)
            assert isinstance(account, BinanceAccount)
            with client_of(account.ws_url) as client:
                assert client.ask(subscription(account))["status"] == status


def test_ed25519_keys(exchange: Simulator) -> None:
    """Only by its own key, and never by HMAC."""
    account = exchange.open("binance", ed25519=True)
    other = exchange.open("binance", ed25519=True)
    assert isinstance(account, BinanceAccount)
    with client_of(account.ws_url) as client:
        for wrong in (
            {"secret": other.secret_key},
            {"secret": "x" * 64},
            {"signature": "?"},
        ):
            refused = client.ask(subscription(account, **wrong))  # type: ignore[arg-type]
            assert refused["error"]["code"] == -1022
        assert client.ask(subscription(account))["status"] == 200


def test_a_signature_may_be_in_capitals(binance: BinanceAccount) -> None:
    """Its digits are hexadecimal in either case."""
    request = subscription(binance)
    request["params"]["signature"] = request["params"]["signature"].upper()
    with client_of(binance.ws_url) as client:
        assert client.ask(request)["status"] == 200


@pytest.mark.parametrize(
    ("content", "code", "identifier"),
    [
        ("hello", -1100, None),
        ([], -1100, None),
        ({"id": 3}, -1100, 3),
        ({"id": 3, "method": 7}, -1020, 3),
        ({"id": 3, "method": "userDataStream.start"}, -1020, 3),
        ({"id": [], "method": "ping"}, -1020, None),
        ({"id": 3, "method": "ping", "params": []}, -1102, 3),
        ({"id": 3, "method": "userDataStream.unsubscribe"}, -2036, 3),
    ],
)
def test_what_is_not_understood(
    binance: BinanceAccount, content: Any, code: int, identifier: Any
) -> None:
    """The listen keys of old are gone; the connection stays open."""
    with client_of(binance.ws_url) as client:
        refused = client.ask(content)
        assert (refused["error"]["code"], refused["id"]) == (code, identifier)
        assert client.ask(PING)["status"] == 200


def test_unsubscribing(binance: BinanceAccount) -> None:
    """It is told by an event and acknowledged; the next subscription has a number."""
    with binance_subscriber(binance) as client:
        assert client.ask(UNSUBSCRIBE)["event"]["e"] == "eventStreamTerminated"
        assert client.receive()["id"] == 2
        binance.deposit("BTC", 1)
        assert client.ask(subscription(binance))["result"] == {"subscriptionId": 1}
        binance.place_order(pay="BTC", amount="0.1", receive="USDT")
        assert client.receive()["subscriptionId"] == 1


def test_g19_pings_must_be_answered_with_their_payload(
    binance: BinanceAccount, exchange: Simulator, still: TimeMachine
) -> None:
    """A client that does lives, whether or not it says anything else."""
    with binance_subscriber(binance) as client:
        for _ in range(6):
            still.jump(20)
            # Its answer has passed the ping, and so has the pong.
            assert client.ask(PING)["status"] == 200
            assert client.ask(PING)["status"] == 200
        assert binance.subscribers == 1


def test_g19_a_client_that_answers_otherwise_is_dropped(
    binance: BinanceAccount, still: TimeMachine
) -> None:
    """A pong of its own counts for nothing, nor does any request."""
    client = RawClient(binance.ws_url)
    try:
        client.upgrade()
        request = frame(TEXT, json.dumps(PING).encode())
        client.sock.sendall(request)
        client.until(ANSWERED)
        still.jump(20)
        # Whatever comes has the server look at its clock.
        client.sock.sendall(request)
        client.until(PING_FRAME)
        client.sock.sendall(frame(PONG, b"another") + frame(PONG, b"") + request)
        client.until(ANSWERED)
        still.jump(41)
        client.sock.sendall(request)
        assert ended(client)
    finally:
        client.sock.close()


@pytest.mark.usefixtures("no_rate_limits")
def test_g19_a_stream_answers_them(exchange: Simulator, still: TimeMachine) -> None:
    """Its connection outlives many of them, whether or not anything is pushed."""
    account = exchange.open("binance", {"BTC": "1"})
    with AssetStream(account.exchange()) as stream:
        for minute in range(4):
            before = account.seen.pings
            still.jump(20, stream)
            # Its own ping is on the way, and has the server look at its clock.
            exchange.wait_for(
                lambda _, count=before: account.seen.pings > count, PATIENCE
            )
            account.deposit("BTC", 1)
            stream.wait_until(
                lambda b, held=minute + 2: b["BTC"].available == held, PATIENCE
            )
        assert stream.state is State.LIVE
        assert account.seen.connections == 1
