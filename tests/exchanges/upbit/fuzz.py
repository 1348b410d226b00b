"""Upbit's frames and replies, as the fuzzer looks at them."""

from __future__ import annotations

from typing import Any, Sequence

from assetstream.exchanges.common.entries import PushedBalances
from assetstream.exchanges.common.my_asset import read_tolerantly
from assetstream.exchanges.upbit import frames
from assetstream.protocol import Exchange
from tests.exchanges.upbit.spec import make_upbit
from tests.programs.fuzz.wire import Pairs, loads, objects

__all__ = ["check_ways", "early", "entries", "make", "mixed", "pushed"]

#: A push proves the subscription itself, so none comes before the proof.
early = False

FORMATS = sorted(frames.FORMATS)
#: Upbit's short keys, and the long ones.
KEYS = (
    *(("cu", "currency"), ("b", "balance"), ("l", "locked"), ("ty", "type")),
    *(("ast", "assets"), ("astuid", "asset_uuid"), ("asttms", "asset_timestamp")),
    *(("tms", "timestamp"), ("mthd", "method")),
)


def make(format: int) -> Exchange:
    """Build the adapter, for one of the forms of frames."""
    return make_upbit(format=FORMATS[format])


def check_ways(frame: bytes, format: int) -> None:
    """Check that the fast and the tolerant reader agree on a frame."""
    upbit = frames.read_expected([frame], FORMATS[format])
    if upbit and not mixed(loads(frame)):
        items: Sequence[Any] = read_tolerantly(frame)
        assert items, "the fast way sees a push where there is none"
        for item in items:
            assert isinstance(item, PushedBalances)
            assert not item.unreadable
        assert [b for item in items for b in item.balances] == upbit


def mixed(decoded: Any) -> bool:
    """Return whether long and short keys are mixed; fast reading sees only its own."""
    return any(
        {short, long} <= set(pairs)
        for _, pairs in objects(decoded)
        for short, long in KEYS
    )


def pushed(decoded: Any) -> list[Any]:
    """Return the currencies of a frame that is only a push, as spelt."""
    codes: list[Any] = []
    for entry in decoded if isinstance(decoded, list) else [decoded]:
        if not isinstance(entry, Pairs) or entry.get("type") != "myAsset":
            continue
        if {"error", "status", "method", "mthd"} & set(entry):
            continue
        assets = entry.get("assets")
        for asset in assets if isinstance(assets, list) else []:
            if isinstance(asset, Pairs):
                code = asset.get("currency")
                codes.append(asset.get("cu") if code is None else code)
    return codes


def entries(decoded: Any) -> list[Any]:
    """Return the currency of every entry of a reply of REST, as spelt."""
    if isinstance(decoded, Pairs):
        return list(decoded)
    return [e.get("currency") if isinstance(e, Pairs) else e for e in decoded or ()]
