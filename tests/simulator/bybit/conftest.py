"""An account on the simulated Bybit, whose time stands still."""

from __future__ import annotations

from typing import Iterator

import pytest

from assetstream.simulator import Simulator
from assetstream.simulator.bybit.account import BybitAccount
from tests.support.clock import TimeMachine


@pytest.fixture
def still() -> Iterator[TimeMachine]:
    """A clock that only a test moves."""
    with TimeMachine(speed=0.0).installed() as time_machine:
        yield time_machine


@pytest.fixture
def bybit(still: TimeMachine, exchange: Simulator) -> BybitAccount:
    """An account on the simulated Bybit."""
    account = exchange.open("bybit", {"USDT": "1000", "BTC": "0.5"})
    assert isinstance(account, BybitAccount)
    return account
