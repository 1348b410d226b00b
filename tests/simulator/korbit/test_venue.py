"""Korbit's signed requests, and its REST."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from assetstream.simulator import Simulator
from assetstream.simulator.korbit.account import KorbitAccount
from assetstream.simulator.korbit.venue import KorbitVenue
from tests.simulator.korbit.clients import balance, client, signed
from tests.support.clients import call, client_of


def refusals(account: KorbitAccount, **wrong: Any) -> list[tuple[int, str]]:
    """Return status and code of the refusals of a read and of an upgrade."""
    status, _, body = balance(account, **wrong)
    with pytest.raises(InvalidStatus) as refused:
        client(account, **wrong)
    response = refused.value.response
    upgrade = json.loads(response.body)["error"]["message"]
    return [
        (status, body["error"]["message"]),
        (response.status_code, upgrade),
    ]


def test_balances_are_listed(korbit: KorbitAccount) -> None:
    """In lower case; a currency without money is not in it."""
    korbit.place_order(pay="BTC", amount="0.1", receive="KRW")
    korbit.withdraw("KRW", 1000000)
    status, _, body = balance(korbit)

    assert status == 200
    assert body == {
        "success": True,
        "data": [
            {
                "currency": "btc",
                "balance": "0.5",
                "available": "0.4",
                "tradeInUse": "0.1",
                "withdrawalInUse": "0",
                "avgPrice": "0",
            }
        ],
    }


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"key": "x" * 64}, 401, "KEY_NOT_FOUND"),
        ({"secret": "x" * 64}, 401, "INVALID_SIGNATURE"),
        ({"signature": "0" * 64}, 401, "INVALID_SIGNATURE"),
        ({"query": "recvWindow=5000"}, 400, "BAD_REQUEST"),
        ({"query": "timestamp=soon"}, 400, "BAD_REQUEST"),
        ({"query": "timestamp=1&recvWindow=60001"}, 400, "BAD_REQUEST"),
        ({"query": "timestamp=1&recvWindow=x"}, 400, "BAD_REQUEST"),
        # 5 s behind, and not a whole one ahead.
        ({"late": 5001}, 400, "EXCEED_TIME_WINDOW"),
        ({"late": -1000}, 400, "EXCEED_TIME_WINDOW"),
        ({"query": "timestamp=1"}, 400, "EXCEED_TIME_WINDOW"),
    ],
)
def test_a_request_is_refused(
    korbit: KorbitAccount, wrong: dict[str, Any], status: int, code: str
) -> None:
    """Upgrades and reads are refused by the same; right ones pass."""
    assert refusals(korbit, **wrong) == [(status, code)] * 2
    for late in (5000, -999):
        assert balance(korbit, late=late)[0] == 200
        client(korbit, late=late).close()


def test_a_window_may_be_longer(korbit: KorbitAccount) -> None:
    """By a parameter that is signed like any other."""
    time = korbit.context.wall_ms("korbit") - 9000

    assert balance(korbit, query=f"recvWindow=9000&timestamp={time}")[0] == 200


def test_the_signature_comes_last(korbit: KorbitAccount) -> None:
    """What stands behind it is not signed."""
    query, headers = signed(korbit)
    target = f"/korbit/v2/balance?{query}&recvWindow=60000"

    status, _, body = call(korbit.context.url, "GET", target, headers)

    assert (status, body["error"]["message"]) == (401, "INVALID_SIGNATURE")


def test_no_key_is_refused(korbit: KorbitAccount) -> None:
    """As one that is not known."""
    query, _ = signed(korbit)
    status, _, body = call(korbit.context.url, "GET", f"/korbit/v2/balance?{query}")

    assert (status, body["error"]["message"]) == (401, "KEY_NOT_FOUND")


def test_the_keys_own_limits_hold(exchange: Simulator) -> None:
    """Addresses and permissions, at the upgrade as by REST."""
    for options, code in (
        ({"allowed_ips": ["203.0.113.7"]}, "IP_NOT_ALLOWED"),
        ({"permissions": ["order"]}, "PERMISSION_DENIED"),
    ):
        account = exchange.open("korbit", **options)
        assert isinstance(account, KorbitAccount)
        assert refusals(account) == [(403, code)] * 2


def test_a_fault_refuses_logins(exchange: Simulator, korbit: KorbitAccount) -> None:
    """As a key that is not known."""
    with exchange.refuse_logins(korbit), pytest.raises(InvalidStatus) as refused:
        client(korbit)

    assert b"KEY_NOT_FOUND" in refused.value.response.body


def test_reads_are_limited() -> None:
    """50 a second and account; the refusal says how long to wait."""
    with Simulator() as exchange:
        account = exchange.open("korbit")
        assert isinstance(account, KorbitAccount)
        while account.reads.use():
            pass
        status, headers, body = balance(account)

    assert (status, headers["retry-after"]) == (429, "1")
    assert body["error"]["message"] == "TOO_MANY_REQUESTS"
    assert KorbitVenue.too_often(3).headers["Retry-After"] == "3"


def test_nothing_else_is_served(korbit: KorbitAccount) -> None:
    """Other paths and methods are 404."""
    query, headers = signed(korbit)
    url = korbit.context.url

    assert call(url, "GET", f"/korbit/v2/orders?{query}", headers)[0] == 404
    assert call(url, "POST", f"/korbit/v2/balance?{query}", headers)[0] == 404
    with pytest.raises(InvalidStatus) as refused:
        client_of(f"{korbit.ws_url}/x?{query}", additional_headers=headers)
    assert refused.value.response.status_code == 404
