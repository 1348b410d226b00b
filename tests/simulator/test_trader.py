"""The random trader: repeatable, at its rate, never in debt, like life."""

from __future__ import annotations

from decimal import Decimal
from itertools import cycle, pairwise
from statistics import median
from typing import Mapping

import pytest

from assetstream.simulator import STARTING_BALANCES, Simulator, UpbitAccount
from assetstream.simulator.account import Account
from assetstream.simulator.ledger import Order

#: Steps of a day at the usual rate; as many show the same in a moment.
DAY, MOMENT = 24 * 3600 * 5, 2_000


def step(account: Account, steps: int) -> None:
    """Have the account's trader do so many steps."""
    trader = account.trade()
    for _ in range(steps):
        trader.step()


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
    """Money is locked, unlocked, spent and earned."""
    states = traded(1).history("SGD")
    moves = {
        ((b.available > a.available), (b.locked > a.locked))
        for a, b in pairwise(states)
    }

    # Placed, cancelled or earned, and filled (neither grows).
    assert moves == {(False, True), (True, False), (False, False)}


def test_amounts_have_the_exchanges_decimal_places() -> None:
    """Two for dollars, none for won, eight for coins; what was there keeps its own."""
    upbit = Simulator(seed=3).upbit({"SGD": "1000.12345", "BTC": "0.5"})
    coins = Simulator(seed=3).upbit({"KRW": "1000000"})
    for account in (upbit, coins):
        step(account, 300)
    for before, after in pairwise(upbit.history("SGD")):
        assert (after.available - before.available) % Decimal("0.01") == 0
        assert (after.locked - before.locked) % Decimal("0.01") == 0
    for account, currency, places in [(upbit, "BTC", 8), (coins, "KRW", 0)]:
        found = {
            -int(s.available.as_tuple().exponent) for s in account.history(currency)
        }
        assert max(found) == places


@pytest.mark.parametrize(
    "balances",
    [{}, {"BTC": "0.00000001"}, {"DOGE": "12"}, {"SGD": "0.01"}, {"IDR": "1"}],
    ids=["nothing", "dust", "a coin without a price", "a cent", "a rupiah"],
)
def test_it_begins_with_next_to_nothing(balances: Mapping[str, str]) -> None:
    """Such an account gets money, and then trades coins."""
    upbit = Simulator().upbit(balances)
    step(upbit, 300)
    held = {currency for currency, (free, _) in upbit.balances.items() if free}
    assert {"BTC", "ETH", "SOL", "XRP"} & held


@pytest.mark.parametrize(
    ("name", "seed"), [*zip(cycle(STARTING_BALANCES), range(4), strict=False)]
)
def test_balances_stay_like_life(name: str, seed: int) -> None:
    """What was held at the start stays near that, and nothing else grows out of it."""
    assert_like_life(name, seed, MOMENT)


@pytest.mark.programs
@pytest.mark.parametrize("name", [*STARTING_BALANCES][:2])
def test_balances_stay_like_life_for_a_day(name: str) -> None:
    """They neither explode nor fall to dust; a trader knows no exchange."""
    assert_like_life(name, 0, DAY)


def assert_like_life(name: str, seed: int, steps: int) -> None:
    account = Simulator().open(name, STARTING_BALANCES[name])
    trader = account.trade(seed=seed)
    first = {code: Decimal(amount) for code, amount in STARTING_BALANCES[name].items()}
    held = account.balances
    for _ in range(steps // 100):
        for _ in range(100):
            trader.step()
        held = account.balances
        for currency, amount in first.items():
            assert amount / 2 < sum(held[currency]) < amount * 2, currency
    # Each is worth less than what the account is made of.
    for currency, most in {"BTC": 1, "ETH": 10, "SOL": 50, "XRP": 6000}.items():
        assert 0 < sum(held[currency]) < most, currency


def test_orders_are_near_the_price_and_cost_a_fee(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Buyers of bitcoin pay a little more than sellers get."""
    upbit = Simulator(seed=3).upbit({"SGD": "50000", "BTC": "0.4"})
    fill = upbit.ledger.fill
    bought: list[Decimal] = []
    sold: list[Decimal] = []

    def note(order: Order, received: Decimal, paid: Decimal) -> None:
        fill(order, received, paid)
        if order.receive == "BTC":
            bought.append(paid / received)
        elif order.pay == "BTC":
            sold.append(received / paid)

    monkeypatch.setattr(upbit.ledger, "fill", note)
    step(upbit, 600)
    assert min(len(bought), len(sold)) > 10
    for price in (*bought, *sold):
        assert 115_000 < price < 135_000
    assert median(bought) > median(sold)


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
