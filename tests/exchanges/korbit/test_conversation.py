"""One connection with Korbit: the signed upgrade, the subscription, refusals, pings."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.model.errors import AssetStreamError, ConnectionLost, ExchangeError
from assetstream.protocol import NEVER, Alive, Fail, Ping, Ready, Warn
from tests.exchanges.korbit.spec import make_korbit
from tests.support.specs import NONCE, at, frame, kinds, opened, ready, sample, sent

ACK = sample("korbit", "subscribe_ack")
REFUSED = sample("korbit", "subscribe_refused")
MALFORMED = sample("korbit", "invalid_format")
PUSH = sample("korbit", "push_order")


def test_r1_it_subscribes_to_the_main_account() -> None:
    """By a list of requests; without a number it would not be answered."""
    conversation = make_korbit().conversation({})
    conversation.connect(at(0.0), NONCE)

    assert sent(conversation.opened(at(7.0), NONCE)) == [
        [
            {
                "requestId": 1,
                "method": "subscribe",
                "type": "myAsset",
                "accountSeqs": [1],
            }
        ]
    ]
    assert conversation.deadline == 17.0


@pytest.mark.parametrize("ack", [ACK, frame({"status": "success", "requestId": "1"})])
def test_r1_the_acknowledgement_is_the_proof(ack: bytes) -> None:
    """Once is enough; afterwards pings have deadlines."""
    conversation = opened(make_korbit())

    assert list(conversation.received([ack], at(1.0))) == [Ready()]
    assert list(conversation.received([ack], at(2.0))) == []
    assert conversation.deadline == 20.0
    assert list(conversation.due(at(20.0))) == [Ping()]
    assert list(conversation.pong(at(20.25))) == [Alive(0.25)]


def test_r1_a_push_is_a_proof_too() -> None:
    """Ready comes before the report; the answer that follows changes nothing."""
    conversation = opened(make_korbit())

    assert kinds(conversation.received([PUSH], at(1.0))) == ["Ready", "Report"]
    assert list(conversation.received([ACK], at(2.0))) == []


@pytest.mark.parametrize(
    "other",
    [
        {"requestId": 2, "status": "success"},
        {"status": "success"},
        {"channelType": "myTrade", "timestamp": 1, "trade": {}},
        {"type": "ticker", "timestamp": 1, "data": {}},
    ],
)
def test_r1_other_frames_prove_nothing(other: dict[str, Any]) -> None:
    """Only the answer with our number does, and a push of balances."""
    assert list(opened(make_korbit()).received([frame(other)], at(1.0))) == []


def test_r1_a_missing_answer_is_a_loss() -> None:
    """The error says what never came."""
    conversation = opened(make_korbit())
    (step,) = conversation.due(at(10.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ConnectionLost)
    assert "did not answer the subscription within 10 s" in str(step.error)
    assert conversation.closed(1006, "") is step.error
    assert conversation.deadline == NEVER


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (REFUSED, "INVALID_REQUEST: unknown_type"),
        (MALFORMED, "(invalid_format): Korbit did not understand"),
        (frame({"requestId": 1, "status": "fail", "code": "NEW"}), "does not know"),
        (frame({"status": "error", "message": "internal"}), "(internal)"),
        (frame({"requestId": 1, "status": 7}), "no reason given"),
    ],
)
def test_a_refused_subscription_is_tried_again(refused: bytes, words: str) -> None:
    """No code of a refusal for ever is known; whatever is no success refuses."""
    conversation = opened(make_korbit())
    (step,) = conversation.received([refused], at(1.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ExchangeError)
    assert not step.error.fatal
    assert "Korbit refused the subscription" in str(step.error)
    assert words in str(step.error)
    assert conversation.closed(1000, "") is step.error


@pytest.mark.parametrize("refused", [REFUSED, MALFORMED])
def test_a_refusal_of_nothing_that_matters_is_a_warning(refused: bytes) -> None:
    """The subscription is in force, whatever is refused now."""
    conversation = ready("korbit")
    (step,) = conversation.received([refused], at(1.0))

    assert isinstance(step, Warn)
    assert not step.error.fatal
    assert "refused a request" in str(step.error)
    assert kinds(conversation.received([PUSH], at(3.0))) == ["Report"]


def test_a_refused_upgrade_is_explained() -> None:
    """By the words of REST."""
    body = sample("korbit", "rest_error_key")
    error: AssetStreamError = make_korbit().conversation({}).refused(401, {}, body)

    assert "the WebSocket handshake (KEY_NOT_FOUND): the key is not" in str(error)
    assert error.fatal


def test_it_takes_leave_without_a_word() -> None:
    """The close is enough."""
    assert list(ready("korbit").closing(at(1.0))) == []
