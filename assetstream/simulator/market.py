"""A market whose prices walk about, never far, and the same for the same seed."""

from __future__ import annotations

import random
from decimal import ROUND_DOWN, Context, Decimal
from types import MappingProxyType
from typing import Collection, Mapping

__all__ = ["COINS", "Market", "rounded"]

#: Prices in US dollars about which those of the market walk; any other coin costs one.
COINS: Mapping[str, float] = MappingProxyType(
    {"BTC": 95_000.0, "ETH": 3_400.0, "SOL": 190.0, "XRP": 2.3}
)
#: What coins are priced in, by how much of it a US dollar costs.
QUOTES: Mapping[str, float] = MappingProxyType(
    {"USDT": 1.0, "SGD": 1.31, "THB": 33.0, "KRW": 1_400.0, "IDR": 16_300.0}
)
#: Decimal places of amounts, as exchanges have them; 8 for any other currency.
PLACES: Mapping[str, int] = MappingProxyType({"SGD": 2, "THB": 2, "KRW": 0, "IDR": 0})
COIN_PLACES = 8

#: A step of a price, as a share of it, and the pull back to its middle: together they
#: keep it within some 5 %. No logarithm, whose last digit differs between machines.
STEP = 0.0005
PULL = 0.00005

EXACT = Context(prec=200)


class Market:
    """Prices of coins in one currency.

    Args:
        held: currencies of the account; those of ``QUOTES`` among them choose what
            coins are priced in.
        chance: moves the prices.

    Attributes:
        quote: what coins are priced in.
    """

    def __init__(self, held: Collection[str], chance: random.Random) -> None:
        self.quote = next((quote for quote in QUOTES if quote in held), "USDT")
        self._chance = chance
        self._away: dict[str, float] = {}

    def price(self, currency: str) -> float:
        """The price of the moment in ``quote``."""
        if currency == self.quote:
            return 1.0
        if currency in QUOTES:
            return QUOTES[self.quote] / QUOTES[currency]
        middle = COINS.get(currency, 1.0) * QUOTES[self.quote]
        return middle * (1.0 + self._away.get(currency, 0.0))

    def move(self, currency: str) -> float:
        """Let the price take a step; return it."""
        away = self._away.get(currency, 0.0)
        self._away[currency] = away * (1 - PULL) + self._chance.uniform(-STEP, STEP)
        return self.price(currency)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Return an amount cut to the currency's decimal places."""
    places = PLACES.get(currency, COIN_PLACES)
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_DOWN, EXACT)
