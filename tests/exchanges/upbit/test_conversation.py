"""One connection with Upbit: rule R1, errors, heartbeats."""

from __future__ import annotations

import pytest

from assetstream.exchanges.upbit.frames import FORMATS
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    ProtocolError,
    RateLimited,
)
from assetstream.protocol import Alive, Fail, Memory, Ping, Ready
from tests.support.specs import (
    NONCE,
    at,
    frame,
    kinds,
    make_upbit,
    opened,
    ready,
    sample,
    sent,
)

LIST = sample("upbit", "list_default")


def error_frame(name: str) -> bytes:
    """Make an error frame."""
    return frame({"error": {"message": "m", "name": name}})


@pytest.mark.parametrize("format", FORMATS)
def test_r1_subscribes_and_asks_with_the_format_repeated(format: str) -> None:
    """Subscription first, then LIST; neither has codes, both name the format."""
    conversation = make_upbit(format=format).conversation({})
    conversation.connect(at(0.0), NONCE)
    subscribe, ask = sent(conversation.opened(at(0.0), NONCE))

    assert subscribe == [{"ticket": NONCE}, {"type": "myAsset"}, {"format": format}]
    assert ask == [
        {"ticket": NONCE},
        {"method": "LIST_SUBSCRIPTIONS"},
        {"format": format},
    ]
    assert conversation.deadline == 3.0


@pytest.mark.parametrize("name", ["list_default", "list_simple_list"])
def test_r1_the_list_is_the_proof(name: str) -> None:
    """Keys may be long or short, in an array or not."""
    conversation = opened(make_upbit())

    assert list(conversation.received([sample("upbit", name)], at(0.2))) == [Ready()]
    assert list(conversation.received([sample("upbit", name)], at(0.3))) == []
    assert conversation.deadline == 20.0


def test_r1_a_list_without_asset_fails() -> None:
    """The list proves that the subscription is missing: reconnect."""
    body = sample("upbit", "list_without_asset")
    (step,) = opened(make_upbit()).received([body], at(0.2))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ProtocolError)
    assert (step.error.frame, step.error.fatal) == (body, False)


def test_r1_a_push_is_a_proof_too() -> None:
    """Ready comes before the report; the list that follows changes nothing."""
    conversation = opened(make_upbit())
    push = sample("upbit", "push_default")

    assert kinds(conversation.received([push, push], at(0.2))) == ["Ready", "Report"]
    assert list(conversation.received([LIST], at(0.3))) == []


def test_r1_silence_makes_a_pong_the_proof() -> None:
    """After 3 s a ping goes out, and its pong proves the subscription."""
    memory: Memory = {}
    conversation = opened(make_upbit(), memory)

    assert list(conversation.due(at(3.0))) == [Ping()]
    assert conversation.deadline == 13.0
    assert list(conversation.pong(at(3.25))) == [Alive(0.25), Ready()]
    assert list(conversation.pong(at(3.5))) == [Alive(None)]
    assert conversation.deadline == 23.0


def test_r1_a_pong_before_the_silence_proves_nothing() -> None:
    """The list is still awaited."""
    conversation = opened(make_upbit())

    assert list(conversation.pong(at(1.0))) == [Alive(None)]


def test_r1_a_late_list_still_proves() -> None:
    """The list may come while the pong is awaited."""
    conversation = opened(make_upbit())
    conversation.due(at(3.0))

    assert list(conversation.received([LIST], at(4.0))) == [Ready()]


def test_r1_no_pong_is_a_loss() -> None:
    """The ping that proves has a deadline of its own."""
    conversation = opened(make_upbit())
    conversation.due(at(3.0))
    (step,) = conversation.due(at(13.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ConnectionLost)
    assert "a ping sent after the subscription within 10 s" in str(step.error)
    assert "tries again by itself. " in str(step.error)
    assert not step.error.fatal


def test_r1_after_three_silences_the_list_is_left_out() -> None:
    """LIST is asked again next time, but not after three silences in all."""
    memory: Memory = {}
    asked = []
    for _ in range(5):
        conversation = make_upbit().conversation(memory)
        conversation.connect(at(0.0), NONCE)
        steps = conversation.opened(at(0.0), NONCE)
        asked.append(len(sent(steps)) == 2)
        conversation.due(at(3.0))

    assert asked == [True, True, True, False, False]


def test_r1_an_error_before_the_list_is_tried_again_without_it() -> None:
    """The same error again is the subscription's, and fatal."""
    memory: Memory = {}
    first = opened(make_upbit(), memory)
    (step,) = first.received([error_frame("WRONG_FORMAT")], at(0.2))
    assert isinstance(step, Fail)
    assert not step.error.fatal
    assert first.closed(1000, "") is step.error

    second = make_upbit().conversation(memory)
    second.connect(at(10.0), NONCE)
    steps = second.opened(at(10.0), NONCE)
    assert kinds(steps) == ["Send", "Ping"]
    assert second.deadline == 20.0
    (step,) = second.received([error_frame("WRONG_FORMAT")], at(10.2))
    assert isinstance(step, Fail)
    assert type(step.error) is ExchangeError
    assert step.error.fatal


def test_r1_without_the_list_a_pong_is_the_proof() -> None:
    """After a refusal LIST is left out for good."""
    memory: Memory = {}
    opened(make_upbit(), memory).received([error_frame("INVALID_PARAM")], at(0.2))
    for _ in range(3):
        conversation = opened(make_upbit(), memory)
        assert list(conversation.pong(at(0.5))) == [Alive(0.5), Ready()]


@pytest.mark.parametrize(
    ("name", "kind", "fatal"),
    [
        ("INVALID_AUTH", AuthenticationError, True),
        ("out_of_scope", PermissionDenied, True),
        ("TOO_MANY_REQUEST", RateLimited, False),
    ],
)
def test_r1_errors_that_cannot_be_the_lists(
    name: str, kind: type[AssetStreamError], fatal: bool
) -> None:
    """The key's and the limit's errors count at once and do not blame LIST."""
    memory: Memory = {}
    (step,) = opened(make_upbit(), memory).received([error_frame(name)], at(0.2))

    assert isinstance(step, Fail)
    assert type(step.error) is kind
    assert step.error.fatal is fatal
    assert memory == {}


@pytest.mark.parametrize(
    ("name", "fatal"),
    [("WRONG_FORMAT", True), ("TOO_MANY_REQUEST", False), ("BRAND_NEW", False)],
)
def test_errors_once_the_list_came_are_judged_by_name(name: str, fatal: bool) -> None:
    """LIST is no longer to blame; an unknown name is not fatal."""
    (step,) = ready("upbit").received([error_frame(name), LIST], at(1.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, (ExchangeError, RateLimited))
    assert (step.error.code, step.error.fatal) == (name, fatal)


def test_pushes_before_an_error_are_kept() -> None:
    """A read that ends in an error still delivers what came before it."""
    push = sample("upbit", "push_default")
    steps = ready("upbit").received([push, error_frame("INVALID_AUTH"), push], at(1.0))

    assert kinds(steps) == ["Report", "Fail"]


def test_up_is_life() -> None:
    """The reply to a text PING is life and nothing else."""
    assert list(ready("upbit").received([sample("upbit", "status_up")], at(1.0))) == [
        Alive()
    ]


def test_r1_an_empty_list_proves_nothing() -> None:
    """An empty list is no push, whatever format was asked for."""
    for format in ("JSON_LIST", "SIMPLE_LIST"):
        assert list(opened(make_upbit(format=format)).received([b"[]"], at(1.0))) == []
