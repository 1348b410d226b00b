"""Connects and REST of the simulated Binance."""

from __future__ import annotations

from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from assetstream.simulator import Simulator
from assetstream.simulator.binance.account import BinanceAccount
from assetstream.simulator.binance.venue import BinanceVenue
from tests.simulator.binance.clients import account_of
from tests.support.clients import call, client_of
from tests.support.clock import TimeMachine


def test_balances_are_listed(binance: BinanceAccount) -> None:
    """Zeros, too, unless they are to be left out."""
    binance.place_order(pay="BTC", amount="0.1", receive="USDT")
    binance.withdraw("USDT", 1000)
    status, _, everything = account_of(binance)
    _, _, held = account_of(binance, query="omitZeroBalances=true&recvWindow=60000")
    btc = {"asset": "BTC", "free": "0.4", "locked": "0.1"}

    assert status == 200
    assert everything["balances"] == [
        {"asset": "USDT", "free": "0", "locked": "0"},
        btc,
    ]
    assert held["balances"] == [btc]


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"key": "x" * 64}, 401, -2015),
        ({"key": "short"}, 401, -2014),
        ({"secret": "x" * 64}, 400, -1022),
        ({"signature": ""}, 400, -1102),
        ({"late": 5001}, 400, -1021),
        ({"late": -1000}, 400, -1021),
        ({"query": "recvWindow=60001"}, 400, -1131),
        ({"query": "recvWindow=x"}, 400, -1102),
    ],
)
def test_a_read_is_refused(
    binance: BinanceAccount, wrong: dict[str, Any], status: int, code: int
) -> None:
    """By the same codes as a subscription."""
    refused, _, body = account_of(binance, **wrong)

    assert (refused, body["code"]) == (status, code)


def test_a_key_of_the_testnet_is_not_known(exchange: Simulator) -> None:
    """Each network knows its own."""
    account = exchange.open("binance", region="testnet")
    assert isinstance(account, BinanceAccount)

    assert account_of(account)[2]["code"] == -2015


def test_a_signature_of_ed25519_is_percent_encoded(exchange: Simulator) -> None:
    """It has characters that a query gives another meaning."""
    account = exchange.open("binance", {"BTC": "1"}, ed25519=True)
    assert isinstance(account, BinanceAccount)

    for _ in range(8):
        assert account_of(account)[0] == 200


def test_reads_are_limited(binance: BinanceAccount) -> None:
    """300 a minute: a weight of 20 each, of 6,000."""
    for _ in range(300):
        assert binance.reads.use()
    status, headers, body = account_of(binance)

    assert (status, body["code"], headers["retry-after"]) == (429, -1003, "60")


def test_connects_are_limited(
    binance: BinanceAccount, still: TimeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """300 in 5 minutes, by address."""
    monkeypatch.setattr(BinanceVenue, "CONNECTS", 1)
    with Simulator() as exchange:
        account = exchange.open("binance")
        client_of(account.ws_url).close()
        with pytest.raises(InvalidStatus) as caught:
            client_of(account.ws_url)
        assert caught.value.response.status_code == 429
        still.jump(300)
        client_of(account.ws_url).close()


def test_there_is_nothing_else(binance: BinanceAccount) -> None:
    """Neither by another path nor by another method."""
    url = binance.context.url
    assert call(url, "GET", "/binance/api/v3/order")[0] == 404
    assert call(url, "POST", "/binance/api/v3/account")[0] == 404
    with pytest.raises(InvalidStatus):
        client_of(binance.ws_url + "/x")
