"""Frames of an account on the simulated Binance, and streams that follow it."""

from __future__ import annotations

import pytest

from assetstream import AssetStream, AssetStreamError
from assetstream.simulator import Simulator
from assetstream.simulator.binance.account import BinanceAccount
from tests.simulator.binance.clients import binance_subscriber
from tests.support.clock import fast_time
from tests.support.event_recorder import PATIENCE, EventRecorder


def test_a_trade_is_one_frame(binance: BinanceAccount) -> None:
    """Amounts are text, and both sides of a trade have one time."""
    with binance_subscriber(binance) as client:
        order = binance.place_order(pay="USDT", amount="10.5", receive="ETH")
        placed = client.receive()
        binance.fill(order, "0.25")
        filled = client.receive()

    event = placed["event"]
    assert placed["subscriptionId"] == 0
    assert event == {
        "e": "outboundAccountPosition",
        "E": event["u"],
        "u": event["u"],
        "B": [{"a": "USDT", "f": "989.5", "l": "10.5"}],
    }
    assert [each["a"] for each in filled["event"]["B"]] == ["USDT", "ETH"]


def test_a_transfer_is_a_difference_too(binance: BinanceAccount) -> None:
    """The amounts that it leads to come before it, here."""
    with binance_subscriber(binance) as client:
        binance.deposit("BTC", 1)
        position, delta = client.receive()["event"], client.receive()["event"]
        binance.withdraw("BTC", "0.5")
        client.receive()
        out = client.receive()["event"]

    assert position["B"] == [{"a": "BTC", "f": "1.5", "l": "0"}]
    assert (delta["e"], delta["a"], delta["d"]) == ("balanceUpdate", "BTC", "1")
    assert delta["T"] == position["u"]
    assert out["d"] == "-1"


@pytest.mark.usefixtures("no_rate_limits")
def test_k6_a_stream_follows_mere_differences(exchange: Simulator) -> None:
    """The balance is read at once, and never added up."""
    account = exchange.open("binance", {"BTC": "7"}, positions=False)
    recorder = EventRecorder()
    with (
        fast_time(),
        AssetStream(account.exchange(), **recorder.handlers()) as stream,
    ):
        account.deposit("BTC", 35)
        stream.wait_until(lambda b: b["BTC"].available == 42, PATIENCE)
        account.withdraw("BTC", 41)
        stream.wait_until(lambda b: b["BTC"].available == 1, PATIENCE)
    assert not recorder.of(AssetStreamError)


@pytest.mark.usefixtures("no_rate_limits")
def test_names_of_any_script(exchange: Simulator) -> None:
    """Pushed and read alike."""
    name = "币安人生"
    account = exchange.open("binance", {name: "5"})
    with AssetStream(account.exchange()) as stream:
        assert stream.balances[name].available == 5
        account.place_order(pay=name, amount="2", receive="BTC")
        stream.wait_until(lambda b: b[name].locked == 2, PATIENCE)


@pytest.mark.usefixtures("no_rate_limits")
def test_a_stream_with_an_ed25519_key(exchange: Simulator) -> None:
    """Subscription and reads are signed by it."""
    account = exchange.open("binance", {"BTC": "5"}, ed25519=True)
    with AssetStream(account.exchange()) as stream:
        assert stream.balances["BTC"].available == 5
        account.deposit("BTC", 2)
        stream.wait_until(lambda b: b["BTC"].available == 7, PATIENCE)
