"""Bithumb's credentials and REST."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from assetstream import AssetStream, AssetStreamError
from assetstream.simulator import Simulator
from assetstream.simulator.bithumb.account import BithumbAccount
from assetstream.simulator.bithumb.venue import WINDOW, BithumbVenue
from assetstream.simulator.catalogue import create
from tests.simulator.bithumb.clients import accounts, bearer, client
from tests.support.balances import known_balances, true_balances
from tests.support.clients import call, client_of
from tests.support.event_recorder import EventRecorder


def refusal(account: BithumbAccount, **wrong: Any) -> tuple[int, str]:
    """Return status and name of the refusal of a read."""
    status, _, body = accounts(account, **wrong)
    return status, body["error"]["name"]


def test_accounts_are_read(bithumb: BithumbAccount) -> None:
    """A bare array of texts; a currency without money is not in it."""
    bithumb.withdraw("BTC", "0.5")
    status, _, body = accounts(bithumb)

    assert status == 200
    assert body == [
        {
            "currency": "KRW",
            "balance": "1000000",
            "locked": "0",
            "avg_buy_price": "0",
            "avg_buy_price_modified": False,
            "unit_currency": "KRW",
        }
    ]


@pytest.mark.filterwarnings("ignore:The HMAC key is")
@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "x" * 88},
        {"algorithm": "HS512"},
        {"access_key": "k" * 46},
        {"access_key": None},
        {"nonce": ""},
        {"nonce": 7},
        {"timestamp": None},
        {"timestamp": "1767225600000"},
        {"timestamp": True},
    ],
)
def test_a_wrong_token_proves_nothing(
    bithumb: BithumbAccount, wrong: dict[str, Any]
) -> None:
    """One name of an error stands for all; a time is needed always."""
    assert refusal(bithumb, **wrong) == (401, "jwt_verification")


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer abc"}]
)
def test_no_token_is_refused(bithumb: BithumbAccount, headers: dict[str, str]) -> None:
    """As a wrong one is."""
    url = bithumb.context.url
    status, _, body = call(url, "GET", "/bithumb/v1/accounts", headers)

    assert (status, body["error"]["name"]) == (401, "jwt_verification")


@pytest.mark.parametrize("late", [2 * WINDOW, -2 * WINDOW])
def test_a_token_of_another_time_has_expired(
    bithumb: BithumbAccount, late: float
) -> None:
    """Seconds in the place of milliseconds are another time, too."""
    assert accounts(bithumb, late=WINDOW / 2)[0] == 200
    assert refusal(bithumb, late=late) == (401, "expired_jwt")
    assert refusal(bithumb, timestamp=1_767_225_600) == (401, "expired_jwt")


def test_a_nonce_is_taken_once(bithumb: BithumbAccount) -> None:
    """REST and WebSocket refuse a nonce that was used."""
    nonce = str(uuid.uuid4())
    assert accounts(bithumb, nonce=nonce)[0] == 200

    assert refusal(bithumb, nonce=nonce) == (401, "jwt_verification")
    with pytest.raises(InvalidStatus) as refused:
        client(bithumb, nonce=nonce)
    assert b"jwt_verification" in refused.value.response.body


def test_a_hash_of_no_query_is_refused(bithumb: BithumbAccount) -> None:
    """The read has no parameters."""
    assert refusal(bithumb, query_hash="0") == (401, "invalid_query_payload")


def test_the_keys_own_limits_hold(exchange: Simulator) -> None:
    """Addresses and permissions, at the upgrade as by REST."""
    for options, name in (
        ({"allowed_ips": ["203.0.113.7"]}, "NotAllowIP"),
        ({"permissions": ["order"]}, "out_of_scope"),
    ):
        account = exchange.open("bithumb", **options)
        assert isinstance(account, BithumbAccount)
        assert refusal(account) == (401, name)
        with pytest.raises(InvalidStatus) as refused:
            client(account)
        assert json.loads(refused.value.response.body)["error"]["name"] == name


def test_connects_are_limited_by_address(
    exchange: Simulator, bithumb: BithumbAccount
) -> None:
    """The eleventh within a second is one too many, whosever key it has."""
    other = exchange.open("bithumb")
    assert isinstance(other, BithumbAccount)
    clients = [client(account) for account in (bithumb, other) for _ in range(5)]
    try:
        with pytest.raises(InvalidStatus) as refused:
            client(bithumb)
    finally:
        for each in clients:
            each.close()

    assert refused.value.response.status_code == 429


def test_reads_are_limited_by_address(bithumb: BithumbAccount) -> None:
    """The 141st read within a second is a 429, before its token is looked at."""
    url, path = bithumb.context.url, "/bithumb/v1/accounts"
    statuses = [call(url, "GET", path)[0] for _ in range(141)]

    assert statuses == [401] * 140 + [429]


def test_nothing_else_is_served(bithumb: BithumbAccount) -> None:
    """Other paths and methods are 404."""
    url, headers = bithumb.context.url, bearer(bithumb)

    assert call(url, "GET", "/bithumb/v1/orders", headers)[0] == 404
    assert call(url, "POST", "/bithumb/v1/accounts", headers)[0] == 404
    first = bithumb.ws_url.replace("v2", "v1")  # the version that was closed
    with pytest.raises(InvalidStatus) as refused:
        client_of(first, additional_headers=headers)
    assert refused.value.response.status_code == 404


def test_a_refusal_for_too_many_reads_says_how_long_to_wait() -> None:
    """The documents name the status."""
    reply = BithumbVenue.too_often(3)

    assert (reply.status, reply.headers["Retry-After"]) == (429, "3")


@pytest.mark.usefixtures("no_rate_limits")
def test_t2_a_stream_sets_its_clock_by_the_refusal(
    exchange: Simulator, bithumb: BithumbAccount
) -> None:
    """The exchange's clock is an hour ahead: the second try has the right time."""
    recorder = EventRecorder()
    with (
        exchange.faults.add(create("clock_jump", seconds=3600.0)),
        AssetStream(bithumb.exchange(), **recorder.handlers()) as stream,
    ):
        assert known_balances(stream) == true_balances(bithumb)
        assert bithumb.seen.connections == 1
        assert not recorder.of(AssetStreamError)
