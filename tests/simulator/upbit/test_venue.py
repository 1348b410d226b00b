"""Upbit's credentials and REST."""

from __future__ import annotations

import uuid
from email.utils import parsedate_to_datetime
from typing import Any

import jwt
import pytest
from websockets.exceptions import InvalidStatus

from assetstream.simulator import Simulator, UpbitAccount
from tests.support.clients import accounts, bearer, call, client_of, upbit_client


def name_of(body: Any) -> Any:
    return body["error"]["name"]


def test_accounts_are_read(upbit: UpbitAccount) -> None:
    """GET /v1/accounts is a bare array of strings, with Date and Remaining-Req."""
    upbit.deposit("XRP", "0.00000000000000000000000001")

    status, headers, body = accounts(upbit)

    assert status == 200
    assert body[0] == {
        "currency": "SGD",
        "balance": "1000",
        "locked": "0",
        "avg_buy_price": "0",
        "avg_buy_price_modified": False,
        "unit_currency": "SGD",
    }
    assert body[2]["balance"] == "0.00000000000000000000000001"
    assert headers["remaining-req"] == "group=default; min=1800; sec=29"
    assert parsedate_to_datetime(headers["date"]).tzinfo is not None


def test_a_currency_without_money_is_not_listed(exchange: Simulator) -> None:
    """REST leaves a currency out that is zero."""
    upbit = exchange.upbit({"SGD": "1", "BTC": "0"})

    assert [item["currency"] for item in accounts(upbit)[2]] == ["SGD"]


@pytest.mark.filterwarnings("ignore:The HMAC key is")
@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
def test_both_algorithms_are_verified(upbit: UpbitAccount, algorithm: str) -> None:
    """HS256 and HS512 pass with the right secret only."""
    assert accounts(upbit, algorithm=algorithm)[0] == 200

    status, _, body = accounts(upbit, algorithm=algorithm, secret="x" * 40)
    assert (status, name_of(body)) == (401, "jwt_verification")


@pytest.mark.filterwarnings("ignore:The HMAC key is")
def test_another_algorithm_is_refused(upbit: UpbitAccount) -> None:
    """HS384 and an unsigned token prove nothing."""
    assert name_of(accounts(upbit, algorithm="HS384")[2]) == "jwt_verification"
    claims = {"access_key": upbit.access_key, "nonce": "n"}
    token = jwt.encode(claims, "", "none")
    headers = {"Authorization": f"Bearer {token}"}
    body = call(upbit.context.url, "GET", "/v1/accounts", headers)[2]
    assert name_of(body) == "jwt_verification"


def test_a_nonce_is_taken_once(upbit: UpbitAccount) -> None:
    """REST and WebSocket refuse a nonce that was used."""
    nonce = str(uuid.uuid4())
    assert accounts(upbit, nonce=nonce)[0] == 200

    status, _, body = accounts(upbit, nonce=nonce)
    assert (status, name_of(body)) == (401, "nonce_used")
    with pytest.raises(InvalidStatus) as refused:
        upbit_client(upbit, nonce=nonce)
    assert b"nonce_used" in refused.value.response.body


def test_an_unknown_key_is_refused(upbit: UpbitAccount) -> None:
    """The error is invalid_access_key, before the signature is checked."""
    status, _, body = accounts(upbit, access_key="k" * 40)

    assert (status, name_of(body)) == (401, "invalid_access_key")


def test_a_key_of_another_region_is_refused(exchange: Simulator) -> None:
    """The Singapore host does not know a Korean key."""
    korean = exchange.upbit(region="kr")

    assert name_of(accounts(korean)[2]) == "invalid_access_key"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ({}, "no_authorization_token"),
        ({"Authorization": "Basic abc"}, "no_authorization_token"),
        ({"Authorization": "Bearer abc"}, "jwt_verification"),
    ],
)
def test_no_token_is_refused(
    upbit: UpbitAccount, header: dict[str, str], name: str
) -> None:
    """A missing or unreadable token has its own error."""
    status, _, body = call(upbit.context.url, "GET", "/v1/accounts", header)

    assert (status, name_of(body)) == (401, name)


