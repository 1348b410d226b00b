"""Simulators for the tests of this room."""

from __future__ import annotations

from typing import Callable, Iterator

import pytest

from assetstream.simulator import CoinWAccount, Simulator, UpbitAccount
from tests.support.fault_cases import Case, check


@pytest.fixture
def exchange() -> Iterator[Simulator]:
    """A running simulator."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def upbit(exchange: Simulator) -> UpbitAccount:
    """An account on the simulated Upbit."""
    return exchange.upbit({"SGD": "1000", "BTC": "0.5"})


@pytest.fixture
def coinw(exchange: Simulator) -> CoinWAccount:
    """An account on the simulated CoinW."""
    return exchange.coinw({"USDT": "1000", "BTC": "0.5"})


@pytest.fixture
def check_fault(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> Callable[[str], None]:
    """Check the fault of a name: its effect, and that it ends."""
    return lambda name: check(Case(name, exchange, upbit, coinw))
