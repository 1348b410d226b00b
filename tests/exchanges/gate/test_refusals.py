"""Gate's refusals: the label decides, and the remedy is named."""

from __future__ import annotations

import pytest

from assetstream.exchanges.gate.refusals import CODES, KNOWN_KEY_CODES, LABELS, WORDS
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)
from tests.exchanges.gate.spec import make_gate
from tests.support.specs import frame, sample

REFUSALS = (ExchangeError, RateLimited)

MEANINGS: dict[str, tuple[type[AssetStreamError], bool]] = {
    "INVALID_KEY": (AuthenticationError, True),
    "INVALID_SIGNATURE": (AuthenticationError, True),
    "INVALID_CREDENTIALS": (AuthenticationError, True),
    "MISSING_REQUIRED_HEADER": (AuthenticationError, True),
    "REQUEST_EXPIRED": (ExchangeError, False),
    "IP_FORBIDDEN": (AuthenticationError, True),
    "FORBIDDEN": (PermissionDenied, True),
    "READ_ONLY": (PermissionDenied, True),
    "ACCOUNT_LOCKED": (PermissionDenied, True),
    "SUB_ACCOUNT_LOCKED": (PermissionDenied, True),
    "TOO_MANY_REQUESTS": (RateLimited, False),
    "TOO_BUSY": (ExchangeError, False),
    "INTERNAL": (ExchangeError, False),
    "SERVER_ERROR": (ExchangeError, False),
}


def test_every_known_label_is_tested() -> None:
    """A new label in the table needs a line here; the codes are tested as frames."""
    assert set(LABELS) == set(MEANINGS)
    assert {*WORDS.values(), *KNOWN_KEY_CODES} <= set(LABELS)
    assert set(CODES) == {"1", "2", "3", "4", "6", "11"}


@pytest.mark.parametrize(("label", "meaning"), MEANINGS.items())
def test_labels_decide_whatever_the_status(
    label: str, meaning: tuple[type[AssetStreamError], bool]
) -> None:
    """The same label has come with 400, 401 and 403."""
    exchange = make_gate()
    body = frame({"label": label, "message": "words"})
    for status in (200, 400, 401, 403, 429, 500):
        errors = [exchange.conversation({}).refused(status, {"retry-after": "3"}, body)]
        with pytest.raises(REFUSALS) as caught:
            exchange.read_replied(status, {"retry-after": "3"}, body)
        for error in (*errors, caught.value):
            assert isinstance(error, REFUSALS)
            assert (type(error), error.fatal) == meaning
            assert (error.code, error.message) == (label, "words")
            assert error.retry_after == 3.0


@pytest.mark.parametrize(
    ("status", "kind", "fatal"),
    [
        (400, ExchangeError, False),
        (401, AuthenticationError, True),
        (403, PermissionDenied, True),
        (404, ExchangeError, False),
    ],
)
def test_a_label_that_is_not_listed(
    status: int, kind: type[ExchangeError], fatal: bool
) -> None:
    """The status decides."""
    body = frame({"label": "NEW_ONE", "message": "?"})
    with pytest.raises(ExchangeError) as caught:
        make_gate().read_replied(status, {}, body)

    assert (type(caught.value), caught.value.fatal) == (kind, fatal)


def test_t2_a_read_of_another_time_sets_the_clock() -> None:
    """The machine goes by the answer's Date, and tries again at once."""
    for status in (400, 401, 403):
        with pytest.raises(ExchangeError) as caught:
            make_gate().read_replied(status, {}, sample("gate", "rest_untimely"))

        assert caught.value.clock_off
        assert not caught.value.fatal


def test_an_unknown_key_may_be_of_the_other_network() -> None:
    """The hint names the region, and how to pass another."""
    with pytest.raises(AuthenticationError) as caught:
        make_gate(region="testnet").read_replied(
            401, {}, sample("gate", "rest_error_key")
        )

    assert "region='testnet' may be wrong" in str(caught.value)
    assert "global or testnet" in caught.value.hints[-1]


@pytest.mark.parametrize(
    "body", [b"<html>403</html>", b"[]", b"{}", b"\xff", b'{"label":[]}']
)
@pytest.mark.parametrize("status", [403, 502])
def test_what_is_not_gates_own_is_a_loss(status: int, body: bytes) -> None:
    """A firewall may refuse a whole country: nothing is known about the key."""
    error = make_gate().conversation({}).refused(status, {}, body)

    assert isinstance(error, ConnectionLost)
    assert (error.code, error.fatal) == (status, False)
    assert ("country" in str(error)) is (status == 403)
