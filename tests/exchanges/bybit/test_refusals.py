"""Bybit's refusals: the code decides, and the remedy is named."""

from __future__ import annotations

import itertools

import pytest

from assetstream.exchanges.bybit.frames import AUTH, OperationAnswer
from assetstream.exchanges.bybit.refusals import (
    CODES,
    KNOWN_KEY_CODES,
    WORDS,
    explain_refusal,
)
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)
from tests.exchanges.bybit.spec import make_bybit
from tests.support.specs import frame, sample

REFUSALS = (ExchangeError, RateLimited)

MEANINGS: dict[str, tuple[type[AssetStreamError], bool]] = {
    "10000": (ExchangeError, False),
    "10001": (ExchangeError, False),
    "10002": (ExchangeError, False),
    "10003": (AuthenticationError, True),
    "10004": (AuthenticationError, True),
    "10005": (PermissionDenied, True),
    "10006": (RateLimited, False),
    "10007": (AuthenticationError, True),
    "10008": (PermissionDenied, True),
    "10009": (PermissionDenied, False),
    "10010": (AuthenticationError, True),
    "10014": (ExchangeError, False),
    "10016": (ExchangeError, False),
    "10017": (ExchangeError, False),
    "10018": (RateLimited, False),
    "10024": (PermissionDenied, True),
    "10028": (PermissionDenied, True),
    "33004": (AuthenticationError, True),
}


def test_every_known_code_is_tested() -> None:
    """A new code in a table needs a line here."""
    assert set(CODES) == set(MEANINGS)
    assert {*WORDS.values(), *KNOWN_KEY_CODES} <= set(CODES)


@pytest.mark.parametrize(("code", "meaning"), MEANINGS.items())
def test_codes_decide_whatever_the_status(
    code: str, meaning: tuple[type[AssetStreamError], bool]
) -> None:
    """A code may be text or number."""
    for status, spelt in itertools.product((200, 400, 401, 403), (code, int(code))):
        body = frame({"retCode": spelt, "retMsg": "words", "result": {}})
        with pytest.raises(REFUSALS) as caught:
            make_bybit().read_replied(status, {"retry-after": "3"}, body)

        error = caught.value
        assert isinstance(error, REFUSALS)
        assert (type(error), error.fatal) == meaning
        assert (error.code, error.message) == (code, "words")
        assert error.retry_after == 3.0


def test_t2_a_read_of_another_time_sets_the_clock() -> None:
    """The machine goes by the answer's Date, and tries again at once."""
    with pytest.raises(ExchangeError) as caught:
        make_bybit().read_replied(200, {}, sample("bybit", "rest_untimely"))

    assert caught.value.clock_off
    assert not caught.value.fatal


@pytest.mark.parametrize(
    ("code", "words", "kind", "fatal"),
    [
        ("", "Unmatched IP, check your API key's addresses.", "10010", True),
        ("", "Permission denied, check your API key permissions", "10005", True),
        ("", "Too many requests for this API key", "10006", False),
        ("", "IP has been banned.", "10009", False),
        ("", "User has been banned.", "10008", True),
        ("", "The request time exceeds the time window range.", "10002", False),
        ("", "Exceeded the IP Rate Limit.", "10006", False),
        ("10019", "ws service is restarting, please reconnect", "10016", False),
        ("10403", "exceed IP rate limit", "10006", False),
        ("20003", "Too frequent requests under the same session", "10006", False),
        ("10429", "System level frequency protection", "10006", False),
        ("", "API key is invalid.", "10003", True),
        ("", "Your API key has expired", "33004", True),
    ],
)
def test_words_say_what_a_login_was_refused_for(
    code: str, words: str, kind: str, fatal: bool
) -> None:
    """Where there is no code, or none that is listed; many name the API key."""
    answer = OperationAnswer(AUTH, False, code, words)
    error = explain_refusal(make_bybit(), answer, AUTH)

    assert (type(error), error.fatal) == (CODES[kind].kind, fatal)
    assert fatal is CODES[kind].fatal


def test_an_unknown_key_may_be_another_sites() -> None:
    """The first hint names the region, and how to pass another."""
    with pytest.raises(AuthenticationError) as caught:
        make_bybit(region="demo").read_replied(200, {}, sample("bybit", "rest_refused"))

    assert "that of demo, pass its region=" in caught.value.hints[0]
    assert "global, eu, " in caught.value.hints[0]


@pytest.mark.parametrize(
    ("status", "kind", "fatal"),
    [
        (200, ExchangeError, False),
        (401, AuthenticationError, True),
        (403, PermissionDenied, True),
    ],
)
def test_a_code_that_is_not_listed(
    status: int, kind: type[AssetStreamError], fatal: bool
) -> None:
    """The status decides; only one of Bybit's own words forbids for good."""
    with pytest.raises(ExchangeError) as caught:
        make_bybit().read_replied(status, {}, frame({"retCode": 77, "retMsg": "?"}))

    assert (type(caught.value), caught.value.fatal) == (kind, fatal)


@pytest.mark.parametrize(
    ("body", "headers", "wait"),
    [
        (b"403, access too frequent", {}, 600.0),
        (b"Access Too Frequent", {"retry-after": "30"}, 30.0),
        (b"<html><p>access too frequent</p></html>", {}, 600.0),
    ],
)
def test_an_address_is_shut_out_for_ten_minutes(
    body: bytes, headers: dict[str, str], wait: float
) -> None:
    """Bybit asks to send nothing meanwhile: whoever goes on is shut out for longer."""
    error = make_bybit().conversation({}).refused(403, headers, body)

    assert isinstance(error, RateLimited)
    assert (error.retry_after, error.fatal) == (wait, False)


def test_a_firewalls_403_mentions_the_country() -> None:
    """The network in front of Bybit refuses whole countries by a page."""
    error = make_bybit().conversation({}).refused(403, {}, b"<html>403</html>")

    assert isinstance(error, ConnectionLost)
    assert (error.code, error.fatal) == (403, False)
    assert "country" in str(error)
