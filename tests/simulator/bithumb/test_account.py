"""Frames of an account on the simulated Bithumb."""

from __future__ import annotations

import json

import pytest

from assetstream import AssetStream
from assetstream.simulator import Simulator
from assetstream.simulator.bithumb.account import BithumbAccount
from tests.simulator.bithumb.clients import subscriber
from tests.support.balances import known_balances, true_balances
from tests.support.event_recorder import PATIENCE


def test_a_trade_is_two_frames(bithumb: BithumbAccount) -> None:
    """Binary, with one asset each, amounts as texts, and no identifier."""
    with subscriber(bithumb) as client:
        order = bithumb.place_order(pay="KRW", amount="1000.5", receive="ETH")
        client.receive()
        bithumb.fill(order, "0.00000000000000000000000001")
        raw = client.raw()
        assert isinstance(raw, bytes)
        paid, received = json.loads(raw), client.receive()

    assert paid["assets"] == [{"currency": "KRW", "balance": "998999.5", "locked": "0"}]
    assert received["assets"][0]["balance"] == "0.00000000000000000000000001"
    assert paid["asset_timestamp"] == received["asset_timestamp"]
    assert received["timestamp"] - paid["timestamp"] == 1
    assert paid.keys() == {
        *("type", "assets", "asset_timestamp", "timestamp", "stream_type")
    }


def test_abbreviations(bithumb: BithumbAccount) -> None:
    """SIMPLE has short keys."""
    with subscriber(bithumb, "SIMPLE") as client:
        bithumb.deposit("BTC", "0.25")
        frame = client.receive()

    assert frame["ast"] == [{"cu": "BTC", "b": "0.75", "l": "0"}]
    assert frame.keys() == {"ty", "ast", "asttms", "tms", "st"}


@pytest.mark.parametrize("option", ["numbers", "text_frames"])
def test_a_stream_takes_what_the_documents_leave_open(
    exchange: Simulator, option: str
) -> None:
    """Amounts may be numbers, and frames may be text."""
    account = exchange.open("bithumb", {"BTC": "0.5"}, **{option: True})
    assert isinstance(account, BithumbAccount)
    with subscriber(account) as client, AssetStream(account.exchange()) as stream:
        account.deposit("BTC", "0.125")
        raw = client.raw()
        stream.wait_until(
            lambda b: known_balances(stream) == true_balances(account), PATIENCE
        )

    assert isinstance(raw, str) is (option == "text_frames")
    assert ('"balance":0.625' in str(raw)) is (option == "numbers")
