"""One connection with Bybit: login, subscription, refusals, heartbeats."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assetstream.exchanges import Bybit
from assetstream.exchanges.bybit.exchange import sign
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)
from assetstream.protocol import (
    Alive,
    Conversation,
    Fail,
    Instant,
    Memory,
    Ready,
    Warn,
)
from tests.exchanges.bybit.spec import make_bybit
from tests.support.specs import (
    KEY,
    NONCE,
    SECRET,
    START_MS,
    at,
    frame,
    kinds,
    opened,
    ready,
    reported,
    sample,
    sent,
)

LOGIN_ACK = sample("bybit", "login_ack")
SUBSCRIBE_ACK = sample("bybit", "subscribe_ack")
PUSH = sample("bybit", "push_btc")
SUBSCRIBE = {"op": "subscribe", "args": ["wallet"]}


def logged_in() -> Conversation:
    """Return a conversation that waits for the subscription's answer."""
    conversation = opened(make_bybit())
    conversation.received([LOGIN_ACK], at(1.0))
    return conversation


def test_r1_login_then_subscription_then_ready() -> None:
    """Each request waits for the previous answer, with its own deadline."""
    conversation = make_bybit().conversation({})
    expires = START_MS + 10_000
    assert sent(conversation.opened(at(0.0), NONCE)) == [
        {"op": "auth", "args": [KEY, expires, sign(f"GET/realtime{expires}", SECRET)]}
    ]
    assert conversation.deadline == 10.0
    assert sent(conversation.received([LOGIN_ACK], at(1.0))) == [SUBSCRIBE]
    assert list(conversation.received([SUBSCRIBE_ACK], at(2.0))) == [Ready()]
    assert conversation.deadline == 20.0  # the first ping


def test_the_login_expires_by_the_exchanges_clock() -> None:
    """Ten seconds after the exchange's own time, whatever ours is."""
    conversation = make_bybit().conversation({})
    ((key, expires, _),) = [
        request["args"]
        for request in sent(conversation.opened(Instant(7.0, 1_658_385_569_423), NONCE))
    ]

    assert (key, expires) == (KEY, 1_658_385_579_423)


@pytest.mark.parametrize(
    "ack",
    [
        sample("bybit", "login_ack_newer"),
        frame({"op": "auth", "retCode": 0, "retMsg": "OK"}),
        frame({"op": "auth", "ret_code": "0", "success": True}),
    ],
)
def test_r1_other_forms_of_the_logins_answer(ack: bytes) -> None:
    """A code, a flag or both say that it was accepted."""
    assert sent(opened(make_bybit()).received([ack], at(1.0))) == [SUBSCRIBE]


@pytest.mark.parametrize(
    "ack",
    [
        {"success": True, "ret_msg": "", "op": "unsubscribe"},
        {"success": True, "ret_msg": "", "op": "auth"},
        {"success": True, "ret_msg": ""},
    ],
)
def test_r1_answers_to_something_else_prove_nothing(ack: dict[str, Any]) -> None:
    """Only the answer to the subscription is a proof."""
    assert list(logged_in().received([frame(ack)], at(2.0))) == []


def test_r1_a_push_is_a_proof_too() -> None:
    """Ready comes before the report; the answer that follows changes nothing."""
    conversation = logged_in()

    assert kinds(conversation.received([PUSH], at(2.0))) == ["Ready", "Report"]
    assert list(conversation.received([SUBSCRIBE_ACK], at(3.0))) == []


@pytest.mark.parametrize(
    ("conversation", "deadline", "missing"),
    [(opened(make_bybit()), 10.0, "login"), (logged_in(), 11.0, "subscription")],
)
def test_r1_missing_answers_are_named(
    conversation: Conversation, deadline: float, missing: str
) -> None:
    """The error names the answer that never came."""
    assert conversation.deadline == deadline
    (step,) = conversation.due(at(deadline))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ConnectionLost)
    assert f"did not answer the {missing} within 10 s" in str(step.error)
    assert conversation.closed(1006, "") is step.error


@pytest.mark.parametrize(
    ("answer", "kind", "fatal"),
    [
        ({"retCode": 10003, "retMsg": "Invalid apikey"}, AuthenticationError, True),
        ({"retCode": 10004, "retMsg": "Error sign"}, AuthenticationError, True),
        ({"retCode": 33004, "retMsg": "expired"}, AuthenticationError, True),
        ({"retCode": 10005, "retMsg": "denied"}, PermissionDenied, True),
        ({"retCode": 10001, "retMsg": "Params Error"}, AuthenticationError, True),
        ({"retCode": 10006, "retMsg": "Too many visits"}, RateLimited, False),
        ({"retCode": 10016, "retMsg": "?"}, ExchangeError, False),
        ({"retCode": 10002, "retMsg": "?"}, ExchangeError, False),
        ({"retCode": 77777, "retMsg": "?"}, AuthenticationError, True),
        ({"success": False}, AuthenticationError, True),
        ({"success": False, "ret_msg": "Params Error"}, AuthenticationError, True),
        ({"success": False, "ret_msg": "Invalid sign"}, AuthenticationError, True),
        (
            {"success": False, "ret_msg": "Your api key has expired."},
            AuthenticationError,
            True,
        ),
        ({"success": False, "ret_msg": "Permission denied"}, PermissionDenied, True),
        ({"success": False, "ret_msg": "Internal error"}, ExchangeError, False),
        ({"success": True, "retCode": 10003}, AuthenticationError, True),
    ],
)
def test_a_refused_login(
    answer: dict[str, Any], kind: type[AssetStreamError], fatal: bool
) -> None:
    """Code or words decide; without either it is the key. The phase ends."""
    for named in ({"op": "auth"}, {}):
        conversation = opened(make_bybit())
        (step,) = conversation.received([frame({**answer, **named})], at(1.0))

        assert isinstance(step, Fail)
        assert (type(step.error), step.error.fatal) == (kind, fatal)
        assert "refused the login" in str(step.error)
        assert conversation.closed(1000, "") is step.error


