"""The random trader: repeatable, at its rate, never in debt."""

from __future__ import annotations

from itertools import pairwise

import pytest

from assetstream.simulator import Simulator, UpbitAccount


def traded(seed: int | None) -> UpbitAccount:
    """Return an account after 300 steps."""
    upbit = Simulator(seed=3).upbit({"SGD": "1000", "BTC": "0.5"})
    trader = upbit.trade(seed=seed)
    for _ in range(300):
        trader.step()
    return upbit


def test_the_same_seed_trades_the_same() -> None:
    """Equal seeds give equal digits, other seeds do not."""
    assert traded(1).balances == traded(1).balances
    assert traded(None).balances == traded(None).balances
    assert traded(1).balances != traded(2).balances


def test_it_moves_every_way() -> None:
    """Money is locked, unlocked, spent and earned, with many digits."""
    states = traded(1).history("SGD")
    moves = {
        ((b.available > a.available), (b.locked > a.locked))
        for a, b in pairwise(states)
    }

    # Placed, cancelled or earned, and filled (neither grows).
    assert moves == {(False, True), (True, False), (False, False)}
    assert max(len(state.available.as_tuple().digits) for state in states) > 17


def test_it_begins_with_nothing() -> None:
    """An empty account gets money first."""
    upbit = Simulator().upbit()
    trader = upbit.trade()
    for _ in range(20):
        trader.step()
    assert trader.operations == 20
    assert upbit.balances


def test_it_runs_in_a_thread_until_stopped(upbit: UpbitAccount) -> None:
    """The trader trades only inside the block."""
    start = upbit.balances
    with upbit.trade(rate=500) as trader:
        upbit.context.signal.wait_for(lambda: trader.operations >= 5, 5.0, str)
    done = trader.operations
    assert upbit.balances != start
    trader.stop()
    assert trader.operations == done


def test_it_pauses_and_goes_on(upbit: UpbitAccount) -> None:
    """A paused trader does nothing, and can be stopped."""
    signal = upbit.context.signal
    with upbit.trade(rate=0.001) as trader:
        trader.pause()
        trader.pace(500)
        signal.wait_for(lambda: trader.operations >= 5, 5.0, str)
        trader.pause()


def test_a_rate_of_nothing_is_refused(upbit: UpbitAccount) -> None:
    """A rate of zero would never trade."""
    with pytest.raises(ValueError, match="above zero"):
        upbit.trade(rate=0)
    with pytest.raises(ValueError, match="above zero"):
        upbit.trade().pace(0)
