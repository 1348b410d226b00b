"""A simulator without rate limits, and a check of one fault on it."""

from __future__ import annotations

from typing import Callable, Iterator

import pytest

from assetstream.simulator import CoinWAccount, Simulator, UpbitAccount
from tests.support.fault_cases import Case, check


@pytest.fixture
def exchange() -> Iterator[Simulator]:
    """A simulator without rate limits."""
    with Simulator(rate_limits=False) as simulator:
        yield simulator


@pytest.fixture
def check_fault(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> Callable[[str], None]:
    """Check the fault of a name: its effect, and that it ends."""
    return lambda name: check(Case(name, exchange, upbit, coinw))
