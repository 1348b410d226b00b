"""One connection with CoinW: login, subscription, refusals, heartbeats."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)
from assetstream.protocol import Alive, Conversation, Fail, Ready, Warn
from tests.support.specs import (
    KEY,
    NONCE,
    SECRET,
    at,
    frame,
    kinds,
    make_coinw,
    opened,
    ready,
    sample,
    sent,
)

LOGIN_ACK = sample("coinw", "login_ack")
SUBSCRIBE_ACK = sample("coinw", "subscribe_ack")
PUSH = sample("coinw", "push_usdt")
SUBSCRIBE = {"event": "sub", "params": {"biz": "exchange", "type": "assets"}}


def logged_in() -> Conversation:
    """Return a conversation that waits for the subscription's answer."""
    conversation = opened(make_coinw())
    conversation.received([LOGIN_ACK], at(1.0))
    return conversation


def test_r1_login_then_subscription_then_ready() -> None:
    """Each request waits for the previous answer, with its own deadline."""
    conversation = make_coinw().conversation({})
    assert sent(conversation.opened(at(0.0), NONCE)) == [
        {"event": "login", "params": {"api_key": KEY, "passphrase": SECRET}}
    ]
    assert conversation.deadline == 10.0
    assert sent(conversation.received([LOGIN_ACK], at(1.0))) == [SUBSCRIBE]
    assert list(conversation.received([SUBSCRIBE_ACK], at(2.0))) == [Ready()]
    assert conversation.deadline == 10.0  # the first ping


@pytest.mark.parametrize(
    "ack",
    [
        {"data": {"result": True}, "type": "login"},
        {"data": {"result": "true"}, "channel": "login"},
        {"data": '{"result":true}', "channel": "login"},
        {"result": True, "channel": "login"},
    ],
)
def test_r1_other_forms_of_the_logins_answer(ack: dict[str, Any]) -> None:
    """Marker, place and spelling of the result vary."""
    assert sent(opened(make_coinw()).received([frame(ack)], at(1.0))) == [SUBSCRIBE]


@pytest.mark.parametrize(
    "ack",
    [
        {"data": {"result": True}, "channel": "subscribe"},
        {"data": {"result": "TRUE"}, "channel": "subscribe", "type": "assets"},
    ],
)
def test_r1_other_forms_of_the_subscriptions_answer(ack: dict[str, Any]) -> None:
    """Missing routing fields cannot mean another subscription: there is one."""
    assert list(logged_in().received([frame(ack)], at(2.0))) == [Ready()]


@pytest.mark.parametrize(
    "ack",
    [
        {"data": {"result": True}, "channel": "subscribe", "type": "order"},
        {"data": {"result": True}, "channel": "subscribe", "biz": "futures"},
        {"data": {"result": True}, "channel": "unsub", "type": "assets"},
        {"data": {"result": True}, "channel": "unsubscribe", "biz": "exchange"},
        {"data": {"result": True}, "channel": "login"},
        {"result": True},
    ],
)
def test_r1_answers_to_something_else_prove_nothing(ack: dict[str, Any]) -> None:
    """Only the answer to the assets subscription is a proof."""
    assert list(logged_in().received([frame(ack)], at(2.0))) == []


def test_r1_a_push_is_a_proof_too() -> None:
    """Ready comes before the report; the answer that follows changes nothing."""
    conversation = logged_in()

    assert kinds(conversation.received([PUSH], at(2.0))) == ["Ready", "Report"]
    assert list(conversation.received([SUBSCRIBE_ACK], at(3.0))) == []


def test_r1_a_push_before_the_login_is_no_proof() -> None:
    """The balances are reported, but the subscription is not proved."""
    assert kinds(opened(make_coinw()).received([PUSH], at(0.5))) == ["Report"]


@pytest.mark.parametrize(
    ("conversation", "deadline", "missing"),
    [(opened(make_coinw()), 10.0, "login"), (logged_in(), 11.0, "subscription")],
)
def test_r1_missing_answers_are_named(
    conversation: Conversation, deadline: float, missing: str
) -> None:
    """The error names the answer that never came."""
    if missing == "subscription":
        assert sent(conversation.due(at(10.0))) == [{"event": "ping"}]
    assert conversation.deadline == deadline
    (step,) = conversation.due(at(deadline))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ConnectionLost)
    assert f"did not answer the {missing} within 10 s" in str(step.error)
    assert "tries again by itself. " in str(step.error)
    assert not step.error.fatal


