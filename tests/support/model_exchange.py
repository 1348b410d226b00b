"""The model exchange: the true balances, its pushes and its REST."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

from assetstream.protocol import BalanceReport, Snapshot

CURRENCIES = ("BTC", "ETH", "USDT", "XRP")
#: As far behind as the promise allows REST to be, seconds.
MAX_LAG = 10.0

Amounts = tuple[Decimal, Decimal]
ZEROS = (Decimal(0), Decimal(0))


class Push(NamedTuple):
    """What becomes of one change's push: when it arrives, if at all, and how."""

    #: Seconds until it arrives, once for each copy; () if it is lost.
    delays: tuple[float, ...] = (0.0,)
    #: "" if it can be read, else what of it cannot: "entry" or "frame".
    unreadable: str = ""


class Reply(NamedTuple):
    """How one REST read goes."""

    duration: float = 0.1
    lag: float = 0.0
    #: A currency whose entry cannot be read, "" for one without a name.
    garbled: str | None = None
    omitted: str | None = None
    fails: bool = False


class Ledger:
    """What is true, and what was."""

    def __init__(self) -> None:
        self.now: dict[str, Amounts] = dict.fromkeys(CURRENCIES, ZEROS)
        #: When each currency took its present value.
        self.since: dict[str, float] = dict.fromkeys(CURRENCIES, 0.0)
        self._history: list[tuple[float, str, Amounts]] = []
        self._left: dict[tuple[str, Amounts], float] = {}

    def change(self, when: float, currency: str, amounts: Amounts) -> None:
        """A balance changes."""
        self._left[currency, self.now[currency]] = when
        self.now[currency] = amounts
        self.since[currency] = when
        self._history.append((when, currency, amounts))

    def left(self, currency: str, amounts: Amounts) -> float:
        """When the amounts last ceased to be true; -inf if they never were."""
        return self._left.get((currency, amounts), -math.inf)

    def snapshot(self, as_of: float, reply: Reply) -> Snapshot:
        """What REST says, as far behind as ``as_of`` is."""
        then: dict[str, Amounts] = {}
        for when, code, amounts in self._history:
            if when > as_of:
                break
            then[code] = amounts
        reports = tuple(
            BalanceReport(code, *amounts)
            for code, amounts in then.items()
            if amounts != ZEROS and code not in (reply.garbled, reply.omitted)
        )
        garbled = reply.garbled is not None and (reply.garbled or "") in ("", *then)
        unreadable = (reply.garbled or "",) if garbled else ()
        return Snapshot(reports, unreadable, empty=not reports)
