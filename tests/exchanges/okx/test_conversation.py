"""One connection with OKX: login, subscription, pages, notices, refusals, pings."""

from __future__ import annotations

import json

import pytest

from assetstream.exchanges.okx.exchange import sign
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
    Conversation,
    Fail,
    Ready,
    Renew,
    Send,
    Warn,
)
from tests.exchanges.okx.spec import PASSPHRASE, make_okx
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

LOGIN_ACK = sample("okx", "login_ack")
SUBSCRIBE_ACK = sample("okx", "subscribe_ack")
PUSH = sample("okx", "push_update")
PAGES = [sample("okx", "push_snapshot_1"), sample("okx", "push_snapshot_2")]


def logged_in() -> Conversation:
    """Return a conversation that waits for the subscription's answer."""
    conversation = opened(make_okx())
    conversation.received([LOGIN_ACK], at(1.0))
    return conversation


def refusal(code: object) -> bytes:
    """Make the frame of a refusal."""
    return frame({"event": "error", "code": code, "msg": "words", "connId": "a4d3"})


def test_r1_login_then_subscription_then_ready() -> None:
    """Each request waits for the previous answer, with its own deadline."""
    conversation = make_okx().conversation({})
    seconds = str(START_MS // 1000)
    login = {
        "apiKey": KEY,
        "passphrase": PASSPHRASE,
        "timestamp": seconds,
        "sign": sign(f"{seconds}GET/users/self/verify", SECRET),
    }

    assert sent(conversation.opened(at(0.0), NONCE)) == [
        {"op": "login", "args": [login]}
    ]
    assert conversation.deadline == 10.0
    (subscribe,) = sent(conversation.received([LOGIN_ACK], at(1.0)))
    assert subscribe["op"] == "subscribe"
    ((channel, wanted),) = [
        (each["channel"], json.loads(each["extraParams"])) for each in subscribe["args"]
    ]
    assert (channel, wanted) == ("account", {"updateInterval": "0"})
    assert conversation.deadline == 11.0
    assert list(conversation.received([SUBSCRIBE_ACK], at(2.0))) == [Ready()]
    assert conversation.deadline == 20.0  # the first ping


@pytest.mark.parametrize("code", ["0", 0, "", None])
def test_r1_a_code_of_zero_is_no_refusal(code: object) -> None:
    """The code may be a number, or missing."""
    answer = frame({"event": "login", "code": code, "msg": "", "connId": "a4d3"})

    assert kinds(opened(make_okx()).received([answer], at(1.0))) == ["Send"]


def test_r1_a_push_is_a_proof_too() -> None:
    """Ready comes before the report; the answer that follows changes nothing."""
    conversation = logged_in()

    assert kinds(conversation.received([PUSH], at(2.0))) == ["Ready", "Report"]
    assert list(conversation.received([SUBSCRIBE_ACK], at(3.0))) == []


def test_r1_an_empty_snapshot_is_a_proof_and_no_report() -> None:
    """An account that has nothing has no details."""
    steps = logged_in().received([sample("okx", "push_empty")], at(2.0))

    assert list(steps) == [Ready()]


def test_the_pages_of_the_snapshot_are_ordinary_pushes() -> None:
    """A currency that they omit is not zero by that: REST tells."""
    frames = [SUBSCRIBE_ACK, sample("okx", "connection_count"), *PAGES]
    steps = logged_in().received(frames, at(2.0))

    assert kinds(steps) == ["Ready", "Report"]
    assert [report.currency for report in reported(steps)] == ["USDT", "BTC"]


@pytest.mark.parametrize(
    "answer",
    [
        {"event": "subscribe", "arg": {"channel": "positions"}},
        {"event": "subscribe", "arg": None},
        {"event": "login", "code": "0", "msg": ""},
        {"event": "channel-conn-count", "channel": "account", "connCount": "1"},
        {"event": "channel-conn-count-error", "channel": "orders", "connCount": "30"},
        {"event": "unsubscribe", "arg": {"channel": "orders"}},
        {"event": "notice", "code": "64999", "msg": "?"},
    ],
)
def test_r1_answers_to_something_else_prove_nothing(answer: object) -> None:
    """Only the answer to the subscription to the account is a proof."""
    assert list(logged_in().received([frame(answer)], at(2.0))) == []


@pytest.mark.parametrize(
    ("conversation", "deadline", "missing"),
    [(opened(make_okx()), 10.0, "login"), (logged_in(), 11.0, "subscription")],
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
    assert not step.error.fatal


REFUSALS: list[tuple[object, type[AssetStreamError], bool]] = [
    ("60009", AuthenticationError, True),
    ("60032", AuthenticationError, True),
    (60032, AuthenticationError, True),
    ("60024", AuthenticationError, True),
    ("50110", AuthenticationError, True),
    ("50120", PermissionDenied, True),
    ("60014", RateLimited, False),
    ("60012", ExchangeError, False),
    ("60011", ExchangeError, False),
    ("63999", ExchangeError, False),
    ("69999", ExchangeError, False),
]


@pytest.mark.parametrize(("code", "kind", "fatal"), REFUSALS)
@pytest.mark.parametrize("phase", ["login", "subscription"])
def test_a_refusal_names_what_was_asked(
    code: object, kind: type[AssetStreamError], fatal: bool, phase: str
) -> None:
    """Errors do not say what they answer: it is what is waited for."""
    conversation = opened(make_okx()) if phase == "login" else logged_in()
    (step,) = conversation.received([refusal(code)], at(2.0))

    assert isinstance(step, Fail)
    assert (type(step.error), step.error.fatal) == (kind, fatal)
    assert f"OKX refused the {phase} ({code}: words)" in str(step.error)
    assert conversation.closed(4001, "Login Failed") is step.error


@pytest.mark.parametrize("code", ["60004", "60006", "50102", "50112"])
def test_t2_a_login_refused_for_its_time_says_so(code: str) -> None:
    """The machine sets its clock, and tries again."""
    (step,) = opened(make_okx()).received([refusal(code)], at(1.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ExchangeError)
    assert (step.error.clock_off, step.error.fatal) == (True, False)


def test_a_login_event_with_a_code_is_a_refusal() -> None:
    """Both of OKX's forms of a refusal are read."""
    answer = frame({"event": "login", "code": "60009", "msg": "Login failed."})
    (step,) = opened(make_okx()).received([answer], at(1.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, AuthenticationError)


def test_an_error_while_live_is_a_warning() -> None:
    """No answer is awaited, so its request is unknown, and it is not fatal."""
    steps = ready("okx").received([refusal("60032"), PUSH], at(5.0))

    assert kinds(steps) == ["Warn", "Report"]
    assert isinstance(steps[0], Warn)
    assert "OKX refused a request" in str(steps[0].error)
    assert not steps[0].error.fatal


@pytest.mark.parametrize("live", [False, True])
def test_l7_an_announced_upgrade_renews_the_connection(live: bool) -> None:
    """OKX closes it within a minute; until then it goes on."""
    conversation = ready("okx") if live else logged_in()
    notice = sample("okx", "notice_upgrade")
    step, *others = conversation.received([notice, PUSH], at(5.0))

    assert step == Renew("OKX is about to close it for a service upgrade")
    assert kinds(others) == [*([] if live else ["Ready"]), "Report"]
    assert conversation.deadline < NEVER


def test_one_connection_too_many_is_given_up() -> None:
    """The limit's error follows the acknowledgement that it contradicts."""
    ended = sample("okx", "connection_count_error")
    ready_first, failed = logged_in().received([SUBSCRIBE_ACK, ended], at(2.0))

    assert ready_first == Ready()
    assert isinstance(failed, Fail)
    assert isinstance(failed.error, RateLimited)
    assert "30 connections" in str(failed.error)
    assert not failed.error.fatal


def test_a_subscription_that_okx_ends_is_given_up() -> None:
    """Without it the connection would live, and say nothing."""
    ended = frame({"event": "unsubscribe", "arg": {"channel": "account"}, "msg": "x"})
    (step,) = ready("okx").received([ended], at(5.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ConnectionLost)
    assert step.error.reason == "x"


def test_pings_are_okx_s_own_text() -> None:
    """Neither ping nor pong is JSON; a pong gives the round trip."""
    conversation = ready("okx")

    assert list(conversation.due(at(20.0))) == [Send("ping")]
    assert list(conversation.received([b"pong"], at(20.25))) == [Alive(0.25)]
    assert kinds(conversation.received([PUSH, b"pong"], at(20.5))) == [
        "Report",
        "Alive",
    ]
    assert conversation.deadline == 40.0


def test_closing_sends_nothing() -> None:
    """The close is the goodbye."""
    assert list(ready("okx").closing(at(0.0))) == []


def test_a_refused_upgrade_is_explained() -> None:
    """OKX's own words may come before the WebSocket is there."""
    body = sample("okx", "rest_error_key")
    error = make_okx().conversation({}).refused(401, {}, body)

    assert isinstance(error, AuthenticationError)
    assert "the WebSocket handshake" in str(error)
