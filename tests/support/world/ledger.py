"""The truth about one account, now and before."""

from __future__ import annotations

import math
from bisect import bisect_right
from decimal import Decimal
from typing import Sequence

__all__ = ["CURRENCIES", "MAX_LAG", "ZEROS", "Amounts", "Ledger"]

CURRENCIES = ("BTC", "ETH", "USDT", "XRP")
#: As far behind as the promise allows REST to be; seconds.
MAX_LAG = 10.0

#: Available and locked.
Amounts = tuple[Decimal, Decimal]
ZEROS: Amounts = (Decimal(0), Decimal(0))


class Ledger:
    """The true balances of one account.

    Args:
        codes: the currencies that it may hold.

    Attributes:
        codes: these.
        now: the balances of this moment.
        past: of each currency all amounts that it ever had, the present one last.
        index: where each amount stands in ``past``; the last place if it came back.
    """

    def __init__(self, codes: Sequence[str] = CURRENCIES) -> None:
        self.codes = tuple(codes)
        self.now: dict[str, Amounts] = dict.fromkeys(codes, ZEROS)
        self.past: dict[str, list[Amounts]] = {code: [ZEROS] for code in codes}
        self.index: dict[str, dict[Amounts, int]] = {c: {ZEROS: 0} for c in codes}
        self._times: dict[str, list[float]] = {code: [0.0] for code in codes}
        self._left: dict[str, dict[Amounts, float]] = {code: {} for code in codes}

    def change(self, when: float, currency: str, amounts: Amounts) -> None:
        """Let a balance change."""
        past = self.past[currency]
        self._left[currency][self.now[currency]] = when
        self.now[currency] = amounts
        self._times[currency].append(when)
        self.index[currency][amounts] = len(past)
        past.append(amounts)

    def left(self, currency: str, amounts: Amounts) -> float:
        """The time at which amounts ceased to be true; -inf if they never were."""
        return self._left[currency].get(amounts, -math.inf)

    def since(self, currency: str) -> float:
        """The time at which a currency took its present amounts."""
        return self._times[currency][-1]

    def seen(self, when: float) -> dict[str, int]:
        """Where in ``past`` the balances of that time stand."""
        return {
            code: max(0, bisect_right(times, when) - 1)
            for code, times in self._times.items()
        }

    def as_of(self, when: float) -> dict[str, Amounts]:
        """The balances as they were, zeros included."""
        return {code: self.past[code][i] for code, i in self.seen(when).items()}
