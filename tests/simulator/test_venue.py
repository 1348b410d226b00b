"""Exchanges as the server sees them."""

from __future__ import annotations

import pytest

from assetstream.simulator.coinw.venue import CoinWVenue
from assetstream.simulator.context import Context
from assetstream.simulator.upbit.venue import UpbitVenue
from assetstream.simulator.venue import Venue


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/websocket/v1/private", "upbit"),
        ("/v1/accounts", "upbit"),
        ("/", "coinw"),
        ("", "coinw"),
        ("/api/v1/private", "coinw"),
        ("/nowhere", ""),
    ],
)
def test_a_path_belongs_to_one_exchange_at_most(path: str, owner: str) -> None:
    """The exchanges share a port; those two have the real ones' paths, too."""
    context = Context(
        seed=0, idle_timeout=60, status_interval=10, rate_limits=True, region="sg"
    )
    venues: list[Venue] = [UpbitVenue(context), CoinWVenue(context)]

    assert [v.name for v in venues if v.owns(path)] == ([owner] if owner else [])
