"""An account on the simulated Bithumb."""

from __future__ import annotations

import pytest

from assetstream.simulator import Simulator
from assetstream.simulator.bithumb.account import BithumbAccount


@pytest.fixture
def bithumb(exchange: Simulator) -> BithumbAccount:
    """An account with some money."""
    account = exchange.open("bithumb", {"KRW": "1000000", "BTC": "0.5"})
    assert isinstance(account, BithumbAccount)
    return account
