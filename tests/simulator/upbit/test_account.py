"""Frames of an account on the simulated Upbit."""

from __future__ import annotations

import json

from assetstream.simulator import Simulator, UpbitAccount
from tests.support.clients import upbit_subscriber

LIST = [{"ticket": "t"}, {"method": "LIST_SUBSCRIPTIONS"}]


def test_a_trade_is_two_frames(upbit: UpbitAccount) -> None:
    """The frames are binary, with one asset each and one asset_timestamp."""
    with upbit_subscriber(upbit) as client:
        order = upbit.place_order(pay="SGD", amount="10.5", receive="ETH")
        client.receive()
        upbit.fill(order, "0.00000000000000000000000001")
        raw = client.raw()
        assert isinstance(raw, bytes)
        paid, received = json.loads(raw), client.receive()

    assert paid["assets"] == [{"currency": "SGD", "balance": 989.5, "locked": 0}]
    assert b'"locked":0}' in raw
    assert received["assets"] == [
        {"currency": "ETH", "balance": "0.00000000000000000000000001", "locked": 0}
    ]
    assert paid["asset_timestamp"] == received["asset_timestamp"]
    assert received["timestamp"] - paid["timestamp"] == 1
    assert paid["stream_type"] == "REALTIME"
    assert paid["asset_uuid"] != received["asset_uuid"]


def test_every_digit_reaches_the_wire(exchange: Simulator) -> None:
    """A JSON number keeps 26 significant digits."""
    digits = "1386929.3723106677134820712"
    upbit = exchange.upbit({"SGD": digits})
    with upbit_subscriber(upbit) as client:
        upbit.deposit("SGD", "0.0000000000000000001")
        assert client.receive()["assets"][0]["balance"] == digits[:-1] + "3"


def test_exponents_are_numbers_too(exchange: Simulator) -> None:
    """exponents=True writes some amounts like 7.9276E-4."""
    upbit = exchange.upbit(exponents=True)
    with upbit_subscriber(upbit) as client:
        for _ in range(4):
            upbit.deposit("BTC", "0.00019819")
        amounts = [client.receive()["assets"][0]["balance"] for _ in range(4)]

    assert amounts == ["0.00019819", "0.00039638", "0.00059457", "7.9276E-4"]


def test_first_use_silence(exchange: Simulator) -> None:
    """The first subscription gets no push; a reconnect does."""
    upbit = exchange.upbit(first_use_silence=True)
    with upbit_subscriber(upbit) as first, upbit_subscriber(upbit) as second:
        upbit.deposit("BTC", 1)
        assert second.receive()["assets"][0]["currency"] == "BTC"
        assert "result" in first.ask(LIST)  # the deposit was not before it


def test_time_never_goes_back(upbit: UpbitAccount) -> None:
    """Both stamps of a currency only grow."""
    with upbit_subscriber(upbit) as client:
        trader = upbit.trade(seed=1)
        for _ in range(200):
            trader.step()
        frames = [client.receive() for _ in range(upbit.seen.pushes)]

    keys: dict[str, tuple[int, int]] = {}
    for frame in frames:
        currency = frame["assets"][0]["currency"]
        key = (frame["asset_timestamp"], frame["timestamp"])
        assert key >= keys.get(currency, (0, 0))
        keys[currency] = key
    assert len(frames) >= 200
