"""One connection with Gate: the signed subscription, refusals, heartbeats, upgrades."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.exchanges.gate.exchange import sign
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)
from assetstream.protocol import (
    NEVER,
    Alive,
    Fail,
    Instant,
    Ready,
    Renew,
    Reread,
    Warn,
)
from tests.exchanges.gate.spec import make_gate, push_of
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

ACK = sample("gate", "subscribe_ack")
PUSH = sample("gate", "push_order")
SECONDS = START_MS // 1000


def answer(error: object, result: object = None, **more: object) -> bytes:
    """Make an answer to the subscription."""
    named = {"channel": "spot.balances", "event": "subscribe"}
    return frame({"time": 1, **named, "error": error, "result": result, **more})


def test_r1_the_subscription_is_signed_with_its_time() -> None:
    """No login: the exchange's own time, and the signature over channel and event."""
    conversation = make_gate().conversation({})
    connect = conversation.connect(at(0.0), NONCE)
    text = "channel=spot.balances&event=subscribe&time=1658385569"

    assert (connect.url, connect.headers) == ("wss://api.gateio.ws/ws/v4/", {})
    assert sent(conversation.opened(Instant(7.0, 1_658_385_569_923), NONCE)) == [
        {
            "time": 1658385569,
            "channel": "spot.balances",
            "event": "subscribe",
            "auth": {"method": "api_key", "KEY": KEY, "SIGN": sign(text, SECRET)},
        }
    ]
    assert conversation.deadline == 17.0


@pytest.mark.parametrize(
    "ack",
    [
        ACK,
        sample("gate", "subscribe_ack_capture"),
        answer(None),
        answer(None, {"status": "success"}, payload=["!all"]),
    ],
)
def test_r1_the_acknowledgement_is_the_proof(ack: bytes) -> None:
    """Only the error decides, as the documents say; once is enough."""
    conversation = opened(make_gate())

    assert list(conversation.received([ack], at(1.0))) == [Ready()]
    assert list(conversation.received([ack], at(2.0))) == []
    assert conversation.deadline == 10.0  # the first ping


def test_r1_a_push_is_a_proof_too() -> None:
    """Ready comes before the report; the answer that follows changes nothing."""
    conversation = opened(make_gate())

    assert kinds(conversation.received([PUSH], at(1.0))) == ["Ready", "Report"]
    assert list(conversation.received([ACK], at(2.0))) == []


@pytest.mark.parametrize(
    "other",
    [
        {"channel": "spot.orders", "event": "subscribe", "error": None},
        {"channel": "spot.balances", "event": "unsubscribe", "error": None},
        {"channel": "spot.system", "event": "update", "result": {"type": "news"}},
        {"channel": "spot.system", "event": "update", "result": None},
    ],
)
def test_r1_other_answers_prove_nothing(other: dict[str, Any]) -> None:
    """Neither is the subscription's."""
    assert list(opened(make_gate()).received([frame(other)], at(1.0))) == []


