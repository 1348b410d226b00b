"""CoinW's WebSocket: login, subscriptions, pushes, errors."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.simulator import CoinWAccount, Simulator
from tests.support.clients import (
    SUB,
    UNSUB,
    coinw_client,
    coinw_subscriber,
    login,
)
from tests.support.clock import TimeMachine

PING = {"event": "ping"}
PONG = {"event": "pong"}


def failure(code: int) -> Any:
    """Expect an error with any message."""

    class Failure:
        def __eq__(self, other: object) -> bool:
            return (
                isinstance(other, dict)
                and other["result"] is False
                and other["errorCode"] == code
                and bool(other["errorMsg"])
            )

    return Failure()


def test_login_and_subscription_are_acknowledged(coinw: CoinWAccount) -> None:
    """The acknowledgements are the documents'; a second one is given, too."""
    ack = {
        "biz": "exchange",
        "data": {"result": True},
        "channel": "subscribe",
        "type": "assets",
    }
    with coinw_client(coinw) as client:
        assert client.ask(login(coinw)) == {
            "data": {"result": True},
            "channel": "login",
        }
        assert client.ask(SUB) == ack
        assert client.ask(SUB) == ack
        coinw.deposit("BTC", 1)
        assert client.receive()["data"]["available"] == "1.5"
        assert client.ask(PING) == PONG  # and not the same push again


@pytest.mark.parametrize(
    "credentials",
    [
        {"api_key": "nobody", "passphrase": "x"},
        {"api_key": "nobody"},
        {},
    ],
)
def test_a_login_fails_with_1003(coinw: CoinWAccount, credentials: Any) -> None:
    """After an unknown key the connection stays, and a right login works."""
    with coinw_client(coinw) as client:
        answer = client.ask({"event": "login", "params": credentials})
        assert answer == {"data": failure(1003), "channel": "login"}
        assert client.ask(login(coinw, secret="x" * 48))["data"] == failure(1003)
        assert client.ask(login(coinw))["data"] == {"result": True}


def test_address_and_permission(exchange: Simulator) -> None:
    """A good key with a wrong address or permission cannot log in."""
    for account in (
        exchange.coinw(allowed_ips=["203.0.113.7"]),
        exchange.coinw(permissions=["order"]),
    ):
        with coinw_client(account) as client:
            assert client.ask(login(account))["data"] == failure(1003)


def test_subscribing_before_the_login_is_refused(coinw: CoinWAccount) -> None:
    """The refusal is 1003, with the fields of the request."""
    with coinw_client(coinw) as client:
        assert client.ask(SUB) == {
            "biz": "exchange",
            "data": failure(1003),
            "channel": "subscribe",
            "type": "assets",
        }
    assert coinw.subscribers == 0


@pytest.mark.parametrize(
    "params",
    [{"biz": "exchange", "type": "money"}, {"biz": "EXCHANGE", "type": "assets"}],
)
def test_unknown_channels_are_1007(coinw: CoinWAccount, params: Any) -> None:
    """The answer repeats an unknown type or biz."""
    with coinw_client(coinw) as client:
        client.ask(login(coinw))
        answer = client.ask({"event": "sub", "params": params})
    assert answer == {**params, "data": failure(1007), "channel": "subscribe"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("hello", 1001),
        ("ping", 1001),
        ({"event": "SUB", "params": SUB["params"]}, 500),
        ({"event": "sub"}, 500),
        ({"event": "sub", "params": []}, 500),
        ([], 500),
        ({"event": 7}, 500),
    ],
)
def test_bare_errors(coinw: CoinWAccount, content: Any, code: int) -> None:
    """The answer to an unreadable message cannot be matched to a request."""
    with coinw_client(coinw) as client:
        assert client.ask(content) == failure(code)
        assert client.ask(PING) == PONG  # the connection stays open


def test_unsubscribing(coinw: CoinWAccount) -> None:
    """The acknowledgement comes on channel "unsub", and pushes end."""
    with coinw_subscriber(coinw) as client:
        assert client.ask(UNSUB) == {
            "biz": "exchange",
            "data": {"result": True},
            "channel": "unsub",
            "type": "assets",
        }
        coinw.deposit("BTC", 1)
        assert client.ask(PING) == PONG


def test_unsubscribing_may_stay_unanswered(exchange: Simulator) -> None:
    """silent_unsub=True: no acknowledgement, and no pushes."""
    coinw = exchange.coinw(silent_unsub=True)
    with coinw_subscriber(coinw) as client:
        client.send(UNSUB)
        coinw.wait_for_subscribers(0)
        assert client.ask(PING) == PONG


def test_only_the_client_s_messages_keep_it_alive(coinw: CoinWAccount) -> None:
    """Without a ping the connection is dropped, whatever is pushed."""
    still = TimeMachine(speed=0.0).installed()
    with still as time_machine, coinw_subscriber(coinw) as client:
        time_machine.jump(59)
        assert client.ask(PING) == PONG
        time_machine.jump(59)
        coinw.deposit("USDT", 1)
        assert client.receive()["type"] == "assets"
        time_machine.jump(2)
        coinw.deposit("USDT", 1)
        _, closed = client.until_closed()
    assert closed.rcvd is None
