"""Frames of an account on the simulated CoinW."""

from __future__ import annotations

from assetstream.simulator import CoinWAccount, Simulator
from tests.support.clients import (
    coinw_subscriber,
)

FIRST_ID = 1125899934698144651


def test_a_trade_is_two_text_frames(coinw: CoinWAccount) -> None:
    """Amounts are strings, time is shared, ledger ids are consecutive."""
    with coinw_subscriber(coinw) as client:
        order = coinw.place_order(pay="USDT", amount="10.5", receive="ETH")
        placed = client.raw()
        assert isinstance(placed, str)
        coinw.fill(order, "0.00000000000000000000000001")
        paid, received = client.receive(), client.receive()

    assert paid == {
        "biz": "exchange",
        "data": {
            "available": "989.5",
            "currency": "USDT",
            "time": received["data"]["time"],
            "type": "change",
            "ledger_id": FIRST_ID + 1,
            "account": "spot",
            "hold": "0",
        },
        "type": "assets",
    }
    assert received["data"]["available"] == "0.00000000000000000000000001"
    assert received["data"]["ledger_id"] == FIRST_ID + 2


def test_deposits_may_not_be_pushed(exchange: Simulator) -> None:
    """push_deposits=False: money that comes and goes is not pushed, trades are."""
    coinw = exchange.coinw({"USDT": 100}, push_deposits=False)
    other = exchange.coinw()
    with coinw_subscriber(coinw) as client:
        coinw.deposit("USDT", 5)
        coinw.withdraw("USDT", 1)
        coinw.transfer("USDT", 1, to=other)
        coinw.place_order(pay="USDT", amount=3, receive="BTC")
        assert client.receive()["data"]["available"] == "100"
    assert other.balances["USDT"][0] == 1
