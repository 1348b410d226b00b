"""Bybit's signatures, time windows and REST."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.simulator import Simulator
from assetstream.simulator.bybit.account import BybitAccount
from assetstream.simulator.bybit.venue import BybitVenue
from tests.simulator.bybit.clients import wallet_balance
from tests.support.clients import call


def coins(body: Any) -> dict[str, Any]:
    """Return the coins of a reply, by their names."""
    return {coin["coin"]: coin for coin in body["result"]["list"][0]["coin"]}


def test_the_balances_are_texts(bybit: BybitAccount) -> None:
    """What is locked is a part of the wallet's balance; what is zero is left out."""
    bybit.place_order(pay="USDT", amount="257.51830114", receive="BTC")
    bybit.withdraw("BTC", "0.5")
    body = wallet_balance(bybit)

    assert (body["retCode"], body["retMsg"]) == (0, "OK")
    assert coins(body).keys() == {"USDT"}
    assert coins(body)["USDT"]["walletBalance"] == "1000"
    assert coins(body)["USDT"]["locked"] == "257.51830114"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"X_BAPI_API_KEY": "nobody"}, 10003),
        ({"X_BAPI_SIGN": "b" * 64}, 10004),
        ({"X_BAPI_SIGN": ""}, 10004),
        ({"secret": "x" * 36}, 10004),
        ({"X_BAPI_TIMESTAMP": "now"}, 10002),
        ({"late": 5001}, 10002),
        ({"late": 5001, "window": ""}, 10002),
        ({"late": 10_001, "window": "10000"}, 10002),
        # A second ahead is too much, whatever the window is.
        ({"late": -1000, "window": "60000"}, 10002),
        ({"query": "accountType=CONTRACT"}, 10001),
        ({"query": ""}, 10001),
    ],
)
def test_refusals_come_with_status_200(
    bybit: BybitAccount, wrong: dict[str, Any], code: int
) -> None:
    """The envelope has the refusal."""
    body = wallet_balance(bybit, **wrong)

    assert body["retCode"] == code
    assert body["retMsg"]
    assert body["result"] == {}


@pytest.mark.parametrize(
    "good",
    [
        {"late": 5000},
        {"late": 5000, "window": ""},
        {"late": 10_000, "window": "10000"},
        {"late": -999},
        {"query": "accountType=UNIFIED&coin=a%20b"},
    ],
)
def test_a_request_of_the_right_time_passes(
    bybit: BybitAccount, good: dict[str, Any]
) -> None:
    """The bounds belong to the window; the query is signed as it is sent."""
    assert wallet_balance(bybit, **good)["retCode"] == 0


def test_a_key_of_another_site_is_unknown(exchange: Simulator) -> None:
    """It is not known here, as one that nobody has."""
    account = exchange.open("bybit", region="eu")

    assert wallet_balance(account)["retCode"] == 10003


def test_address_and_permission(exchange: Simulator) -> None:
    """Both are checked after the signature."""
    for options, code in (
        ({"allowed_ips": ["203.0.113.7"]}, 10010),
        ({"permissions": ["order"]}, 10005),
    ):
        account = exchange.open("bybit", **options)  # type: ignore[arg-type]
        assert isinstance(account, BybitAccount)
        assert wallet_balance(account)["retCode"] == code


def test_reads_are_limited(bybit: BybitAccount) -> None:
    """Fifty reads in a second pass; the next is 10006 in HTTP 200."""
    while bybit.reads.use():
        pass

    assert wallet_balance(bybit)["retCode"] == 10006


def test_nothing_else_is_served(bybit: BybitAccount) -> None:
    """POST and other paths are 404."""
    url = bybit.context.url
    assert call(url, "POST", "/bybit/v5/account/wallet-balance")[0] == 404
    assert call(url, "GET", "/bybit/v5/account/info")[0] == 404


def test_a_recorded_reply_is_brought_up_to_date(bybit: BybitAccount) -> None:
    """Coins that it names, and others, also where it names none at all."""
    exchange = bybit.exchange()
    newer = bybit.ledger.balances() | {"XRP": bybit.ledger.balances()["BTC"]}
    for listed in (b"[]", b'[{"coin":[{"coin":"USDT","walletBalance":"7"}]}]'):
        body = b'{"retCode":0,"result":{"list":%b}}' % listed
        read = exchange.read_replied(200, {}, BybitVenue.amended(body, newer))
        assert {b.currency: (b.available, b.locked) for b in read.balances} == newer
