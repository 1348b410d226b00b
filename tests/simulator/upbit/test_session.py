"""Upbit's WebSocket: pushes, formats, questions, errors."""

from __future__ import annotations

from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedOK

from assetstream.simulator import Simulator, UpbitAccount
from tests.support.clients import upbit_client, upbit_subscriber
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE

SUBSCRIBE = [{"ticket": "t"}, {"type": "myAsset"}]
LIST = [{"ticket": "t"}, {"method": "LIST_SUBSCRIPTIONS"}]


def test_there_is_no_snapshot(upbit: UpbitAccount) -> None:
    """The first frame after a subscription is the first change."""
    with upbit_subscriber(upbit) as client:
        upbit.deposit("BTC", "0.25")
        assert client.receive()["assets"][0]["currency"] == "BTC"


@pytest.mark.parametrize("form", ["DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"])
def test_formats(upbit: UpbitAccount, form: str) -> None:
    """SIMPLE has short keys, the list formats an array."""
    with upbit_subscriber(upbit, form) as client:
        upbit.deposit("BTC", "0.25")
        frame = client.receive()

    assert isinstance(frame, list) is ("LIST" in form)
    item = frame[0] if isinstance(frame, list) else frame
    if "SIMPLE" in form:
        assert item["ty"] == "myAsset"
        assert item["ast"] == [{"cu": "BTC", "b": "0.75", "l": 0}]
        assert set(item) == {"ty", "astuid", "ast", "asttms", "tms", "st"}
    else:
        assert item["assets"] == [{"currency": "BTC", "balance": "0.75", "locked": 0}]


def test_list_subscriptions(upbit: UpbitAccount) -> None:
    """The answer lists the subscriptions in its own format."""
    with upbit_client(upbit) as client:
        empty = {"method": "LIST_SUBSCRIPTIONS", "result": [], "ticket": "t"}
        assert client.ask(LIST) == empty
        client.send([*SUBSCRIBE, {"type": "myOrder", "codes": ["SGD-BTC"]}])
        assert client.ask(LIST)["result"] == [
            {"type": "myAsset"},
            {"type": "myOrder", "codes": ["SGD-BTC"]},
        ]
        assert client.ask([*LIST, {"format": "SIMPLE_LIST"}]) == [
            {
                "mthd": "LIST_SUBSCRIPTIONS",
                "rslt": [{"ty": "myAsset"}, {"ty": "myOrder", "cds": ["SGD-BTC"]}],
                "tckt": "t",
            }
        ]


def test_list_subscriptions_changes_the_stream_s_format(upbit: UpbitAccount) -> None:
    """LIST without a format sets the stream to DEFAULT."""
    with upbit_subscriber(upbit, "SIMPLE_LIST") as client:
        client.ask(LIST)
        upbit.deposit("BTC", 1)
        assert client.receive()["type"] == "myAsset"


def test_a_subscription_replaces_the_one_before(upbit: UpbitAccount) -> None:
    """Subscribing to orders alone ends the balances."""
    with upbit_subscriber(upbit) as client:
        client.send([{"ticket": "t"}, {"type": "myOrder"}])
        upbit.wait_for_subscribers(0)
        upbit.deposit("BTC", 1)
        assert client.ask(LIST)["result"] == [{"type": "myOrder"}]


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("hello", "WRONG_FORMAT"),
        ({"ticket": "t"}, "WRONG_FORMAT"),
        (["ticket"], "WRONG_FORMAT"),
        ([{"ticket": "t"}, {"type": "myAsset", "codes": ["SGD-BTC"]}], "WRONG_FORMAT"),
        ([{"type": "myAsset"}], "NO_TICKET"),
        ([{"ticket": "t"}], "NO_TYPE"),
        ([{"ticket": "t"}, {"format": "SIMPLE"}], "NO_TYPE"),
        ([{"ticket": "t"}, {"type": "ticker"}], "NO_CODES"),
        ([{"ticket": "t"}, {"type": "myMoney"}], "INVALID_PARAM"),
        ([*SUBSCRIBE, {"format": "XML"}], "INVALID_PARAM"),
        ([{"ticket": "t"}, {"method": "LIST"}], "INVALID_PARAM"),
    ],
)
def test_errors_are_followed_by_a_normal_close(
    upbit: UpbitAccount, request_: Any, name: str
) -> None:
    """Close code 1000 follows, as measured at the real one."""
    with upbit_client(upbit) as client:
        error = client.ask(request_)["error"]
        assert error["name"] == name
        assert error["message"]
        with pytest.raises(ConnectionClosedOK) as closed:
            client.raw()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000


def test_messages_are_limited(upbit: UpbitAccount) -> None:
    """The sixth request within a second is refused; PING does not count."""
    with upbit_client(upbit) as client:
        for _ in range(5):
            assert "result" in client.ask(LIST)
        client.send("PING")
        assert client.receive() == {"status": "UP"}
        assert client.ask(LIST)["error"]["name"] == "TOO_MANY_REQUEST"


def test_ping_starts_a_cycle_of_up() -> None:
    """One text PING is answered by UP again and again."""
    with (
        Simulator(status_interval=0.05) as exchange,
        upbit_client(exchange.upbit()) as client,
    ):
        client.send("PING")
        assert [client.receive() for _ in range(3)] == [{"status": "UP"}] * 3


def test_protocol_pings_are_answered(exchange: Simulator, upbit: UpbitAccount) -> None:
    """A pong comes, and the ping is counted."""
    with upbit_client(upbit) as client:
        assert client.connection.ping().wait(PATIENCE)
        assert exchange.seen.pings >= 1
        assert upbit.seen.pings >= 1


def test_a_silent_connection_is_dropped_without_a_close_frame(
    upbit: UpbitAccount, time_machine: TimeMachine
) -> None:
    """The client sees 1006."""
    with upbit_subscriber(upbit) as client:
        (session,) = upbit._subscribers
        time_machine.jump(61)
        session.connection.post(lambda: None)  # it sleeps by the old time
        frames, closed = client.until_closed()
    assert frames == []
    assert closed.rcvd is None
