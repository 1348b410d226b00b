"""OKX's refusals: the code decides, and the remedy is named."""

from __future__ import annotations

import pytest

from assetstream.exchanges.okx.refusals import CODES, KNOWN_KEY_CODES
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)
from tests.exchanges.okx.spec import make_okx
from tests.support.specs import frame, sample

REFUSALS = (ExchangeError, RateLimited)
KEY = AuthenticationError, True
FORBIDDEN = PermissionDenied, True
PASSING = ExchangeError, False
LIMITED = RateLimited, False

MEANINGS: dict[str, tuple[type[AssetStreamError], bool]] = {
    **dict.fromkeys(["60005", "60007", "60009", "60024", "60031", "60032"], KEY),
    **dict.fromkeys(["50035", "50101", "50103", "50104", "50105", "50106"], KEY),
    **dict.fromkeys(["50107", "50110", "50111", "50113", "50114", "50119"], KEY),
    **dict.fromkeys(["50007", "50008", "50030", "50100", "50120", "50121"], FORBIDDEN),
    **dict.fromkeys(["60014", "60020", "60023", "60025", "50011", "50040"], LIMITED),
    **dict.fromkeys(["60004", "60006", "50102", "50112"], PASSING),
    **dict.fromkeys(["60011", "60015", "63999", "64007"], PASSING),
    **dict.fromkeys(["50001", "50004", "50013", "50026"], PASSING),
    **dict.fromkeys(["60008", "60012", "60013", "60018", "60019"], PASSING),
    **dict.fromkeys(["60027", "60028", "60033"], PASSING),
}


def test_every_known_code_is_tested() -> None:
    """A new code in the table needs a place here."""
    assert set(CODES) == set(MEANINGS)
    assert set(CODES) >= KNOWN_KEY_CODES


@pytest.mark.parametrize(("code", "meaning"), MEANINGS.items())
@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_codes_decide_whatever_the_status(
    code: str, meaning: tuple[type[AssetStreamError], bool], status: int
) -> None:
    """A code may be text or number."""
    for spelt in (code, int(code)):
        body = frame({"code": spelt, "msg": "words"})
        with pytest.raises(REFUSALS) as caught:
            make_okx().read_replied(status, {"retry-after": "3"}, body)

        error = caught.value
        assert isinstance(error, REFUSALS)
        assert (type(error), error.fatal) == meaning
        assert (error.code, error.message) == (code, "words")
        assert error.retry_after == 3.0


@pytest.mark.parametrize(
    ("status", "kind", "fatal"),
    [
        (200, ExchangeError, False),
        (400, ExchangeError, False),
        (401, AuthenticationError, True),
        (403, PermissionDenied, True),
        (429, RateLimited, False),
        (503, ConnectionLost, False),
    ],
)
def test_a_code_that_is_not_listed(
    status: int, kind: type[AssetStreamError], fatal: bool
) -> None:
    """Only a status that is about the key makes it fatal."""
    with pytest.raises(AssetStreamError) as caught:
        make_okx().read_replied(status, {}, frame({"code": "59999", "msg": "?"}))

    assert (type(caught.value), caught.value.fatal) == (kind, fatal)


@pytest.mark.parametrize("status", [401, 403])
def test_a_gateway_s_json_is_not_okx_s_own(status: int) -> None:
    """Its codes are HTTP's; the key may be perfectly good."""
    body = frame({"code": status, "message": "Forbidden by policy"})
    with pytest.raises(AssetStreamError) as caught:
        make_okx().read_replied(status, {}, body)

    assert not caught.value.fatal


def test_the_answer_of_an_unknown_path_is_not_fatal() -> None:
    """The code is a number, and the HTTP status; perhaps rest_url is wrong."""
    with pytest.raises(ExchangeError) as caught:
        make_okx().read_replied(404, {}, sample("okx", "rest_error_path"))

    assert (caught.value.code, caught.value.fatal) == ("404", False)


def test_a_good_code_with_a_bad_status_is_not_okx_s_own() -> None:
    """A proxy may answer from a cache."""
    body = sample("okx", "rest_balances")
    with pytest.raises(ConnectionLost):
        make_okx().read_replied(404, {}, body)
