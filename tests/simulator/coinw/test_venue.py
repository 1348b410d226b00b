"""CoinW's signature and REST."""

from __future__ import annotations

import pytest

from assetstream.simulator import CoinWAccount, Simulator
from assetstream.simulator.coinw.venue import signature
from tests.support.clients import call, complete_balances


@pytest.mark.parametrize(
    ("parameters", "secret", "md5"),
    [
        (
            {"symbol": "LTCBTC", "api_key": "XXX"},
            "XXX",
            "AD26D501953EC615636AC668146268B4",
        ),
        (
            {
                "amount": "1.0",
                "api_key": "c821db84-6fbd-11e4-a9e3-c86000d26d7c",
                "price": "680",
                "symbol": "btc_cny",
                "type": "0",
            },
            "secretKey",
            "FF7C47DE0ABBC71C1ED40C5C4FFEFCF0",
        ),
        (
            {
                "command": "returnCompleteBalances",
                "api_key": "your_api_key",
                "sign": "left out",
            },
            "your_sec_key",
            "29AF1CDD9A5364BB55BDF7091718B472",
        ),
    ],
)
def test_the_worked_values_of_the_signature(
    parameters: dict[str, str], secret: str, md5: str
) -> None:
    """Parameters are sorted and raw, without sign and command, the secret last."""
    assert signature(parameters.items(), secret) == md5


def test_complete_balances(coinw: CoinWAccount) -> None:
    """Amounts are strings in the envelope of success, whose code is a string."""
    coinw.place_order(pay="USDT", amount="257.51830114", receive="BTC")

    assert complete_balances(coinw) == {
        "code": "200",
        "data": {
            "USDT": {"onOrders": "257.51830114", "available": "742.48169886"},
            "BTC": {"onOrders": "0", "available": "0.5"},
        },
        "msg": "SUCCESS",
        "success": True,
        "failed": False,
    }


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"sign": "29AF1CDD9A5364BB55BDF7091718B472"}, 6001),
        ({"sign": ""}, 6001),
        ({"api_key": "nobody"}, 6000),
        ({"command": "returnEverything"}, -3),
    ],
)
def test_refusals_come_with_status_200(
    coinw: CoinWAccount, changed: dict[str, str], code: int
) -> None:
    """The envelope has the refusal; the HTTP status is 200."""
    body = complete_balances(coinw, **changed)

    assert (body["code"], body["success"], body["failed"]) == (code, False, True)
    assert body["data"] is None
    assert body["msg"]


def test_a_value_is_signed_as_it_is(coinw: CoinWAccount) -> None:
    """Values are signed raw, and sent percent-encoded."""
    assert complete_balances(coinw, note="a b&c=d")["code"] == "200"


def test_address_and_permission(exchange: Simulator) -> None:
    """Both are checked after the signature."""
    elsewhere = exchange.coinw(allowed_ips=["203.0.113.7"])
    trading_only = exchange.coinw(permissions=["order"])

    assert complete_balances(elsewhere)["code"] == 6000
    assert complete_balances(trading_only)["code"] == 6003


def test_reads_are_limited(coinw: CoinWAccount) -> None:
    """Five reads in two seconds pass; the sixth is 29001 in HTTP 200."""
    codes = [complete_balances(coinw)["code"] for _ in range(6)]

    assert codes == ["200"] * 5 + [29001]


def test_nothing_else_is_served(coinw: CoinWAccount) -> None:
    """GET and other paths are 404."""
    target = "/api/v1/private?command=returnCompleteBalances"
    assert call(coinw.context.url, "GET", target)[0] == 404
    assert call(coinw.context.url, "POST", "/api/v1/public")[0] == 404
