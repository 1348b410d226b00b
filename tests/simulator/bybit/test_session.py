"""Bybit's WebSocket: login, time window, subscriptions, pushes, errors."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.simulator import Simulator
from assetstream.simulator.bybit.account import BybitAccount
from tests.simulator.bybit.clients import PING, SUBSCRIBE, auth, bybit_subscriber
from tests.support.clients import client_of
from tests.support.clock import TimeMachine


def test_login_and_subscription_are_acknowledged(bybit: BybitAccount) -> None:
    """No snapshot follows; a second subscription doubles nothing."""
    with client_of(bybit.ws_url) as client:
        login = client.ask(auth(bybit))
        assert (login["op"], login["success"], login["retCode"]) == ("auth", True, 0)
        assert client.ask(SUBSCRIBE)["op"] == "subscribe"
        assert client.ask(SUBSCRIBE)["success"] is True
        assert client.ask(PING)["op"] == "pong"
        bybit.deposit("BTC", 1)
        push = client.receive()
        assert push["data"][0]["coin"][0]["walletBalance"] == "1.5"
        assert client.ask(PING)["op"] == "pong"  # and not the same push again


def test_answers_may_have_the_older_form(exchange: Simulator) -> None:
    """coded=False: words, and no code."""
    account = exchange.open("bybit", coded=False)
    assert isinstance(account, BybitAccount)
    with client_of(account.ws_url) as client:
        refused = client.ask(auth(account, secret="x" * 36))
        assert refused == {
            "success": False,
            "ret_msg": "Invalid sign",
            "op": "auth",
            "conn_id": refused["conn_id"],
        }
        assert client.ask(auth(account))["ret_msg"] == ""


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"key": "nobody"}, 10003),
        ({"secret": "x" * 36}, 10004),
        # It must expire in the future.
        ({"late": 0}, 10002),
        ({"late": 1}, 10002),
    ],
)
def test_a_login_is_refused(
    bybit: BybitAccount, wrong: dict[str, Any], code: int
) -> None:
    """The connection stays, and a right login works."""
    with client_of(bybit.ws_url) as client:
        answer = client.ask(auth(bybit, **wrong))
        assert (answer["success"], answer["retCode"]) == (False, code)
        assert client.ask(auth(bybit))["success"] is True


def test_a_login_is_good_until_it_expires(bybit: BybitAccount) -> None:
    """A millisecond before it is the last moment."""
    with client_of(bybit.ws_url) as client:
        assert client.ask(auth(bybit, late=-1))["success"] is True


@pytest.mark.parametrize(
    "args",
    [[], ["k"], ["k", "1690872862481", "s"], ["k", 1.5, "s"], ["k", 1, 2], [1, 1, "s"]],
)
def test_a_login_of_another_form_is_refused(bybit: BybitAccount, args: Any) -> None:
    """Key, whole number and signature, in this order."""
    with client_of(bybit.ws_url) as client:
        assert client.ask({"op": "auth", "args": args})["retCode"] == 10001


def test_an_address_that_is_not_listed(exchange: Simulator) -> None:
    """A good key with a wrong address cannot log in."""
    account = exchange.open("bybit", allowed_ips=["203.0.113.7"])
    assert isinstance(account, BybitAccount)
    with client_of(account.ws_url) as client:
        assert client.ask(auth(account))["retCode"] == 10010


def test_subscribing_before_the_login_is_refused(bybit: BybitAccount) -> None:
    """Private topics are for those who have logged in."""
    with client_of(bybit.ws_url) as client:
        for operation in ("subscribe", "unsubscribe"):
            answer = client.ask({"op": operation, "args": ["wallet"]})
            assert (answer["op"], answer["retCode"]) == (operation, 10007)
    assert bybit.subscribers == 0


@pytest.mark.parametrize("args", [[], ["money"], ["wallet", "money"], [7]])
def test_unknown_topics_are_refused(bybit: BybitAccount, args: Any) -> None:
    """One of them is enough."""
    with client_of(bybit.ws_url) as client:
        client.ask(auth(bybit))
        answer = client.ask({"op": "subscribe", "args": args})
    assert (answer["success"], answer["retCode"]) == (False, 10001)


@pytest.mark.parametrize(
    "content", ["hello", [], {"op": 7}, {"op": "AUTH"}, {"op": "auth", "args": {}}]
)
def test_requests_that_are_none(bybit: BybitAccount, content: Any) -> None:
    """The connection stays open."""
    with client_of(bybit.ws_url) as client:
        assert client.ask(content)["retCode"] == 10001
        assert client.ask(PING)["op"] == "pong"


def test_unsubscribing(bybit: BybitAccount) -> None:
    """The end is acknowledged, and pushes end; other topics end nothing."""
    with bybit_subscriber(bybit) as client:
        client.ask({"op": "unsubscribe", "args": ["order"]})
        assert bybit.subscribers == 1
        assert client.ask({"op": "unsubscribe", "args": ["wallet"]})["success"] is True
        bybit.deposit("BTC", 1)
        assert client.ask(PING)["op"] == "pong"
        assert client.ask({"op": "subscribe", "args": ["order"]})["success"] is True
        assert bybit.subscribers == 0


def test_a_ping_or_a_push_keeps_it_alive(
    bybit: BybitAccount, still: TimeMachine
) -> None:
    """Without either the connection is dropped."""
    with bybit_subscriber(bybit) as client:
        still.jump(59)
        assert client.ask(PING)["op"] == "pong"
        still.jump(59)
        bybit.deposit("USDT", 1)
        assert client.receive()["topic"] == "wallet"
        still.jump(59)
        assert client.ask(PING)["op"] == "pong"
        still.jump(61)
        _, closed = client.until_closed()
    assert closed.rcvd is None
