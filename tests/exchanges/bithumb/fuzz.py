"""Bithumb's frames and replies, as the fuzzer looks at them: of Upbit's dialect."""

from __future__ import annotations

from assetstream.exchanges.bithumb import frames
from assetstream.exchanges.common.entries import PushedBalances
from assetstream.exchanges.common.my_asset import read_tolerantly
from assetstream.protocol import Exchange
from tests.exchanges.bithumb.spec import make_bithumb
from tests.exchanges.upbit.fuzz import entries, mixed, pushed
from tests.programs.fuzz.wire import loads

__all__ = ["check_ways", "early", "entries", "make", "pushed"]

#: A push proves the subscription itself, so none comes before the proof.
early = False


def make(format: int) -> Exchange:
    """Build the adapter; there is one form of frames."""
    return make_bithumb()


def check_ways(frame: bytes, format: int) -> None:
    """Check that the fast and the tolerant reader agree on a frame."""
    fast = frames.read_expected([frame])
    if fast is not None and not mixed(loads(frame)):
        assert read_tolerantly(frame) == [PushedBalances(fast)]
