"""Upbit's refusals: the name decides, and the remedy is named."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.exchanges.upbit.refusals import NAMES
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)
from tests.support.specs import frame, make_upbit, sample

FATAL: dict[str, type[AssetStreamError]] = {
    "INVALID_AUTH": AuthenticationError,
    "WRONG_FORMAT": ExchangeError,
    "NO_TICKET": ExchangeError,
    "NO_TYPE": ExchangeError,
    "NO_CODES": ExchangeError,
    "INVALID_PARAM": ExchangeError,
    "invalid_query_payload": AuthenticationError,
    "jwt_verification": AuthenticationError,
    "expired_access_key": AuthenticationError,
    "invalid_access_key": AuthenticationError,
    "no_authorization_ip": AuthenticationError,
    "no_authorization_i_p": AuthenticationError,
    "no_authorization_token": AuthenticationError,
    "out_of_scope": PermissionDenied,
    "thirdparty_agreement_required": PermissionDenied,
}


PASSING: dict[str, type[AssetStreamError]] = {
    "TOO_MANY_REQUEST": RateLimited,
    "nonce_used": AuthenticationError,
}


def test_every_known_name_is_tested() -> None:
    """A new name in the table needs a line here."""
    assert set(NAMES) == {*FATAL, *PASSING}


@pytest.mark.parametrize(("name", "kind"), [*FATAL.items(), *PASSING.items()])
def test_the_name_decides_not_the_status(
    name: str, kind: type[AssetStreamError]
) -> None:
    """The same name means the same with 401 and 403, at handshake and REST."""
    exchange = make_upbit()
    body = frame({"error": {"message": "words", "name": name}})
    errors: list[Exception] = []
    for status in (200, 400, 401, 403):
        errors.append(exchange.conversation({}).refused(status, {}, body))
        with pytest.raises((ExchangeError, RateLimited)) as caught:
            exchange.read_replied(status, {}, body)
        errors.append(caught.value)

    for error in errors:
        assert type(error) is kind
        assert isinstance(error, (ExchangeError, RateLimited))
        assert (error.code, error.message) == (name, "words")
        assert error.fatal is (name in FATAL)
        assert error.exchange == "upbit"


def test_a_wrong_region_is_named_as_a_cause() -> None:
    """The commonest cause of a 401 is the other region's host."""
    error = make_upbit(region="kr").conversation({}).refused(401, {}, b"")

    assert "region='kr' may be wrong" in str(error)


def test_a_bad_address_has_a_remedy() -> None:
    """The user learns where to add the address."""
    body = sample("upbit", "rest_error_ip")
    error = make_upbit().conversation({}).refused(401, {}, body)

    assert "IP address" in str(error)
    assert "This is not a verified IP." in str(error)


@pytest.mark.parametrize(
    ("status", "kind", "fatal"),
    [
        (400, ExchangeError, False),
        (401, AuthenticationError, True),
        (403, PermissionDenied, True),
        (404, ExchangeError, False),
        (500, ConnectionLost, False),
    ],
)
@pytest.mark.parametrize("name", ["brand_new", 404])
def test_unknown_names_are_judged_by_status(
    name: Any, status: int, kind: type[Exception], fatal: bool
) -> None:
    """Only 401 and Upbit's own 403 stop the stream; a name may be an integer."""
    body = frame({"error": {"name": name, "message": "?"}})
    error = make_upbit().conversation({}).refused(status, {}, body)

    assert type(error) is kind
    assert error.fatal is fatal


def error_frame(name: str) -> bytes:
    """Make an error frame."""
    return frame({"error": {"message": "m", "name": name}})


def test_the_handshake_is_explained() -> None:
    """A refused upgrade goes through the same table."""
    error = make_upbit().conversation({}).refused(403, {}, error_frame("out_of_scope"))

    assert isinstance(error, PermissionDenied)
