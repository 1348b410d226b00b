"""The sliding window."""

from __future__ import annotations

import pytest

from assetstream.runtime.loop import clock
from assetstream.simulator.limits import Limit


def test_uses_come_back_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A use is free again once it is older than the window."""
    now = [0.0]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    limit = Limit(2, 1.0)

    assert limit.use()
    now[0] = 0.6
    assert limit.use()
    assert not limit.use()
    assert limit.left == 0

    now[0] = 1.0
    assert limit.left == 1
    assert limit.use()
    assert not limit.use()
