"""Few examples of hypothesis, unless its own option asks for many; and real engines."""

from __future__ import annotations

from typing import Iterator

import pytest

import tests.support.examples  # noqa: F401 - it has a profile loaded
from tests.support.engines import ENGINES, EngineServer


@pytest.fixture(scope="module", params=list(ENGINES))
def running(request: pytest.FixtureRequest) -> Iterator[EngineServer]:
    """An engine of each kind in turn, for a whole module."""
    with EngineServer(request.param) as server:
        yield server


@pytest.fixture
def server(running: EngineServer) -> EngineServer:
    """The same, emptied."""
    running.do("FLUSHALL")
    return running
