"""Prices that walk, and amounts as exchanges write them."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from assetstream.simulator.market import COINS, Market, rounded


@pytest.mark.parametrize("seed", range(3))
def test_a_price_walks_and_stays_near_its_middle(seed: int) -> None:
    """From step to step by a twentieth of a percent at most, and never by half."""
    market = Market({"USDT"}, random.Random(seed))
    before = market.price("BTC")
    prices = {before}
    for _ in range(20_000):
        price = market.move("BTC")
        assert abs(price / before - 1) < 0.001
        before = price
        prices.add(price)
    assert len(prices) > 19_000
    assert all(0.7 < price / COINS["BTC"] < 1.3 for price in prices)


def test_coins_are_priced_in_what_the_account_holds() -> None:
    """The same coin costs more rupiah than dollars; of those held the first counts."""
    chance = random.Random(0)
    assert Market({"BTC"}, chance).quote == "USDT"
    assert Market({"BTC", "IDR"}, chance).price("BTC") > 1_000_000_000
    both = Market({"KRW", "SGD"}, chance)
    assert both.quote == "SGD"
    assert both.price("SGD") == 1.0
    assert both.price("KRW") == pytest.approx(1.31 / 1400)
    assert both.price("DOGE") == 1.31


@pytest.mark.parametrize(
    ("amount", "currency", "left"),
    [
        ("1.239", "SGD", "1.23"),
        ("1239.9", "KRW", "1239"),
        ("0.123456789", "BTC", "0.12345678"),
        ("123456789012345678901234567890.123456789", "SHIB", None),
    ],
)
def test_amounts_are_cut_to_their_places(
    amount: str, currency: str, left: str | None
) -> None:
    """Never rounded up: nobody can pay what he has not. A great one loses nothing."""
    assert str(rounded(Decimal(amount), currency)) == (left or amount[:-1])
