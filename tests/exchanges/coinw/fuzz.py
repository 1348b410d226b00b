"""CoinW's frames and replies, as the fuzzer looks at them."""

from __future__ import annotations

from typing import Any

from assetstream.exchanges.coinw import frames
from assetstream.exchanges.common.entries import PushedBalances
from assetstream.protocol import Exchange
from tests.exchanges.coinw.spec import make_coinw
from tests.programs.fuzz.wire import Pairs

__all__ = ["check_ways", "early", "entries", "make", "pushed"]

#: Balances are taken before the login's answer, too.
early = True


def make(format: int) -> Exchange:
    """Build the adapter; there is one form of frames."""
    return make_coinw()


def check_ways(frame: bytes, format: int) -> None:
    """Check that the fast and the tolerant reader agree on a frame."""
    fast = frames.read_expected([frame])
    assert fast is None or frames.read_tolerantly(frame) == PushedBalances(fast)


def pushed(decoded: Any) -> list[Any]:
    """Return the currencies of a frame that is only a push, as spelt."""
    if not isinstance(decoded, Pairs) or "event" in decoded or "channel" in decoded:
        return []
    if (decoded.get("biz"), decoded.get("type")) != ("exchange", "assets"):
        return []
    data = decoded.get("data")
    if isinstance(data, Pairs) and data.get("currency") is None:
        return []  # perhaps an answer
    changes = data if isinstance(data, list) else [data]
    return [
        change.get("currency")
        for change in changes
        if isinstance(change, Pairs) and change.get("account") in (None, "spot")
    ]


def entries(decoded: Any) -> list[Any]:
    """Return the currency of every entry of a reply of REST, as spelt."""
    decoded = decoded.get("data")
    if isinstance(decoded, Pairs):
        return list(decoded)
    return [e.get("currency") if isinstance(e, Pairs) else e for e in decoded or ()]
