"""Frames of an account on the simulated Gate."""

from __future__ import annotations

from decimal import Decimal

from assetstream import AssetStream
from assetstream.simulator import Account, Simulator
from assetstream.simulator.gate.account import GateAccount
from tests.simulator.gate.clients import gate_subscriber
from tests.support.clock import TimeMachine, fast_time
from tests.support.event_recorder import PATIENCE


def test_a_trade_is_one_frame_of_two_changes(gate: GateAccount) -> None:
    """Amounts are strings, and the total has more in it than the two."""
    with gate_subscriber(gate) as client:
        order = gate.place_order(pay="USDT", amount="10.5", receive="ETH")
        placed = client.receive()
        gate.fill(order, "0.25")
        filled = client.receive()

    (change,) = placed["result"]
    assert (placed["channel"], placed["event"]) == ("spot.balances", "update")
    assert (change["available"], change["freeze"]) == ("989.5", "10.5")
    assert Decimal(change["total"]) > 1000
    assert change["change_type"] == "place-order"
    assert [c["currency"] for c in filled["result"]] == ["USDT", "ETH"]


def test_changes_of_one_millisecond_have_fractions(gate: GateAccount) -> None:
    """Their order can be told; the next millisecond begins anew."""
    still = TimeMachine(speed=0.0).installed()
    with still as time_machine, gate_subscriber(gate) as client:
        stamps = []
        for seconds in (0.0, 0.0, 1.0):
            time_machine.jump(seconds)
            gate.deposit("BTC", 1)
            (change,) = client.receive()["result"]
            stamps.append(change["timestamp_ms"])

    first, second, third = stamps
    assert second == f"{first}.001"
    assert "." not in third


def test_amounts_may_have_exponents(exchange: Simulator) -> None:
    """Each fourth has one, unless they are switched off."""
    for exponents, spelt in ((True, "1.5E-7"), (False, "0.00000015")):
        account = exchange.open("gate", exponents=exponents)
        assert isinstance(account, GateAccount)
        with gate_subscriber(account) as client:
            for currency in ("A", "B", "C", "D"):
                account.deposit(currency, "0.00000015")
                (change,) = client.receive()["result"]
        assert change["available"] == spelt


def test_a_stream_follows_pushes_without_freeze() -> None:
    """K6: what is locked is read again, and nothing wrong stays."""
    with fast_time(), Simulator(rate_limits=False) as exchange:
        account = exchange.open("gate", {"USDT": "10"}, halves=True)
        follow(account)


def follow(account: Account) -> None:
    """Place an order, and see it."""
    with AssetStream(account.exchange()) as stream:
        account.place_order(pay="USDT", amount="4", receive="BTC")
        stream.wait_until(
            lambda b: (b["USDT"].available, b["USDT"].locked) == (6, 4), PATIENCE
        )
