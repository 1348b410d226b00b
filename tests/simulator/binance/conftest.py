"""An account on the simulated Binance, whose time stands still."""

from __future__ import annotations

from typing import Iterator

import pytest

from assetstream.simulator import Simulator
from assetstream.simulator.binance.account import BinanceAccount
from tests.support.clock import TimeMachine


@pytest.fixture
def still() -> Iterator[TimeMachine]:
    """A clock that only a test moves."""
    with TimeMachine(speed=0.0).installed() as time_machine:
        yield time_machine


@pytest.fixture
def binance(still: TimeMachine, exchange: Simulator) -> BinanceAccount:
    """An account on the simulated Binance."""
    account = exchange.open("binance", {"USDT": "1000", "BTC": "0.5"})
    assert isinstance(account, BinanceAccount)
    return account
