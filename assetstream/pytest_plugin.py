"""A fixture for tests of your own bots: ``simulated_exchange``.

Installed with assetstream, so pytest finds it by itself. Nothing but pytest is imported
until a test asks for the fixture, which needs the extra ``simulator``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import pytest

if TYPE_CHECKING:
    from assetstream.simulator import Simulator


@pytest.fixture
def simulated_exchange() -> Iterator[Simulator]:
    """A running ``assetstream.simulator.Simulator``, of this test only.

    ``simulated_exchange.open("okx", {"USDT": "1000"})`` opens an account on it. It ends
    with the test, all its connections and threads included. It needs the extra
    ``simulator``.
    """
    from assetstream.simulator import Simulator

    with Simulator() as exchange:
        yield exchange
