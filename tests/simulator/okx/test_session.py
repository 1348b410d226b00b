"""OKX's WebSocket: login, subscriptions, the text ping, errors, limits."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.runtime.loop import clock
from assetstream.simulator import Simulator
from assetstream.simulator.okx.account import OKXAccount
from tests.simulator.okx.client import (
    SUBSCRIBE,
    login,
    okx_account,
    okx_client,
    okx_subscriber,
)
from tests.support.clients import Client
from tests.support.clock import TimeMachine


@pytest.fixture
def account(exchange: Simulator) -> OKXAccount:
    """An account on the simulated OKX."""
    return okx_account(exchange)


def code(client: Client, content: Any) -> str:
    """Send, and return the code of the error that answers."""
    answer = client.ask(content)
    assert answer["event"] == "error"
    assert answer["msg"]
    return str(answer["code"])


def test_login_and_subscription_are_acknowledged(account: OKXAccount) -> None:
    """As documented; the number of connections follows, and then the snapshot."""
    with okx_client(account) as client:
        assert client.ask(login(account)) == {
            "event": "login",
            "code": "0",
            "msg": "",
            "connId": "a4d3ae55",
        }
        answer = client.ask(SUBSCRIBE)
        assert (answer["event"], answer["arg"]) == ("subscribe", SUBSCRIBE["args"][0])
        count = client.receive()
        assert (count["event"], count["connCount"]) == ("channel-conn-count", "1")
        assert client.receive()["eventType"] == "snapshot"
        account.deposit("BTC", 1)
        assert client.receive()["eventType"] == "event_update"


def test_a_login_is_good_for_half_a_minute(account: OKXAccount) -> None:
    """Either way; a time that is no whole second in 10 digits is none."""
    now = int(clock.wall())
    for time in (now - 40, now + 40):
        with okx_client(account) as client:
            assert code(client, login(account, timestamp=str(time))) == "60006"
    for odd in (f"{now}000", f"{now}.5", "now", None):
        with okx_client(account) as client:
            assert code(client, login(account, timestamp=odd)) == "60004"
    # OKX's own SDK sends a number.
    with okx_client(account) as client:
        assert client.ask(login(account, timestamp=now - 20))["event"] == "login"


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"apiKey": "nobody"}, "60032"),
        ({"passphrase": "wrong"}, "60024"),
        ({"sign": "A" * 43 + "="}, "60007"),
        ({"sign": "é"}, "60007"),
        ({"sign": None}, "60007"),
    ],
)
def test_a_wrong_login_is_named(
    account: OKXAccount, wrong: dict[str, Any], expected: str
) -> None:
    """The connection stays, and a right login works."""
    with okx_client(account) as client:
        assert code(client, login(account, **wrong)) == expected
        assert client.ask(login(account))["event"] == "login"
        assert code(client, login(account)) == "60031"  # and not twice


def test_keys_of_other_sites_addresses_and_permissions(exchange: Simulator) -> None:
    """Demo trading is another environment of the same site."""
    for expected, options in (
        ("60032", {"region": "eea"}),
        ("50101", {"region": "global-demo"}),
        ("50110", {"allowed_ips": ["203.0.113.7"]}),
    ):
        account = okx_account(exchange, **options)
        with okx_client(account) as client:
            assert code(client, login(account)) == expected
    account = okx_account(exchange, permissions=["trade"])
    with okx_client(account) as client:
        client.ask(login(account))
        assert code(client, SUBSCRIBE) == "50120"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("hello", "60012"),
        ("PING", "60012"),
        ("{", "60012"),
        ([], "60019"),
        ({"op": "dance"}, "60019"),
        ({"op": 7}, "60019"),
        ({"op": "subscribe"}, "60013"),
        ({"op": "subscribe", "args": []}, "60013"),
        ({"op": "login", "args": ["x"]}, "60013"),
        ({"op": "subscribe", "args": [{"channel": "money"}]}, "60018"),
        (SUBSCRIBE, "60011"),
        ({"op": "unsubscribe", "args": [{"channel": "account"}]}, "60011"),
    ],
)
def test_bad_requests(account: OKXAccount, content: Any, expected: str) -> None:
    """An error does not say which request it answers; the connection stays."""
    with okx_client(account) as client:
        assert code(client, content) == expected
        client.send("ping")
        assert client.raw() == "pong"


@pytest.mark.parametrize("extra", ["updateInterval=0", 5, {"updateInterval": "0"}])
def test_extra_parameters_are_json_in_a_text(account: OKXAccount, extra: Any) -> None:
    """As the documents insist."""
    argument = {"channel": "account", "extraParams": extra}
    with okx_client(account) as client:
        client.ask(login(account))
        assert code(client, {"op": "subscribe", "args": [argument]}) == "60013"


def test_another_channel_pushes_nothing_here(account: OKXAccount) -> None:
    """A subscription to it is acknowledged all the same."""
    with okx_client(account) as client:
        client.ask(login(account))
        request = {"op": "subscribe", "args": [{"channel": "orders"}]}
        assert client.ask(request)["event"] == "subscribe"
        account.deposit("BTC", 1)
        client.send("ping")
        assert client.raw() == "pong"
        assert account.subscribers == 0
        request["op"] = "unsubscribe"
        assert client.ask(request)["event"] == "unsubscribe"


def test_unsubscribing(account: OKXAccount) -> None:
    """The request is acknowledged, and pushes end."""
    with okx_subscriber(account) as client:
        request = {"op": "unsubscribe", "args": [{"channel": "account"}]}
        assert client.ask(request)["event"] == "unsubscribe"
        account.deposit("BTC", 1)
        client.send("ping")
        assert client.raw() == "pong"


def test_one_connection_too_many(exchange: Simulator) -> None:
    """The subscription is acknowledged, and then ended; the others go on."""
    account = okx_account(exchange, connections=1)
    with okx_subscriber(account) as first, okx_client(account) as second:
        second.ask(login(account))
        assert second.ask(SUBSCRIBE)["event"] == "subscribe"
        assert second.receive()["event"] == "channel-conn-count-error"
        account.deposit("BTC", 1)
        assert first.receive()["eventType"] == "event_update"
        second.send("ping")
        assert second.raw() == "pong"
        # To subscribe again on the same connection is no other one.
        assert first.ask(SUBSCRIBE)["event"] == "subscribe"
        assert first.receive()["event"] == "channel-conn-count"


def test_requests_of_a_connection_are_limited(account: OKXAccount) -> None:
    """480 an hour, logins and subscriptions together."""
    with okx_client(account) as client:
        for _ in range(480):
            client.send({"op": "subscribe", "args": []})
        for _ in range(480):
            assert client.receive()["code"] == "60013"
        assert code(client, login(account)) == "60014"


def test_silence_of_both_sides_ends_it(account: OKXAccount) -> None:
    """A push is as good as a ping; after 30 s without either comes 4004."""
    still = TimeMachine(speed=0.0).installed()
    with still as time_machine, okx_subscriber(account) as client:
        time_machine.jump(29)
        client.send("ping")
        assert client.raw() == "pong"
        time_machine.jump(29)
        account.deposit("USDT", 1)
        assert client.receive()["eventType"] == "event_update"
        (session,) = account._subscribers
        time_machine.jump(31)
        session.connection.post(lambda: None)  # it sleeps by the old time
        _, closed = client.until_closed()

    assert closed.rcvd is not None
    assert closed.rcvd.code == 4004
