"""An account on the simulated Gate."""

from __future__ import annotations

import pytest

from assetstream.simulator import Simulator
from assetstream.simulator.gate.account import GateAccount


@pytest.fixture
def gate(exchange: Simulator) -> GateAccount:
    """An account on the simulated Gate."""
    account = exchange.open("gate", {"USDT": "1000", "BTC": "0.5"})
    assert isinstance(account, GateAccount)
    return account
