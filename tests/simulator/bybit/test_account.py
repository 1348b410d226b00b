"""Frames of an account on the simulated Bybit, and the traps of its margin."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream import AssetStream, AssetStreamError
from assetstream.simulator import Account, Simulator
from assetstream.simulator.bybit.account import BybitAccount
from tests.simulator.bybit.clients import bybit_subscriber
from tests.support.event_recorder import PATIENCE, EventRecorder

HELD = {"USDT": "100", "BTC": "0.5"}


def test_a_trade_is_one_text_frame(bybit: BybitAccount) -> None:
    """Both coins are in it; nothing but its time orders it."""
    with bybit_subscriber(bybit) as client:
        order = bybit.place_order(pay="USDT", amount="10.5", receive="ETH")
        placed = client.raw()
        assert isinstance(placed, str)
        bybit.fill(order, "0.00000000000000000000000001")
        filled = client.receive()

    assert filled["topic"] == "wallet"
    assert isinstance(filled["creationTime"], int)
    (account,) = filled["data"]
    paid, received = account["coin"]
    assert account["accountType"] == "UNIFIED"
    assert (paid["coin"], paid["walletBalance"]) == ("USDT", "989.5")
    assert paid["locked"] == "0"
    assert received["walletBalance"] == "0.00000000000000000000000001"


def shown(account: Account) -> dict[str, tuple[str, str]]:
    """Return what a stream shows of an account, by REST and after a push."""
    recorder = EventRecorder()
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        read = stream.balances
        account.deposit("USDT", "1")
        stream.wait_until(lambda b: b["USDT"].total == read["USDT"].total + 1, PATIENCE)
        after = {
            code: (str(balance.available), str(balance.locked))
            for code, balance in stream.balances.items()
        }
    assert not recorder.of(AssetStreamError)
    return after


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"USDT": ("101", "0"), "BTC": ("0.5", "0")}),
        # Zeros left out, the locked amount among them.
        ({"terse": True}, {"USDT": ("101", "0"), "BTC": ("0.5", "0")}),
        # Portfolio margin: "" does not apply.
        ({"margin": "portfolio"}, {"USDT": ("101", "0"), "BTC": ("0.5", "0")}),
        # With derivatives nobody says which coin is their margin.
        (
            {"margin": "portfolio", "positions": {"USDT": 40}},
            {"USDT": ("0", "101"), "BTC": ("0", "0.5")},
        ),
        (
            {"margin": "cross", "positions": {"USDT": 40}},
            {"USDT": ("0", "101"), "BTC": ("0.5", "0")},
        ),
        (
            {"margin": "isolated", "positions": {"USDT": 40}},
            {"USDT": ("61", "40"), "BTC": ("0.5", "0")},
        ),
        # More is held than there is.
        (
            {"margin": "isolated", "positions": {"USDT": 120}},
            {"USDT": ("-19", "120"), "BTC": ("0.5", "0")},
        ),
        # The wallet has what was borrowed; a coin that was sold again is owed.
        (
            {"borrowed": {"USDT": 1000}},
            {"USDT": ("101", "0"), "BTC": ("0.5", "0")},
        ),
    ],
)
def test_never_more_than_can_be_spent(
    exchange: Simulator, options: Any, expected: dict[str, tuple[str, str]]
) -> None:
    """In each kind of margin, by REST and by a push, and no entry is unreadable."""
    assert shown(exchange.open("bybit", HELD, **options)) == expected
