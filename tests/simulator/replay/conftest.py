"""Replays that do not wait long for their clients."""

from __future__ import annotations

import pytest

from assetstream.simulator.replay import player


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of the player."""
    monkeypatch.setattr(player, "GRACE", 0.15)
    monkeypatch.setattr(player, "READ_TIME", 0.3)