def test_a_token_without_a_nonce_is_refused(upbit: UpbitAccount) -> None:
    """Both claims are needed."""
    token = jwt.encode({"access_key": upbit.access_key}, upbit.secret_key, "HS256")
    headers = {"Authorization": f"Bearer {token}"}

    body = call(upbit.context.url, "GET", "/v1/accounts", headers)[2]

    assert name_of(body) == "invalid_query_payload"


def test_an_address_not_on_the_list_is_refused(exchange: Simulator) -> None:
    """The error is no_authorization_ip; a listed address passes."""
    elsewhere = exchange.upbit(allowed_ips=["203.0.113.7"])
    here = exchange.upbit(allowed_ips=["127.0.0.1"])

    status, _, body = accounts(elsewhere)
    assert (status, name_of(body)) == (401, "no_authorization_ip")
    assert accounts(here)[0] == 200


def test_a_key_without_permission_is_refused(exchange: Simulator) -> None:
    """out_of_scope is a 403, on REST and at the upgrade."""
    trading_only = exchange.upbit(permissions=["order"])

    status, _, body = accounts(trading_only)
    assert (status, name_of(body)) == (403, "out_of_scope")
    with pytest.raises(InvalidStatus) as refused:
        upbit_client(trading_only)
    assert refused.value.response.status_code == 403
    assert b"out_of_scope" in refused.value.response.body


def test_an_upgrade_is_refused_in_the_words_of_rest(upbit: UpbitAccount) -> None:
    """A wrong secret is a 401 with the error as JSON."""
    with pytest.raises(InvalidStatus) as refused:
        upbit_client(upbit, secret="x" * 40)

    assert refused.value.response.status_code == 401
    assert b'"name":"jwt_verification"' in refused.value.response.body


def test_reads_are_limited(upbit: UpbitAccount) -> None:
    """The 31st read within a second is a 429 with nothing remaining."""
    answers = [accounts(upbit) for _ in range(31)]

    assert [a[0] for a in answers[:30]] == [200] * 30
    assert answers[30][0] == 429
    assert answers[30][1]["remaining-req"] == "group=default; min=1800; sec=0"


def test_connects_are_limited(upbit: UpbitAccount) -> None:
    """The sixth connect within a second is a 429."""
    clients = [upbit_client(upbit) for _ in range(5)]
    try:
        with pytest.raises(InvalidStatus) as refused:
            upbit_client(upbit)
    finally:
        for client in clients:
            client.close()

    assert refused.value.response.status_code == 429


def test_connects_with_an_origin_are_limited_more(upbit: UpbitAccount) -> None:
    """The second within ten seconds is a 429."""
    headers = {"Origin": "https://upbit.com"}
    client_of(upbit.ws_url, additional_headers={**bearer(upbit), **headers}).close()
    with pytest.raises(InvalidStatus) as refused:
        client_of(upbit.ws_url, additional_headers={**bearer(upbit), **headers})
    upbit_client(upbit).close()

    assert refused.value.response.status_code == 429


def test_limits_can_be_switched_off() -> None:
    """rate_limits=False allows any rate."""
    with Simulator(rate_limits=False) as exchange:
        upbit = exchange.upbit()
        assert {accounts(upbit)[0] for _ in range(40)} == {200}


def test_nothing_else_is_served(upbit: UpbitAccount) -> None:
    """Other paths and methods are 404."""
    assert call(upbit.context.url, "GET", "/v1/orders", bearer(upbit))[0] == 404
    assert call(upbit.context.url, "POST", "/v1/accounts", bearer(upbit))[0] == 404
    assert call(upbit.context.url, "GET", "/nowhere")[0] == 404