def test_r1_a_missing_answer_is_named() -> None:
    """The connection is of no use without it."""
    conversation = opened(make_gate())
    (step,) = conversation.due(at(10.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ConnectionLost)
    assert "did not answer the subscription within 10 s" in str(step.error)
    assert conversation.closed(1006, "") is step.error
    assert conversation.deadline == NEVER


@pytest.mark.parametrize(
    ("code", "message", "kind", "fatal"),
    [
        (1, "Invalid request body format", ExchangeError, False),
        (2, "Invalid argument provided", ExchangeError, False),
        (3, "Server side error happened", ExchangeError, False),
        (4, "Authentication fail", AuthenticationError, True),
        ("4", "", AuthenticationError, True),
        (6, "?", AuthenticationError, True),
        (11, "?", AuthenticationError, True),
        (77, "?", ExchangeError, False),
        (2, "auth faild , auth data : &{{87260}}", AuthenticationError, True),
        (2, '{"label":"INVALID_KEY"}', AuthenticationError, True),
        (2, '{"label":"INVALID_SIGNATURE"}', AuthenticationError, True),
        (2, '{"label":"FORBIDDEN"}', PermissionDenied, True),
        (4, '{"label":"REQUEST_EXPIRED"}', ExchangeError, False),
        (4, "invalid timestamp", ExchangeError, False),
        (4, "The IP is not in the whitelist", AuthenticationError, True),
        (4, "no permission", PermissionDenied, True),
        (2, "Too many requests", RateLimited, False),
        # The login service itself failed: nothing is known about the key.
        (4, "http get status code err, status : 502, ws_auth", ExchangeError, False),
    ],
)
def test_a_refused_subscription(
    code: object, message: str, kind: type[AssetStreamError], fatal: bool
) -> None:
    """A label in the words decides, then the words, then the code."""
    refused = answer({"code": code, "message": message}, {"status": "fail"})
    conversation = opened(make_gate())
    (step,) = conversation.received([refused], at(1.0))

    assert isinstance(step, Fail)
    assert (type(step.error), step.error.fatal) == (kind, fatal)
    assert "Gate refused the subscription" in str(step.error)
    assert conversation.closed(1000, "") is step.error


@pytest.mark.parametrize(
    "refused",
    [
        answer(None, {"status": "fail"}),
        answer("no", {"status": "failed"}),
        frame({"error": {"code": 1, "message": "?"}}),
        frame({"channel": "", "event": "", "error": 5}),
        frame({"channel": "spot.balances", "event": "update", "error": {}}),
    ],
)
def test_refusals_of_other_forms(refused: bytes) -> None:
    """One that names no request refuses what we wait for; none is the key's."""
    (step,) = opened(make_gate()).received([refused], at(1.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ExchangeError)
    assert not step.error.fatal


def test_t2_a_subscription_of_another_time_sets_the_clock() -> None:
    """The label stands in the words; the machine tries again at once."""
    untimely = sample("gate", "subscribe_untimely")
    (step,) = opened(make_gate()).received([untimely], at(1.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ExchangeError)
    assert (step.error.clock_off, step.error.fatal) == (True, False)
    assert step.error.code == "REQUEST_EXPIRED"


def test_a_refusal_of_nothing_that_we_wait_for_is_a_warning() -> None:
    """The subscription is in force, whatever is refused now."""
    refused = answer({"code": 4, "message": "Authentication fail"})
    (step,) = ready("gate").received([refused], at(1.0))

    assert isinstance(step, Warn)
    assert not step.error.fatal


def test_pings_have_the_exchanges_time() -> None:
    """Gate's own ping, and its pong with the round trip."""
    conversation = ready("gate")
    assert sent(conversation.due(Instant(10.0, START_MS + 9_900))) == [
        {"time": SECONDS + 9, "channel": "spot.ping"}
    ]

    assert list(conversation.received([sample("gate", "pong")], at(10.25))) == [
        Alive(0.25)
    ]


@pytest.mark.parametrize(
    "notice",
    [
        sample("gate", "upgrade"),
        sample("gate", "upgrade_bare"),
        frame({"time": 1, "event": "upgrade"}),
        frame({"channel": "spot.system", "event": "upgrade", "result": {}}),
        frame({"channel": "spot.balances", "event": "upgrade", "result": None}),
    ],
)
def test_l7_an_announced_upgrade_renews_the_connection(notice: bytes) -> None:
    """In the forms of the announcement and of the documents before, or as an event."""
    conversation = ready("gate")
    step, *others = conversation.received([notice, PUSH], at(1.0))

    assert isinstance(step, Renew)
    assert "service upgrade" in step.reason
    assert kinds(others) == ["Report"]
    assert conversation.deadline < NEVER


@pytest.mark.parametrize("half", [{"available": "5"}, {"freeze": "5"}, {}])
def test_k6_a_push_of_one_amount_is_read_again(half: dict[str, str]) -> None:
    """Older frames had no freeze: what is locked may have changed as well."""
    push = push_of({"currency": "btc", "timestamp_ms": "1767556323730", **half})
    steps = ready("gate").received([push, PUSH], at(1.0))

    assert kinds(steps) == ["Report", "Reread", "Report"]
    assert steps[1] == Reread("BTC")
    report = reported(steps)[0]
    assert [report.available, report.locked].count(None) == 2 - len(half)


def test_the_older_form_is_read_again() -> None:
    """Available is reported meanwhile."""
    steps = ready("gate").received([sample("gate", "push_older")], at(1.0))
    (report,) = reported(steps)

    assert (str(report.available), report.locked) == ("2033054.436086037", None)
    assert steps[1] == Reread("USDT")


def test_closing_sends_nothing() -> None:
    """The close itself is the goodbye."""
    assert list(ready("gate").closing(at(1.0))) == []
