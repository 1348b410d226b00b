"""A simulator without rate limits."""

from __future__ import annotations

from typing import Iterator

import pytest

from assetstream.simulator import Simulator


@pytest.fixture
def exchange() -> Iterator[Simulator]:
    """A simulator without rate limits."""
    with Simulator(rate_limits=False) as simulator:
        yield simulator
