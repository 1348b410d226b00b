"""Fixtures of the contract suite; few examples, unless hypothesis is asked for many."""

from __future__ import annotations

import pytest

import tests.support.examples  # noqa: F401 - it has a profile loaded
from assetstream.exchanges import EXCHANGES
from tests.support.specs import SPECS, Spec


@pytest.fixture(params=sorted(EXCHANGES))
def name(request: pytest.FixtureRequest) -> str:
    """Give the name of each registered exchange in turn."""
    return str(request.param)


@pytest.fixture
def spec(name: str) -> Spec:
    """Give the description of that exchange."""
    return SPECS[name]