@pytest.mark.parametrize(
    ("answer", "kind", "fatal"),
    [
        ({"result": False, "errorCode": 1003, "errorMsg": "x"}, AuthenticationError, 1),
        ({"result": False, "code": 9, "msg": "bad key"}, AuthenticationError, 1),
        ({"result": "false"}, AuthenticationError, 1),
        ({"errorCode": 1003}, AuthenticationError, 1),
        ({"result": False, "errorCode": 1007}, AuthenticationError, 1),
        ({"result": False, "errorCode": 6003}, PermissionDenied, 1),
        (
            {"result": False, "errorCode": 1001, "errorMsg": "Rate Limit"},
            RateLimited,
            0,
        ),
        ({"result": False, "errorCode": 29001}, RateLimited, 0),
        (
            {"result": False, "errorCode": 500, "errorMsg": "exception"},
            ExchangeError,
            0,
        ),
    ],
)
@pytest.mark.parametrize("envelope", ["data", "text", "bare"])
def test_a_refused_login(
    answer: dict[str, Any], kind: type[AssetStreamError], fatal: int, envelope: str
) -> None:
    """The refusal is about the key unless its code differs, in either envelope."""
    if envelope == "bare":
        refusal = frame({"result": False, **answer})
    else:
        data = json.dumps(answer) if envelope == "text" else answer
        refusal = frame({"data": data, "channel": "login"})
    conversation = opened(make_coinw())
    (step,) = conversation.received([refusal], at(1.0))

    assert isinstance(step, Fail)
    assert (type(step.error), step.error.fatal) == (kind, bool(fatal))
    assert conversation.closed(1000, "") is step.error


@pytest.mark.parametrize(
    ("answer", "kind", "fatal"),
    [
        ({"errorCode": 1003, "errorMsg": "x"}, AuthenticationError, True),
        ({"errorCode": 6003, "errorMsg": "x"}, PermissionDenied, True),
        ({"errorCode": 8, "errorMsg": "need permission"}, PermissionDenied, True),
        ({"errorCode": 1007, "errorMsg": "Invalid parameter"}, ExchangeError, False),
        ({"errorCode": 500, "errorMsg": "exception"}, ExchangeError, False),
        ({"errorCode": 1001, "errorMsg": "Rate Limit"}, RateLimited, False),
        ({}, ExchangeError, False),
    ],
)
@pytest.mark.parametrize("bare", [False, True])
def test_a_refused_subscription(
    answer: dict[str, Any], kind: type[AssetStreamError], fatal: bool, bare: bool
) -> None:
    """The refusal is fatal only if it is about the key or its permission."""
    data = {"result": False, **answer}
    refusal = {
        "channel": "subscribe",
        "biz": "exchange",
        "type": "assets",
        "data": data,
    }
    (step,) = logged_in().received([frame(data if bare else refusal)], at(2.0))

    assert isinstance(step, Fail)
    assert (type(step.error), step.error.fatal) == (kind, fatal)


def test_a_bare_refusal_while_live_is_a_warning() -> None:
    """No answer is awaited, so its request is unknown."""
    conversation = ready("coinw")
    steps = conversation.received([sample("coinw", "bare_rate_limit"), PUSH], at(5.0))

    assert kinds(steps) == ["Warn", "Report"]
    assert isinstance(steps[0], Warn)
    assert isinstance(steps[0].error, RateLimited)


@pytest.mark.parametrize("name", ["login_refused", "subscribe_refused"])
def test_a_refusal_of_ours_while_live_fails(name: str) -> None:
    """A login or subscription that is withdrawn ends the connection."""
    assert kinds(ready("coinw").received([sample("coinw", name)], at(5.0))) == ["Fail"]


def test_another_subscriptions_refusal_is_skipped() -> None:
    """Refusals of futures subscriptions are ignored."""
    refused = sample("coinw", "futures_refused")

    assert list(ready("coinw").received([refused], at(5.0))) == []


def test_heartbeats_are_coinws_own() -> None:
    """A text ping goes out every 10 s; its answer gives the round trip."""
    conversation = ready("coinw")

    assert sent(conversation.due(at(10.0))) == [{"event": "ping"}]
    pong = sample("coinw", "pong")
    assert list(conversation.received([pong], at(10.25))) == [Alive(0.25)]
    assert list(conversation.received([pong], at(10.5))) == [Alive(None)]
    assert conversation.deadline == 20.0


def test_a_ping_of_theirs_is_answered() -> None:
    """CoinW has never sent one, but the answer is cheap."""
    steps = ready("coinw").received([b'{"event":"ping"}'], at(1.0))

    assert sent(steps) == [{"event": "pong"}]


def test_closing_unsubscribes_only_what_is_subscribed() -> None:
    """Before the proof no unsubscription is sent."""
    unsubscribe = {**SUBSCRIBE, "event": "unsub"}

    assert sent(ready("coinw").closing(at(0.0))) == [unsubscribe]
    assert list(opened(make_coinw()).closing(at(0.0))) == []


def test_what_does_not_end_the_stream_is_not_called_fatal() -> None:
    """A bare refusal is not fatal even in the words of a refused key."""
    refusal = frame({"data": {"result": False, "errorCode": 1003}})
    (step,) = ready("coinw").received([refusal], at(5.0))

    assert isinstance(step, Warn)
    assert isinstance(step.error, AuthenticationError)
    assert not step.error.fatal
