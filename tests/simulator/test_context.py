"""The context that the parts of a simulator share."""

from __future__ import annotations

import pytest

from assetstream.simulator import Simulator
from assetstream.simulator.context import Context
from assetstream.simulator.registry import VENUES
from tests.support.clock import TimeMachine


@pytest.mark.parametrize(
    ("url", "ws_url"),
    [
        ("http://127.0.0.1:1", "ws://127.0.0.1:1"),
        ("https://127.0.0.1:1", "wss://127.0.0.1:1"),
        ("", ""),
    ],
)
def test_both_addresses_are_one(url: str, ws_url: str) -> None:
    """The WebSocket address follows from REST's."""
    context = Context(
        seed=0, idle_timeout=60, status_interval=10, rate_limits=True, region="sg"
    )
    other = Context(
        seed=0, idle_timeout=60, status_interval=10, rate_limits=True, region="sg"
    )
    context.url = url

    assert context.ws_url == ws_url
    assert context.seen is not other.seen
    assert context.points is not other.points


@pytest.mark.parametrize("name", sorted(VENUES))
def test_the_time_is_the_simulated_exchange_s(exchange: Simulator, name: str) -> None:
    """A fault may have set its clock wrong, and no other one's."""
    others = VENUES.keys() - {name}
    with TimeMachine(speed=0.0).installed():
        account = exchange.open(name)
        context = account.context
        before = context.wall(name)
        with exchange.fault("clock_jump", account, seconds=100):
            assert context.wall(name) == before + 100
            assert context.wall_ms(name) == int((before + 100) * 1000)
            assert {context.wall(other) for other in others} == {before}
