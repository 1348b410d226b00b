"""The context that the parts of a simulator share."""

from __future__ import annotations

import pytest

from assetstream.simulator.context import Context


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
