"""Bithumb's refusals: the name decides, and the remedy is named."""

from __future__ import annotations

import pytest

from assetstream.exchanges.bithumb.refusals import NAMES
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
)
from tests.exchanges.bithumb.spec import make_bithumb
from tests.support.specs import frame, sample

KINDS: dict[str, tuple[type[ExchangeError], bool]] = {
    "WRONG_FORMAT": (ExchangeError, True),
    "NO_TICKET": (ExchangeError, True),
    "NO_TYPE": (ExchangeError, True),
    "NO_CODES": (ExchangeError, True),
    "INVALID_PARAM": (ExchangeError, True),
    "invalid_query_payload": (AuthenticationError, True),
    "jwt_verification": (AuthenticationError, True),
    "expired_jwt": (ExchangeError, False),
    "NotAllowIP": (AuthenticationError, True),
    "out_of_scope": (PermissionDenied, True),
    "blocked_member_id": (PermissionDenied, True),
}


def test_every_known_name_is_tested() -> None:
    """A new name in the table needs a line here."""
    assert set(NAMES) == set(KINDS)


@pytest.mark.parametrize(("name", "expected"), KINDS.items())
def test_the_name_decides_not_the_status(
    name: str, expected: tuple[type[ExchangeError], bool]
) -> None:
    """The same name means the same with 401 and 403, at handshake and REST."""
    exchange = make_bithumb()
    body = frame({"error": {"message": "words", "name": name}})
    for status in (200, 400, 401, 403):
        errors: list[AssetStreamError] = [
            exchange.conversation({}).refused(status, {}, body)
        ]
        with pytest.raises(ExchangeError) as caught:
            exchange.read_replied(status, {}, body)
        for error in (*errors, caught.value):
            assert isinstance(error, ExchangeError)
            assert (type(error), error.fatal) == expected
            assert (error.code, error.message) == (name, "words")
            assert error.clock_off is (name == "expired_jwt")


def test_an_expired_token_is_the_clocks_fault() -> None:
    """T2: the machine sets its clock by this answer, and tries again."""
    body = sample("bithumb", "rest_error_time")
    with pytest.raises(ExchangeError) as caught:
        make_bithumb().read_replied(401, {}, body)

    assert caught.value.clock_off
    assert not caught.value.fatal
    assert "clock" in caught.value.hints[0]


@pytest.mark.parametrize(
    ("status", "kind", "fatal"),
    [
        (400, ExchangeError, False),
        (401, AuthenticationError, True),
        (403, PermissionDenied, True),
        (500, ConnectionLost, False),
    ],
)
def test_unknown_names_are_judged_by_status(
    status: int, kind: type[AssetStreamError], fatal: bool
) -> None:
    """The documents name no error for a key that is not known."""
    body = frame({"error": {"name": "brand_new", "message": "?"}})
    error = make_bithumb().conversation({}).refused(status, {}, body)

    assert (type(error), error.fatal) == (kind, fatal)


def test_a_bad_address_has_a_remedy() -> None:
    """The user learns where to add the address."""
    body = sample("bithumb", "rest_error_ip")
    error = make_bithumb().conversation({}).refused(401, {}, body)

    assert "not allowed client IP" in str(error)
    assert "Bithumb's site" in error.hints[0]
