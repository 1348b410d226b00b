"""Simulators for the tests of this room."""

from __future__ import annotations

import gc
from typing import Iterator

import pytest

from assetstream.simulator import CoinWAccount, Simulator, UpbitAccount


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


@pytest.fixture(scope="session", autouse=True)
def imports_are_not_searched() -> Iterator[None]:
    """Spare every test's garbage collection what was imported before the first."""
    gc.freeze()
    yield
    gc.unfreeze()