@pytest.mark.parametrize(
    "answer",
    [
        sample("bybit", "login_expired"),
        frame({"op": "auth", "retCode": 10002, "retMsg": "?"}),
        frame({"op": "auth", "success": False, "ret_msg": "check your timestamp"}),
    ],
)
def test_t2_a_login_that_came_too_late_sets_the_clock(answer: bytes) -> None:
    """It says nothing of the key: it is tried again, by the time of the next 101."""
    (step,) = opened(make_bybit()).received([answer], at(1.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ExchangeError)
    assert step.error.clock_off
    assert not step.error.fatal
    assert "c898" not in repr(step.error) + str(vars(step.error))


@pytest.mark.parametrize(
    ("answer", "kind", "fatal"),
    [
        (sample("bybit", "subscribe_refused"), ExchangeError, False),
        (frame({"op": "subscribe", "retCode": 10005}), PermissionDenied, True),
        (frame({"op": "subscribe", "retCode": 77777}), ExchangeError, False),
        (frame({"success": False, "ret_msg": "Too many visits!"}), RateLimited, False),
    ],
)
def test_a_refused_subscription(
    answer: bytes, kind: type[AssetStreamError], fatal: bool
) -> None:
    """It is given up, and for ever only where trying again cannot help."""
    (step,) = logged_in().received([answer], at(2.0))

    assert isinstance(step, Fail)
    assert (type(step.error), step.error.fatal) == (kind, fatal)
    assert "refused the subscription" in str(step.error)


@pytest.mark.parametrize(
    "answer",
    [
        {"op": "ping", "success": False, "ret_msg": "Too many visits!"},
        {"op": "auth", "retCode": 10005},
        {"success": False, "ret_msg": "?"},
    ],
)
def test_a_refusal_of_nothing_that_matters_is_a_warning(answer: Any) -> None:
    """The connection works, so it goes on."""
    conversation = ready("bybit")
    (step,) = conversation.received([frame(answer)], at(2.0))

    assert isinstance(step, Warn)
    assert not step.error.fatal
    assert kinds(conversation.received([PUSH], at(3.0))) == ["Report"]


@pytest.mark.parametrize("name", ["pong", "pong_public"])
def test_its_own_ping(name: str) -> None:
    """The private pong, and the form that the public sockets have."""
    conversation = ready("bybit")

    assert sent(conversation.due(at(20.0))) == [{"op": "ping"}]
    (step,) = conversation.received([sample("bybit", name)], at(20.25))
    assert isinstance(step, Alive)
    assert step.round_trip == pytest.approx(0.25)


def test_it_takes_leave_once_it_is_subscribed() -> None:
    """Before that there is nothing to leave."""
    assert sent(ready("bybit").closing(at(5.0))) == [
        {"op": "unsubscribe", "args": ["wallet"]}
    ]
    assert list(logged_in().closing(at(5.0))) == []


def test_k1_a_copy_has_its_number_on_the_next_connection_too() -> None:
    """Else a copy that comes late would be newer than what came between."""
    exchange, memory = make_bybit(), Memory()
    first, second = (frame({**json.loads(PUSH), "id": name}) for name in "ab")
    connection = proved_again(exchange, memory)
    assert numbers(connection, first) == [0]
    connection = proved_again(exchange, memory)

    assert numbers(connection, second, first) == [1, 0]


def proved_again(exchange: Bybit, memory: Memory) -> Conversation:
    """Return a new connection of the same stream, subscribed."""
    conversation = opened(exchange, memory)
    conversation.received([LOGIN_ACK, SUBSCRIBE_ACK], at(1.0))
    return conversation


def numbers(conversation: Conversation, *pushes: bytes) -> list[int]:
    """Return the second items of the pushes' keys."""
    reports = reported(conversation.received(pushes, at(2.0)))
    return [report.key[1] for report in reports]


def test_the_handshake_needs_no_header() -> None:
    """The key is asked for by message, later."""
    connect = make_bybit().conversation({}).connect(at(0.0), NONCE)

    assert (connect.url, connect.origin) == ("wss://stream.bybit.com/v5/private", None)
    assert not connect.headers
