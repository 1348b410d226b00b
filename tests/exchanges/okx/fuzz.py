"""OKX's frames and replies, as the fuzzer looks at them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from assetstream.exchanges.common.entries import PushedBalances
from assetstream.exchanges.okx import frames
from assetstream.protocol import BalanceReport, Exchange
from tests.exchanges.okx.spec import make_okx
from tests.programs.fuzz.wire import Pairs, objects

__all__ = ["check_amounts", "check_ways", "early", "entries", "make", "pushed"]

#: Balances are taken before the login's answer, too.
early = True


def make(format: int) -> Exchange:
    """Build the adapter; there is one form of frames."""
    return make_okx()


def check_ways(frame: bytes, format: int) -> None:
    """Check that the fast and the tolerant reader agree on a frame."""
    fast = frames.read_expected([frame])
    assert fast is None or frames.read_tolerantly(frame) == PushedBalances(fast)


def check_amounts(report: BalanceReport, decoded: Any) -> None:
    """Check that the amounts are those of a detail, digit by digit."""
    for _, pairs in objects(decoded):
        code = pairs.get("ccy")
        if not isinstance(code, str) or code.upper() != report.currency:
            continue
        spent = _amounts(pairs, "availBal", "availEq")
        least = [each for each in spent if each == min(spent)] or [None]
        held = _amounts(pairs, "frozenBal") or [None]
        available = _digits(report.available) in map(_digits, least)
        if available and _digits(report.locked) in map(_digits, held):
            return
    raise AssertionError(f"not on the wire: {report!r}")


def _amounts(pairs: Pairs, *names: str) -> list[Decimal | None]:
    texts = [pairs.get(name) for name in names]
    return [Decimal(text) for text in texts if isinstance(text, str) and text]


def _digits(amount: Decimal | None) -> str:
    # The sign of a zero is nothing.
    return str(amount if amount or amount is None else amount.copy_abs())


def pushed(decoded: Any) -> list[Any]:
    """Return the currencies of a frame that is only a push, as spelt."""
    if not isinstance(decoded, Pairs) or "event" in decoded:
        return []
    argument = decoded.get("arg")
    if not isinstance(argument, Pairs) or argument.get("channel") != "account":
        return []
    return _codes(decoded.get("data"))


def entries(decoded: Any) -> list[Any]:
    """Return the currency of every entry of a reply of REST, as spelt."""
    return _codes(decoded.get("data"))


def _codes(data: Any) -> list[Any]:
    codes: list[Any] = []
    for wallet in data if isinstance(data, list) else []:
        details = wallet.get("details") if isinstance(wallet, Pairs) else None
        for detail in details if isinstance(details, list) else []:
            codes.append(detail.get("ccy") if isinstance(detail, Pairs) else detail)
    return codes
