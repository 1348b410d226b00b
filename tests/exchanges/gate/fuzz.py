"""Gate's frames and replies, as the fuzzer looks at them."""

from __future__ import annotations

from typing import Any

from assetstream.exchanges.common.entries import PushedBalances
from assetstream.exchanges.gate import frames
from assetstream.protocol import Exchange
from tests.exchanges.gate.spec import make_gate
from tests.programs.fuzz.wire import Pairs

__all__ = ["check_ways", "early", "entries", "make", "pushed"]

#: A push before the answer is a proof itself.
early = False


def make(format: int) -> Exchange:
    """Build the adapter; there is one form of frames."""
    return make_gate()


def check_ways(frame: bytes, format: int) -> None:
    """Check that the fast and the tolerant reader agree on a frame."""
    fast = frames.read_expected([frame])
    assert fast is None or frames.read_tolerantly(frame) == [PushedBalances(fast)]


def pushed(decoded: Any) -> list[Any]:
    """Return the currencies of a frame that is only a push, as spelt."""
    if not isinstance(decoded, Pairs) or decoded.get("error") is not None:
        return []
    named = decoded.get("channel"), decoded.get("event")
    if named != ("spot.balances", "update"):
        return []
    result = decoded.get("result")
    changes = result if isinstance(result, list) else [result]
    return [c.get("currency") for c in changes if isinstance(c, Pairs)]


def entries(decoded: Any) -> list[Any]:
    """Return the currency of every entry of a reply of REST, as spelt."""
    return [e.get("currency") if isinstance(e, Pairs) else e for e in decoded or ()]
