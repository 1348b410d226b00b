"""An account on the simulated Korbit, whose time stands still."""

from __future__ import annotations

from typing import Iterator

import pytest

from assetstream.simulator import Simulator
from assetstream.simulator.korbit.account import KorbitAccount
from tests.support.clock import TimeMachine


@pytest.fixture
def still() -> Iterator[TimeMachine]:
    """A clock that only a test moves."""
    with TimeMachine(speed=0.0).installed() as time_machine:
        yield time_machine


@pytest.fixture
def korbit(still: TimeMachine, exchange: Simulator) -> KorbitAccount:
    """An account with some money."""
    account = exchange.open("korbit", {"KRW": "1000000", "BTC": "0.5"})
    assert isinstance(account, KorbitAccount)
    return account
