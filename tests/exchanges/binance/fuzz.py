"""Binance's frames and replies, as the fuzzer looks at them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from assetstream.exchanges.binance import frames
from assetstream.exchanges.common.entries import PushedBalances
from assetstream.protocol import BalanceReport, Exchange
from tests.exchanges.binance.spec import make_binance
from tests.programs.fuzz.wire import Pairs, objects

__all__ = ["check_amounts", "check_ways", "early", "entries", "make", "pushed"]

#: No balance is taken before the subscription is proved.
early = False


def make(format: int) -> Exchange:
    """Build the adapter; there is one form of frames."""
    return make_binance()


def check_ways(frame: bytes, format: int) -> None:
    """Check that the fast and the tolerant reader agree on a frame."""
    fast = frames.read_expected([frame])
    assert fast is None or frames.read_tolerantly(frame) == PushedBalances(fast)


def check_amounts(report: BalanceReport, decoded: Any) -> None:
    """Check that an entry of a push or a reply has the report's amounts."""
    for code, free, locked in (("a", "f", "l"), ("asset", "free", "locked")):
        for _, entry in objects(decoded):
            if (
                str(entry.get(code)).upper() == report.currency
                and _is(entry, free, report.available)
                and _is(entry, locked, report.locked)
            ):
                return
    raise AssertionError(f"not on the wire: {report!r}")


def _is(entry: Pairs, name: str, amount: Decimal | None) -> bool:
    """Return whether an entry's amount is this one, digit by digit."""
    found = entry.get(name)
    if amount is None or found is None:
        return amount is None and found is None
    try:
        return str(Decimal(found).copy_abs()) == str(amount)
    except (ArithmeticError, TypeError, ValueError):
        return False


def pushed(decoded: Any) -> list[Any]:
    """Return the currencies of a frame that is only a push, as spelt."""
    event = decoded.get("event") if isinstance(decoded, Pairs) else None
    if not isinstance(event, Pairs) or event.get("e") != frames.POSITION:
        return []
    positions = event.get("B")
    if not isinstance(positions, list):
        return []
    return [each.get("a") for each in positions if isinstance(each, Pairs)]


def entries(decoded: Any) -> list[Any]:
    """Return the currency of every entry of a reply of REST, as spelt."""
    listed = decoded["balances"]
    return [each.get("asset") if isinstance(each, Pairs) else each for each in listed]
