"""One connection with Bithumb: what proves a subscription, errors, pings."""

from __future__ import annotations

import pytest

from assetstream.model.errors import AssetStreamError, ConnectionLost, ExchangeError
from assetstream.protocol import Alive, Fail, Ping, Ready, Send
from tests.exchanges.bithumb.spec import make_bithumb
from tests.support.specs import NONCE, at, frame, kinds, opened, ready, sample, sent

PUSH = sample("bithumb", "push_krw")


def test_r1_it_subscribes_and_pings() -> None:
    """Without codes, which myAsset does not take; the format is named."""
    conversation = make_bithumb().conversation({})
    conversation.connect(at(0.0), NONCE)
    steps = conversation.opened(at(0.0), NONCE)

    assert kinds(steps) == ["Send", "Ping"]
    assert sent(steps) == [
        [{"ticket": NONCE}, {"type": "myAsset"}, {"format": "DEFAULT"}]
    ]
    assert conversation.deadline == 10.0


def test_r1_the_pong_behind_the_subscription_proves_it() -> None:
    """Nothing else answers a good subscription."""
    conversation = opened(make_bithumb())

    assert list(conversation.pong(at(0.25))) == [Alive(0.25), Ready()]
    assert list(conversation.pong(at(0.5))) == [Alive(None)]
    assert list(conversation.due(at(20.0))) == [Ping()]


def test_r1_a_push_is_a_proof_too() -> None:
    """It may come before the pong."""
    conversation = opened(make_bithumb())

    assert kinds(conversation.received([PUSH, PUSH], at(0.1))) == ["Ready", "Report"]
    assert list(conversation.pong(at(0.2))) == [Alive(0.2)]


def test_r1_being_up_proves_nothing() -> None:
    """The exchange says so on a clock of its own, whatever is subscribed."""
    up = sample("bithumb", "status_up")

    assert list(opened(make_bithumb()).received([up], at(0.1))) == [Alive()]


def test_r1_no_pong_is_a_loss() -> None:
    """The connection is given up, and another made."""
    (step,) = opened(make_bithumb()).due(at(10.0))

    assert isinstance(step, Fail)
    assert isinstance(step.error, ConnectionLost)
    assert "Bithumb did not answer a ping" in str(step.error)


@pytest.mark.parametrize(
    ("error", "name", "fatal"),
    [
        (sample("bithumb", "error_wrong_format"), "WRONG_FORMAT", True),
        (sample("bithumb", "error_no_ticket"), "NO_TICKET", True),
        (frame({"error": {"name": "NEW", "message": "m"}}), "NEW", False),
    ],
)
@pytest.mark.parametrize("proved", [False, True])
def test_an_error_ends_the_connection(
    error: bytes, name: str, fatal: bool, proved: bool
) -> None:
    """Bithumb closes by 1000 behind it: the error is the reason."""
    conversation = ready("bithumb") if proved else opened(make_bithumb())
    steps = list(conversation.received([PUSH, error, PUSH], at(1.0)))
    step = steps[-1]

    assert isinstance(step, Fail)
    assert isinstance(step.error, ExchangeError)
    assert (step.error.code, step.error.fatal) == (name, fatal)
    assert conversation.closed(1000, "") is step.error


def test_a_list_of_subscriptions_is_nobodys_answer() -> None:
    """It is never asked for."""
    listed = b'{"method":"LIST_SUBSCRIPTIONS","result":[],"ticket":"t"}'

    assert list(ready("bithumb").received([listed], at(1.0))) == []


def test_it_takes_leave_without_a_word() -> None:
    """The close is enough."""
    steps: list[Send] = list(ready("bithumb").closing(at(1.0)))

    assert steps == []


@pytest.mark.parametrize("name", ["jwt_verification", "expired_jwt"])
def test_a_refused_upgrade_is_explained(name: str) -> None:
    """In the words of REST, if the exchange uses them there; the documents are mute."""
    error: AssetStreamError = (
        make_bithumb()
        .conversation({})
        .refused(401, {}, frame({"error": {"name": name, "message": "m"}}))
    )

    assert f"the WebSocket handshake ({name}: m)" in str(error)
