"""CoinW's refusals: the code decides, and the remedy is named."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from assetstream.exchanges.coinw.refusals import CODES
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)
from tests.support.specs import frame, make_coinw

REFUSALS = (ExchangeError, RateLimited)


MEANINGS: dict[str, tuple[type[AssetStreamError], bool]] = {
    "29001": (RateLimited, False),
    "1001": (RateLimited, False),
    "1003": (AuthenticationError, True),
    "6000": (AuthenticationError, True),
    "6001": (AuthenticationError, True),
    "429": (RateLimited, False),
    "10001": (ExchangeError, False),
    "10002": (ExchangeError, False),
    "10003": (ExchangeError, False),
    "10004": (PermissionDenied, True),
    "10005": (PermissionDenied, True),
    "10006": (AuthenticationError, True),
    "10007": (AuthenticationError, True),
    "-103": (AuthenticationError, True),
    "6003": (PermissionDenied, True),
    "-200": (ExchangeError, False),
    "500": (ExchangeError, False),
    "-3": (ExchangeError, False),
    "402": (ExchangeError, False),
    "1007": (ExchangeError, False),
}


def test_every_known_code_is_tested() -> None:
    """A new code in the table needs a line here."""
    assert set(CODES) == set(MEANINGS)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, {"code": 403, "msg": "Forbidden by WAF"}),
        (401, {"code": 401, "msg": "Unauthorized", "success": False}),
        (403, {"success": False}),
    ],
)
def test_a_gateway_s_json_is_not_coinw_s_own(status: int, body: object) -> None:
    """A firewall stands before CoinW; the key may be perfectly good."""
    with pytest.raises(AssetStreamError) as caught:
        make_coinw().read_replied(status, {}, frame(body))

    assert not caught.value.fatal


@pytest.mark.parametrize(("code", "meaning"), MEANINGS.items())
def test_codes_decide_whatever_the_status(
    code: str, meaning: tuple[type[AssetStreamError], bool]
) -> None:
    """A code may be text or number, with ``msg`` or ``message``."""
    spellings = [(code, "msg"), (int(code), "msg"), (code, "message")]
    for status, (spelt, words) in itertools.product((200, 400, 401, 403), spellings):
        body = frame({"code": spelt, words: "words"})
        with pytest.raises(REFUSALS) as caught:
            make_coinw().read_replied(status, {"retry-after": "3"}, body)

        error = caught.value
        assert isinstance(error, REFUSALS)
        assert (type(error), error.fatal) == meaning
        assert (error.code, error.message) == (code, "words")
        assert error.retry_after == 3.0


@pytest.mark.parametrize(
    ("reply", "kind", "fatal"),
    [
        ({"code": "77", "msg": "?"}, ExchangeError, False),
        ({"code": "77", "msg": "require more Permission"}, PermissionDenied, True),
        ({"code": "200", "success": False, "data": {}}, ExchangeError, False),
        ({"code": "200", "failed": "true", "data": {}}, ExchangeError, False),
        ({"success": False, "msg": "?"}, ExchangeError, False),
    ],
)
def test_unknown_refusals_are_not_fatal(
    reply: dict[str, Any], kind: type[ExchangeError], fatal: bool
) -> None:
    """Only words about a permission make an unknown refusal fatal."""
    with pytest.raises(ExchangeError) as caught:
        make_coinw().read_replied(200, {}, frame(reply))

    assert (type(caught.value), caught.value.fatal) == (kind, fatal)


def test_a_firewalls_403_mentions_the_origin() -> None:
    """The remedy for a 403 without CoinW's form names the Origin."""
    error = make_coinw().conversation({}).refused(403, {}, b"<html>403</html>")

    assert isinstance(error, ConnectionLost)
    assert (error.code, error.fatal) == (403, False)
    assert "Origin" in str(error)


def test_its_own_403_is_fatal() -> None:
    """A 403 in CoinW's form is fatal."""
    error = make_coinw().conversation({}).refused(403, {}, b'{"code":"77","msg":"no"}')

    assert isinstance(error, PermissionDenied)
    assert error.fatal
