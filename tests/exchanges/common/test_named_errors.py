"""Errors with names: the name decides, then the status."""

from __future__ import annotations

import pytest

from assetstream.exchanges.common.named_errors import NAMES, NamedErrors
from assetstream.exchanges.common.refusals import Meaning
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    ProtocolError,
    RateLimited,
)
from tests.support.specs import frame, make_upbit

KEY = Meaning(AuthenticationError, True, "the key")
FORBIDDEN = Meaning(PermissionDenied, True, "forbidden")
LIMIT = Meaning(RateLimited, False, "too many")
ERRORS = NamedErrors({**NAMES, "limit": LIMIT}, key=KEY, forbidden=FORBIDDEN)


def explained(status: int, body: bytes) -> AssetStreamError:
    """Explain an answer."""
    headers = {"retry-after": "5"}
    return ERRORS.explain_answer(make_upbit(), status, headers, body, "it")


@pytest.mark.parametrize(
    ("status", "name", "kind", "fatal"),
    [
        (403, "limit", RateLimited, False),
        (500, "NO_TYPE", ExchangeError, True),
        (401, "new", AuthenticationError, True),
        (403, "new", PermissionDenied, True),
        (401, "AccessDenied", AuthenticationError, False),
        (401, "401", AuthenticationError, False),
        (403, "forbidden", ConnectionLost, False),
        (403, "AccessDenied", ConnectionLost, False),
        (400, "new", ExchangeError, False),
        (200, "new", ExchangeError, False),
        (503, "new", ConnectionLost, False),
        (429, "new", RateLimited, False),
    ],
)
def test_the_name_goes_before_the_status(
    status: int, name: str, kind: type[AssetStreamError], fatal: bool
) -> None:
    """A name that is not listed is judged by the status."""
    error = explained(status, frame({"error": {"name": name, "message": "m"}}))

    assert type(error) is kind
    assert (error.fatal, error.retry_after) == (fatal, 5.0)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b"", AuthenticationError),
        (403, b"{}", ConnectionLost),
        (403, b"<html>", ConnectionLost),
        (200, b"{}", ProtocolError),
        (502, b"", ConnectionLost),
    ],
)
def test_other_words_are_never_fatal(
    status: int, body: bytes, kind: type[AssetStreamError]
) -> None:
    """They may be a proxy's."""
    error = explained(status, body)

    assert type(error) is kind
    assert not error.fatal


def test_an_unknown_name_sends_to_the_documents_of_its_exchange() -> None:
    """The remedy names the exchange."""
    error = ERRORS.explain_name(make_upbit(), "new", "", "it")

    assert "Upbit's documents" in error.remedy
