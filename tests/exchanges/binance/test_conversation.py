"""One connection with Binance: subscription, refusals, differences, planned ends."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    ProtocolError,
    RateLimited,
)
from assetstream.protocol import (
    NEVER,
    Fail,
    Ping,
    Ready,
    Renew,
    Reread,
    Warn,
)
from tests.exchanges.binance.spec import make_binance
from tests.support.specs import (
    NONCE,
    START_MS,
    at,
    frame,
    kinds,
    opened,
    ready,
    sample,
)

ACK = sample("binance", "subscribe_ack")
PUSH = sample("binance", "push_trade")
SHUTDOWN = sample("binance", "server_shutdown")
DAY = 24 * 3600.0


def answer(
    status: int, code: object, request: object = "subscribe", **error: object
) -> bytes:
    """Make a refusal."""
    error = {"code": code, "msg": "words", **error}
    return frame({"id": request, "status": status, "error": error})


def test_r1_the_acknowledgement_is_the_proof() -> None:
    """It has a deadline; afterwards pings have."""
    conversation = opened(make_binance())

    assert conversation.deadline == 10.0
    assert list(conversation.received([ACK], at(1.0))) == [Ready()]
    assert conversation.deadline == 20.0  # the first ping
    assert list(conversation.due(at(20.0))) == [Ping()]
    assert list(conversation.received([ACK], at(21.0))) == []


@pytest.mark.parametrize(
    "content",
    [
        {"id": "another", "status": 200, "result": {"subscriptionId": 0}},
        {"id": None, "status": 200, "result": {}},
        {"status": 200, "result": {}},
        {"id": "another", "status": 401, "error": {"code": -2015, "msg": "?"}},
        {"id": 7, "status": 200, "result": {}},
    ],
)
def test_r1_answers_to_something_else_prove_nothing(content: dict[str, Any]) -> None:
    """Only the answer to the subscription is a proof."""
    assert list(opened(make_binance()).received([frame(content)], at(1.0))) == []


def test_r1_a_push_is_a_proof_too() -> None:
    """Ready comes before the report; the answer that follows changes nothing."""
    conversation = opened(make_binance())

    assert kinds(conversation.received([PUSH], at(1.0))) == ["Ready", "Report"]
    assert list(conversation.received([ACK], at(2.0))) == []


def test_r1_a_missing_answer_is_a_loss() -> None:
    """The error says what never came."""
    conversation = opened(make_binance())
    (step,) = conversation.due(at(10.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ConnectionLost)
    assert "did not answer the subscription within 10 s" in str(step.error)
    assert conversation.closed(1006, "") is step.error


@pytest.mark.parametrize("name", ["deposit", "lock"])
def test_k6_a_difference_is_not_added_to_anything(name: str) -> None:
    """The amounts are read anew; it proves the subscription as well."""
    currency = {"deposit": "BTC", "lock": "NEO"}[name]
    push = sample("binance", f"delta_{name}")

    assert list(ready("binance").received([push], at(1.0))) == [Reread(currency)]
    assert list(opened(make_binance()).received([push], at(1.0))) == [
        Ready(),
        Reread(currency),
    ]


def test_k6_a_difference_of_nobody_knows_what() -> None:
    """The whole book is in doubt."""
    push = sample("binance", "delta_deposit").replace(b'"a":"BTC"', b'"a":7')
    (step,) = ready("binance").received([push], at(1.0))

    assert isinstance(step, Warn)
    assert isinstance(step.error, ProtocolError)
    assert step.error.currency is None


def test_k6_a_difference_among_pushes_keeps_its_place() -> None:
    """What was pushed before it is reported before it."""
    push = sample("binance", "delta_deposit")
    steps = ready("binance").received([PUSH, push, PUSH, PUSH], at(1.0))

    assert kinds(steps) == ["Report", "Reread", "Report"]


@pytest.mark.parametrize("proved", [False, True])
def test_l7_a_shutdown_is_no_error(proved: bool) -> None:
    """Another connection is asked for, and this one goes on until it is ended."""
    conversation = ready("binance") if proved else opened(make_binance())
    step, *others = conversation.received([SHUTDOWN, PUSH], at(5.0))

    assert isinstance(step, Renew)
    assert "shuts" in step.reason
    assert kinds(others) == [*([] if proved else ["Ready"]), "Report"]
    assert conversation.deadline < NEVER


def test_l7_it_is_renewed_before_binance_ends_it() -> None:
    """After 24 hours Binance would; ten minutes are left for a queue."""
    conversation = ready("binance")
    while conversation.deadline < DAY - 600:
        assert list(conversation.due(at(conversation.deadline))) == [Ping()]
    assert conversation.deadline == DAY - 600
    *_, step = conversation.due(at(DAY - 600))

    assert isinstance(step, Renew)


def test_a_subscription_that_ends_is_a_loss() -> None:
    """Nobody asked for it, so it is told; the next connection subscribes anew."""
    conversation = ready("binance")
    (step,) = conversation.received([sample("binance", "stream_terminated")], at(5.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ConnectionLost)
    assert "eventStreamTerminated" in str(step.error)
    assert not step.error.fatal


@pytest.mark.parametrize(
    ("refusal", "kind", "fatal"),
    [
        (sample("binance", "subscribe_refused"), AuthenticationError, True),
        (answer(401, -2014), AuthenticationError, True),
        (answer(401, "-2008"), AuthenticationError, True),
        (answer(400, -1022), AuthenticationError, True),
        (answer(401, -1002), PermissionDenied, True),
        (answer(429, -1003), RateLimited, False),
        (answer(400, -1034), RateLimited, False),
        (answer(500, -1001), ExchangeError, False),
        (answer(400, -2035), ExchangeError, False),
        (answer(400, -1102), ExchangeError, False),
        # Codes that are not listed: the status decides.
        (answer(401, -7777), AuthenticationError, True),
        (answer(403, -7777), ExchangeError, False),
        (answer(418, -7777), RateLimited, False),
        (answer(503, -7777), ExchangeError, False),
        (answer(400, -7777), ExchangeError, False),
        (answer(400, -7777, None), ExchangeError, False),
        (frame({"id": "subscribe", "status": 400}), ExchangeError, False),
        (frame({"id": "subscribe", "error": "?"}), ExchangeError, False),
        (frame({"error": {"code": -2015, "msg": "?"}}), AuthenticationError, True),
        (frame({"id": "subscribe", "status": True}), ExchangeError, False),
    ],
)
def test_a_refused_subscription(
    refusal: bytes, kind: type[AssetStreamError], fatal: bool
) -> None:
    """It is given up, and for ever only where trying again cannot help."""
    conversation = opened(make_binance())
    (step,) = conversation.received([refusal], at(1.0))

    assert isinstance(step, Fail)
    assert (type(step.error), step.error.fatal) == (kind, fatal)
    assert "refused the subscription" in str(step.error)
    assert conversation.closed(1000, "") is step.error


def test_t2_a_subscription_of_another_time_sets_the_clock() -> None:
    """It says nothing of the key: it is tried again, by the time of the next 101."""
    refusal = sample("binance", "subscribe_untimely")
    (step,) = opened(make_binance()).received([refusal], at(1.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ExchangeError)
    assert (step.error.clock_off, step.error.fatal) == (True, False)


@pytest.mark.parametrize(
    ("refusal", "wait"),
    [
        # Written for the 45th second.
        (sample("binance", "subscribe_banned"), 44.0),
        (answer(429, -1003, data={"retryAfter": START_MS}), None),
        (answer(418, -1003, data={"retryAfter": START_MS}), 60.0),
        (answer(418, -1003), 60.0),
        (answer(429, -1003, data={"retryAfter": START_MS * 10}), 86_400.0),
        (answer(429, -1003, data={"retryAfter": "soon"}), None),
        (answer(429, -1003, data=[]), None),
    ],
)
def test_a_ban_says_when_it_ends(refusal: bytes, wait: float | None) -> None:
    """By Binance's clock, and never longer than a day."""
    (step,) = opened(make_binance()).received([refusal], at(1.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, RateLimited)
    assert step.error.retry_after == wait


@pytest.mark.parametrize("request_id", ["subscribe", None])
def test_a_refusal_of_nothing_that_matters_is_a_warning(request_id: Any) -> None:
    """The connection works, so it goes on."""
    conversation = ready("binance")
    (step,) = conversation.received([answer(401, -2015, request_id)], at(2.0))

    assert isinstance(step, Warn)
    assert not step.error.fatal
    assert "refused a request" in str(step.error)
    assert kinds(conversation.received([PUSH], at(3.0))) == ["Report"]


def test_the_handshake_needs_no_header() -> None:
    """The key is asked for by message, later; leave is taken by closing."""
    conversation = make_binance().conversation({})
    connect = conversation.connect(at(0.0), NONCE)

    assert (connect.url, connect.origin) == (
        "wss://ws-api.binance.com/ws-api/v3",
        None,
    )
    assert not connect.headers
    assert list(conversation.closing(at(0.0))) == []
