"""Korbit's refusals: the code decides, then the status, and the remedy is named."""

from __future__ import annotations

import pytest

from assetstream.exchanges.korbit.refusals import CODES
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    ProtocolError,
    RateLimited,
)
from tests.exchanges.korbit.spec import make_korbit
from tests.support.specs import frame, sample

MEANINGS: dict[str, tuple[type[ExchangeError], bool]] = {
    "EXCEED_TIME_WINDOW": (ExchangeError, False),
    "KEY_NOT_FOUND": (AuthenticationError, True),
    "BAD_REQUEST": (ExchangeError, False),
    "TRY_AGAIN": (ExchangeError, False),
    "INVALID_REQUEST": (ExchangeError, False),
}


def body(code: object) -> bytes:
    """Make an error."""
    return frame({"success": False, "error": {"message": code}})


def refused(status: int, answer: bytes, **headers: str) -> AssetStreamError:
    """Return the error for an answer to a read."""
    with pytest.raises(AssetStreamError) as caught:
        make_korbit().read_replied(status, headers, answer)
    return caught.value


def test_every_known_code_is_tested() -> None:
    """A new code in the table needs a line here."""
    assert set(CODES) == set(MEANINGS)


@pytest.mark.parametrize(("code", "meaning"), MEANINGS.items())
@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_a_known_code_decides(
    status: int, code: str, meaning: tuple[type[ExchangeError], bool]
) -> None:
    """At the handshake and by REST; an error may come in 200."""
    errors = [
        refused(status, body(code)),
        make_korbit().conversation({}).refused(status, {}, body(code)),
    ]

    for error in errors:
        assert isinstance(error, ExchangeError)
        assert (type(error), error.fatal, error.code) == (*meaning, code)
        assert error.clock_off is (code == "EXCEED_TIME_WINDOW")


@pytest.mark.parametrize(
    ("status", "kind", "fatal"),
    [
        (200, ExchangeError, False),
        (400, ExchangeError, False),
        (401, AuthenticationError, True),
        (403, PermissionDenied, True),
        (404, ExchangeError, False),
        (429, RateLimited, False),
        (500, ConnectionLost, False),
    ],
)
def test_of_any_other_code_the_status_decides(
    status: int, kind: type[AssetStreamError], fatal: bool
) -> None:
    """The documents list the statuses, and hardly a code that is about keys."""
    error = refused(status, body("BRAND_NEW"), **{"retry-after": "3"})

    assert (type(error), error.fatal) == (kind, fatal)
    assert getattr(error, "retry_after", 3.0) == 3.0


@pytest.mark.parametrize("status", [401, 403])
def test_a_gateway_s_json_is_not_korbit_s_own(status: int) -> None:
    """Its words are no code; the key may be perfectly good."""
    assert not refused(status, body("Unauthorized")).fatal


def test_t2_a_read_of_another_time_sets_the_clock() -> None:
    """The machine goes by the answer's Date, and tries again at once."""
    error = refused(400, sample("korbit", "rest_error_time"))

    assert isinstance(error, ExchangeError)
    assert (error.clock_off, error.fatal) == (True, False)
    assert "clock" in error.hints[0]


def test_a_403_names_both_causes() -> None:
    """Korbit says the same of a permission and of an address."""
    permission, address = refused(403, body("FORBIDDEN")).hints

    assert "자산 조회" in permission
    assert "IP address" in address


def test_a_wrong_signature_is_the_secrets() -> None:
    """So its hint comes first, with the type of key that it has to be."""
    secret, key = refused(401, body("BAD_SIGNATURE")).hints

    assert "Copy secret_key again" in secret
    assert "HMAC-SHA256" in secret
    assert "expires after a year" in key


@pytest.mark.parametrize(
    "answer",
    [
        b"{}",
        b"[]",
        b'{"success":false}',
        b'{"success":false,"error":"no"}',
        b'{"success":false,"error":{"message":null}}',
    ],
)
def test_what_is_no_error_of_korbits_is_told(answer: bytes) -> None:
    """In 200 it is not understood; elsewhere somebody else has said it."""
    assert isinstance(refused(200, answer), ProtocolError)
    assert isinstance(refused(403, answer), ConnectionLost)
