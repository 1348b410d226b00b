"""Korbit's frames and replies, as the fuzzer looks at them."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any

from assetstream.exchanges.common.entries import PushedBalances
from assetstream.exchanges.korbit import frames
from assetstream.protocol import BalanceReport, Exchange
from tests.exchanges.korbit.spec import make_korbit
from tests.programs.fuzz.wire import Pairs, objects

__all__ = ["check_amounts", "check_ways", "early", "entries", "make", "pushed"]

#: A push before the answer is a proof itself.
early = False

EXACT = Context(prec=400)


def make(format: int) -> Exchange:
    """Build the adapter; there is one form of frames."""
    return make_korbit()


def check_ways(frame: bytes, format: int) -> None:
    """Check that the fast and the tolerant reader agree on a frame."""
    fast = frames.read_expected([frame])
    assert fast is None or frames.read_tolerantly(frame) == PushedBalances(fast)


def check_amounts(report: BalanceReport, decoded: Any) -> None:
    """Check that an entry has what is available, and that its uses add up."""
    for _, entry in objects(decoded):
        named = str(entry.get("currency")).upper() == report.currency
        if named and _amounts(entry) == (_text(report.available), _text(report.locked)):
            return
    raise AssertionError(f"not on the wire: {report!r}")


def _amounts(entry: Pairs) -> tuple[str, str] | None:
    try:
        available, trade, withdrawal = (
            None if entry.get(name) is None else Decimal(entry[name])
            for name in ("available", "tradeInUse", "withdrawalInUse")
        )
    except (ArithmeticError, TypeError, ValueError):
        return None
    if trade is None or withdrawal is None:
        return (_text(available), "None") if trade is withdrawal else None
    # A zero of other digits changes none.
    locked = EXACT.add(trade, withdrawal) if withdrawal else trade
    return _text(available), _text(locked)


def _text(amount: Decimal | None) -> str:
    # The sign of a zero is nothing.
    return str(amount if amount or amount is None else amount.copy_abs())


def pushed(decoded: Any) -> list[Any]:
    """Return the currencies of a frame that is only a push, as spelt."""
    if not isinstance(decoded, Pairs) or decoded.get("status") is not None:
        return []
    asset = decoded.get("asset")
    if decoded.get("channelType") != "myAsset" or not isinstance(asset, Pairs):
        return []
    if asset.get("accountSeq") not in (None, 1):
        return []
    assets = asset.get("assets")
    listed = assets if isinstance(assets, list) else []
    return [each.get("currency") for each in listed if isinstance(each, Pairs)]


def entries(decoded: Any) -> list[Any]:
    """Return the currency of every entry of a reply of REST, as spelt."""
    listed = decoded["data"]
    return [e.get("currency") if isinstance(e, Pairs) else e for e in listed]
