"""The limits of an exchange, which the accounts of a relay share."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from assetstream import Upbit
from assetstream.core.turns import Turns
from assetstream.runtime import places
from assetstream.simulator import Simulator
from tests.support.clock import fast_time
from tests.support.relays import running

#: When each stream had its first turn, which is to connect.
Grants = dict[Any, float]


def test_o7_connects_after_a_take_over_keep_the_exchange_s_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All accounts are taken at once, and connect one after the other."""
    first: Grants = {}

    class NotedTurns(Turns[Any]):
        """The queue of one place, which notes when it grants."""

        def grants(self, now: float) -> list[tuple[Any, int]]:
            found = super().grants(now)
            for asker, _ in found:
                first.setdefault(asker, now)
            return found

    monkeypatch.setattr(places, "Turns", NotedTurns)
    with fast_time(), Simulator(rate_limits=False) as exchange:
        accounts = {f"a{n}": exchange.upbit({"BTC": "1"}) for n in range(8)}
        with running(accounts) as stage:
            stage.live(8)

    assert len(first) == 8
    times = sorted(first.values())
    pace = Upbit.limits.connects_together.pace
    assert min(b - a for a, b in itertools.pairwise(times)) >= pace
