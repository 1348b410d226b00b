"""Binance's refusals: the code decides, and the remedy is named."""

from __future__ import annotations

import itertools

import pytest

from assetstream.exchanges.binance.refusals import CODES, KNOWN_KEY_CODES
from assetstream.model.errors import (
    AssetStreamError,
    AuthenticationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    RateLimited,
)
from tests.exchanges.binance.spec import make_binance
from tests.support.specs import frame, sample

REFUSALS = (ExchangeError, RateLimited)

MEANINGS: dict[str, tuple[type[AssetStreamError], bool]] = {
    **{f"-{code}": (ExchangeError, False) for code in (1000, 1001, 1006, 1007, 1008)},
    **{f"-{code}": (ExchangeError, False) for code in (1016, 1020, 1021, 2035, 2036)},
    **{f"-{code}": (ExchangeError, False) for code in range(1100, 1132)},
    "-1002": (PermissionDenied, True),
    "-1003": (RateLimited, False),
    "-1022": (AuthenticationError, True),
    "-1034": (RateLimited, False),
    "-1099": (AuthenticationError, True),
    "-2008": (AuthenticationError, True),
    "-2014": (AuthenticationError, True),
    "-2015": (AuthenticationError, True),
}


def test_every_known_code_is_tested() -> None:
    """A new code in the table needs a line here."""
    assert set(CODES) == set(MEANINGS)
    assert set(CODES) > KNOWN_KEY_CODES


@pytest.mark.parametrize(("code", "meaning"), MEANINGS.items())
def test_codes_decide_whatever_the_status(
    code: str, meaning: tuple[type[AssetStreamError], bool]
) -> None:
    """A code may be text or number."""
    for status, spelt in itertools.product((200, 400, 401, 403), (code, int(code))):
        body = frame({"code": spelt, "msg": "words"})
        with pytest.raises(REFUSALS) as caught:
            make_binance().read_replied(status, {"retry-after": "3"}, body)

        error = caught.value
        assert isinstance(error, REFUSALS)
        assert (type(error), error.fatal) == meaning
        assert (error.code, error.message) == (code, "words")
        assert error.retry_after == 3.0


def test_t2_a_read_of_another_time_sets_the_clock() -> None:
    """The machine goes by the answer's Date, and tries again at once."""
    with pytest.raises(ExchangeError) as caught:
        make_binance().read_replied(400, {}, sample("binance", "rest_untimely"))

    assert (caught.value.clock_off, caught.value.fatal) == (True, False)


def test_a_refused_key_names_all_three_causes() -> None:
    """-2015 does not say which: network, address, permission and key are hinted at."""
    with pytest.raises(AuthenticationError) as caught:
        make_binance(region="demo").read_replied(
            401, {}, sample("binance", "rest_refused")
        )

    network, address, permission, key = caught.value.hints
    assert "if the key is not of demo, pass its region=" in network
    assert "global, testnet or demo" in network
    assert "IP addresses" in address
    assert "Enable Reading" in permission
    assert "Copy api_key again" in key


@pytest.mark.parametrize(
    ("status", "kind", "fatal"),
    [
        (200, ExchangeError, False),
        (401, AuthenticationError, True),
        (403, ExchangeError, False),
        (400, ExchangeError, False),
    ],
)
def test_a_code_that_is_not_listed(
    status: int, kind: type[AssetStreamError], fatal: bool
) -> None:
    """The status decides; 403 is the firewall's."""
    with pytest.raises(ExchangeError) as caught:
        make_binance().read_replied(status, {}, frame({"code": -77, "msg": "?"}))

    assert (type(caught.value), caught.value.fatal) == (kind, fatal)


@pytest.mark.parametrize("status", [401, 403])
def test_a_gateway_s_json_is_not_binance_s_own(status: int) -> None:
    """Binance's codes are negative; the key may be perfectly good."""
    body = frame({"code": status, "msg": "Forbidden"})
    with pytest.raises(AssetStreamError) as caught:
        make_binance().read_replied(status, {}, body)

    assert not caught.value.fatal


@pytest.mark.parametrize(("status", "wait"), [(418, 60.0), (429, None)])
def test_a_wait_of_nothing_is_none(status: int, wait: float | None) -> None:
    """Whoever asks again at once is shut out for longer."""
    with pytest.raises(RateLimited) as caught:
        make_binance().read_replied(status, {"retry-after": "0"}, b"")

    assert caught.value.retry_after == wait


@pytest.mark.parametrize("status", [418, 429])
def test_a_ban_keeps_its_wait(status: int) -> None:
    """Whoever goes on is shut out for longer."""
    body = frame({"code": -1003, "msg": "Way too many requests; IP banned."})
    with pytest.raises(RateLimited) as caught:
        make_binance().read_replied(status, {"retry-after": "120"}, body)

    assert (caught.value.retry_after, caught.value.fatal) == (120.0, False)


@pytest.mark.parametrize("code", ["", "-1001"])
@pytest.mark.parametrize("status", [500, 503])
def test_an_outage_is_a_loss_whatever_its_code(status: int, code: str) -> None:
    """The status says more than the code."""
    body = frame({"code": code, "msg": "?"})
    with pytest.raises(ConnectionLost):
        make_binance().read_replied(status, {}, body)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>451</html>",
        b'{"code":0,"msg":"Service unavailable from a restricted location"}',
    ],
)
def test_a_country_that_is_not_served(body: bytes) -> None:
    """451 is about the network, not the key; another network may be served."""
    error = make_binance().conversation({}).refused(451, {}, body)

    assert isinstance(error, PermissionDenied)
    assert (error.code, error.fatal) == ("451", False)
    assert "country" in str(error)


def test_a_firewalls_403_mentions_the_country() -> None:
    """The network in front of Binance refuses by a page."""
    error = make_binance().conversation({}).refused(403, {}, b"<html>403</html>")

    assert isinstance(error, ConnectionLost)
    assert (error.code, error.fatal) == (403, False)
    assert "country" in str(error)
