"""Fixtures of streams, which are alike at all exchanges."""

from __future__ import annotations

import pytest

from assetstream.simulator import Account, Simulator


@pytest.fixture
def account(exchange: Simulator) -> Account:
    """An account with BTC 1 and USDT 1000 at one exchange.

    What differs at the other is for the rooms of exchanges and sessions.
    """
    return exchange.upbit({"BTC": "1", "USDT": "1000"})
