"""A simulator without rate limits, and a check of one fault on it."""

from __future__ import annotations

from typing import Callable, Iterator

import pytest

from assetstream.simulator import CoinWAccount, Simulator, UpbitAccount
from tests.support.fault_cases import Case, check


@pytest.fixture
def exchange() -> Iterator[Simulator]:
    """A simulator that does not limit how often it is asked."""
    with Simulator(rate_limits=False) as simulator:
        yield simulator


@pytest.fixture
def check_fault(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> Callable[[str], None]:
    """Checks the fault of a name: its effect, and that nothing is left of it."""
    return lambda name: check(Case(name, exchange, upbit, coinw))
