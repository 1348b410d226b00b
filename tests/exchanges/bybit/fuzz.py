"""Bybit's frames and replies, as the fuzzer looks at them."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any, Iterator

from assetstream.exchanges.bybit import frames
from assetstream.exchanges.common.entries import PushedBalances
from assetstream.protocol import BalanceReport, Exchange
from tests.exchanges.bybit.spec import make_bybit
from tests.programs.fuzz.wire import Pairs, objects

__all__ = ["check_amounts", "check_ways", "early", "entries", "make", "pushed"]

#: Balances are taken before the login's answer, too.
early = True

EXACT = Context(prec=400)


def make(format: int) -> Exchange:
    """Build the adapter; there is one form of frames."""
    return make_bybit()


def check_ways(frame: bytes, format: int) -> None:
    """Check that the fast and the tolerant reader agree on a frame."""
    order = frames.ArrivalOrder()
    fast = frames.read_expected([frame], order)
    if fast is not None:
        assert frames.read_tolerantly(frame, order) == PushedBalances(fast)


def check_amounts(report: BalanceReport, decoded: Any) -> None:
    """Check that a coin's fields make the report's amounts."""
    for _, account in objects(decoded):
        for coin in _coins(account):
            named = str(coin.get("coin")).upper() == report.currency
            amounts = report.available, report.locked
            if named and _amounts(coin, account) == amounts:
                return
    raise AssertionError(f"not on the wire: {report!r}")


def _coins(account: Pairs) -> Iterator[Pairs]:
    coins = account.get("coin")
    for coin in coins if isinstance(coins, list) else []:
        if isinstance(coin, Pairs):
            yield coin


def _amounts(coin: Pairs, account: Pairs) -> tuple[Decimal, Decimal] | None:
    """Compute available and locked from the table of ``Bybit``, by other means."""

    def read(pairs: Pairs, name: str) -> Decimal | None:
        return Decimal(pairs[name]) if pairs.get(name) not in (None, "") else None

    try:
        wallet, borrowed = read(coin, "walletBalance"), read(coin, "spotBorrow")
        spot = [read(coin, "locked"), read(coin, "bonus")]
        margin = [read(coin, "totalOrderIM"), read(coin, "totalPositionIM")]
        used = read(account, "totalInitialMargin") if not all_zero(margin) else None
    except (ArithmeticError, TypeError, ValueError):
        return None
    if wallet is None:
        return None
    total = EXACT.subtract(wallet, borrowed or Decimal(0))
    unsaid, isolated = None in margin, used is None
    if used if unsaid else any(margin) and not isolated:
        return min(total, Decimal(0)), max(total, Decimal(0))
    held = Decimal(0)
    for part in (*spot, *margin):
        held = EXACT.add(held, part or Decimal(0))
    return EXACT.subtract(total, held), held


def all_zero(margin: list[Decimal | None]) -> bool:
    """Return whether all is said, and nothing is held."""
    return None not in margin and not any(margin)


def _listed(accounts: Any) -> Iterator[Any]:
    """Yield the entries of the unified account."""
    for account in accounts if isinstance(accounts, list) else []:
        if not isinstance(account, Pairs):
            continue
        coins = account.get("coin")
        if account.get("accountType") in (None, "UNIFIED") and isinstance(coins, list):
            yield from coins


def pushed(decoded: Any) -> list[Any]:
    """Return the currencies of a frame that is only a push, as spelt."""
    if not isinstance(decoded, Pairs) or "op" in decoded:
        return []
    if decoded.get("topic") != "wallet":
        return []
    coins = _listed(decoded.get("data"))
    return [coin.get("coin") for coin in coins if isinstance(coin, Pairs)]


def entries(decoded: Any) -> list[Any]:
    """Return the currency of every entry of a reply of REST, as spelt."""
    coins = _listed(decoded["result"]["list"])
    return [coin.get("coin") if isinstance(coin, Pairs) else coin for coin in coins]
