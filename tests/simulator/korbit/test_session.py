"""Korbit's WebSocket: answers, accounts, pings, errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assetstream.simulator import Simulator
from assetstream.simulator.korbit.account import KorbitAccount
from tests.simulator.korbit.clients import SUBSCRIBE, client, signed, subscriber
from tests.support.clock import TimeMachine
from tests.support.fault_cases import ended
from tests.support.raw_client import TEXT, RawClient, frame

PONG = 0xA
UNSUBSCRIBE = {**SUBSCRIBE, "method": "unsubscribe"}
GOOD = {"status": "success", "requestId": 7}


def test_a_subscription_is_acknowledged(korbit: KorbitAccount) -> None:
    """No snapshot follows; it can be ended."""
    with subscriber(korbit) as subscribed:
        korbit.deposit("BTC", 1)
        assert subscribed.receive()["channelType"] == "myAsset"
        assert subscribed.ask([UNSUBSCRIBE]) == GOOD
        assert not korbit.subscribers


def test_a_request_without_a_number_is_not_acknowledged(korbit: KorbitAccount) -> None:
    """It is carried out; several stand in one list, and each is answered."""
    bare = {"method": "subscribe", "type": "myAsset"}
    with client(korbit) as connected:
        orders = {**SUBSCRIBE, "type": "myOrder"}
        assert connected.ask([bare, orders]) == GOOD
        assert korbit.subscribers == 1


def test_another_account_pushes_nothing_of_this(korbit: KorbitAccount) -> None:
    """The main account is number 1."""
    with client(korbit) as connected:
        assert connected.ask([{**SUBSCRIBE, "accountSeqs": [2]}]) == GOOD
        assert not korbit.subscribers


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("hello", {"message": "invalid_format"}),
        (SUBSCRIBE, {"message": "invalid_format"}),
        (["x"], {"message": "invalid_format"}),
        (
            [{**SUBSCRIBE, "type": "nope"}],
            {"code": "INVALID_REQUEST", "message": "unknown_type", "requestId": 7},
        ),
        (
            [{"method": "dance", "type": "myAsset"}],
            {"code": "INVALID_REQUEST", "message": "unknown_method"},
        ),
        (
            [{"method": "subscribe", "type": "myAsset", "accountSeqs": 1}],
            {"code": "INVALID_REQUEST", "message": "invalid_accountSeqs"},
        ),
        (
            [{"method": "subscribe", "type": "myAsset", "accountSeqs": ["1"]}],
            {"code": "INVALID_REQUEST", "message": "invalid_accountSeqs"},
        ),
    ],
)
def test_a_bad_request_is_refused(
    korbit: KorbitAccount, request_: Any, answer: dict[str, Any]
) -> None:
    """The connection stays, as measured at the public socket."""
    with client(korbit) as connected:
        assert connected.ask(request_) == {"status": "fail", **answer}
        assert connected.ask([SUBSCRIBE]) == GOOD


def test_a_fault_refuses_subscriptions(
    exchange: Simulator, korbit: KorbitAccount
) -> None:
    """In Korbit's form."""
    with exchange.fault("subscribe_refused"), client(korbit) as connected:
        assert connected.ask([SUBSCRIBE])["code"] == "INVALID_REQUEST"
    assert not korbit.subscribers


def test_g19_pings_must_be_answered_with_their_payload(
    korbit: KorbitAccount, still: TimeMachine
) -> None:
    """A client that does lives, whether or not it says anything else."""
    with subscriber(korbit) as subscribed:
        for _ in range(6):
            still.jump(30)
            # Its answer has passed the ping, and so has the pong.
            assert subscribed.ask([SUBSCRIBE]) == GOOD
            assert subscribed.ask([SUBSCRIBE]) == GOOD
        assert korbit.subscribers == 1


def test_g19_a_client_that_answers_otherwise_is_dropped(
    korbit: KorbitAccount, still: TimeMachine
) -> None:
    """A pong of its own counts for nothing, nor does any request."""
    query, headers = signed(korbit)
    client = RawClient(korbit.ws_url)
    client.path += f"?{query}"
    request = frame(TEXT, json.dumps([SUBSCRIBE]).encode())
    try:
        client.upgrade(headers)
        client.sock.sendall(request)
        client.until(b"success")
        still.jump(30)
        # Whatever comes has the server look at its clock.
        client.sock.sendall(request)
        client.until(b"\x89\x04ping")
        client.sock.sendall(frame(PONG, b"another") + frame(PONG, b"") + request)
        client.until(b"success")
        still.jump(31)
        client.sock.sendall(request)
        assert ended(client)
    finally:
        client.sock.close()
