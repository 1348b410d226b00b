"""The truth about one account, now and before."""

from __future__ import annotations

import math
from bisect import bisect_right
from decimal import Decimal

__all__ = ["CURRENCIES", "MAX_LAG", "ZEROS", "Amounts", "Ledger"]

CURRENCIES = ("BTC", "ETH", "USDT", "XRP")
#: As far behind as the promise allows REST to be; seconds.
MAX_LAG = 10.0

#: Available and locked.
Amounts = tuple[Decimal, Decimal]
ZEROS: Amounts = (Decimal(0), Decimal(0))


class Ledger:
    """The true balances of one account.

    Attributes:
        now: the balances of this moment.
        since: when each currency took its present value.
    """

    def __init__(self) -> None:
        self.now: dict[str, Amounts] = dict.fromkeys(CURRENCIES, ZEROS)
        self.since: dict[str, float] = dict.fromkeys(CURRENCIES, 0.0)
        self._times: dict[str, list[float]] = {code: [0.0] for code in CURRENCIES}
        self._past: dict[str, list[Amounts]] = {code: [ZEROS] for code in CURRENCIES}
        self._left: dict[tuple[str, Amounts], float] = {}

    def change(self, when: float, currency: str, amounts: Amounts) -> None:
        """Let a balance change."""
        self._left[currency, self.now[currency]] = when
        self.now[currency] = amounts
        self.since[currency] = when
        self._times[currency].append(when)
        self._past[currency].append(amounts)

    def left(self, currency: str, amounts: Amounts) -> float:
        """The time at which amounts ceased to be true; -inf if they never were."""
        return self._left.get((currency, amounts), -math.inf)

    def as_of(self, when: float) -> dict[str, Amounts]:
        """The balances as they were, zeros included."""
        return {
            code: self._past[code][max(0, bisect_right(times, when) - 1)]
            for code, times in self._times.items()
        }
