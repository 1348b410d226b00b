"""The limits of an exchange, which the accounts of a relay share."""

from __future__ import annotations

from assetstream import RateLimited
from assetstream.simulator import Simulator
from tests.support.clock import fast_time
from tests.support.relays import running


def test_o7_connects_after_a_take_over_keep_the_exchange_s_limit() -> None:
    """All accounts are taken at once, and connect one after the other."""
    with fast_time(), Simulator() as exchange:
        accounts = {f"a{n}": exchange.upbit({"BTC": "1"}) for n in range(12)}
        with running(accounts) as stage:
            stage.live(12)

        assert stage.errors.of(RateLimited) == []
