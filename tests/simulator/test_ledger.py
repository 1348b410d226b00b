"""The ledger is exact, refuses overdrafts, and remembers."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetstream.runtime.loop import clock
from assetstream.simulator.ledger import Insufficient, Ledger, LedgerChange


def ledger(**balances: Any) -> Ledger:
    return Ledger(balances, lambda change: None)


def test_an_order_locks_and_a_fill_moves() -> None:
    """An order locks, a partial fill pays, a cancel unlocks the rest."""
    book = ledger(SGD="100")

    order = book.place_order("SGD", "60", "BTC")
    assert book.balances()["SGD"] == (Decimal(40), Decimal(60))

    book.fill(order, "0.001", "45.5")
    assert book.balances() == {
        "SGD": (Decimal(40), Decimal("14.5")),
        "BTC": (Decimal("0.001"), Decimal(0)),
    }

    book.cancel(order)
    book.cancel(order)
    assert book.balances()["SGD"] == (Decimal("54.5"), Decimal(0))


def test_26_digits_are_kept() -> None:
    """Sums keep 26 digits, and 60."""
    book = ledger(SGD="1386929.37231066771348207123")

    book.deposit("SGD", "0.00000000000000000000000000000000000000000000000000001")

    assert str(book.balances()["SGD"][0]) == (
        "1386929.37231066771348207123000000000000000000000000000000001"
    )


@pytest.mark.parametrize(
    "overdraft",
    [
        lambda book: book.withdraw("SGD", "100.01"),
        lambda book: book.withdraw("BTC", "1"),
        lambda book: book.place_order("SGD", "101", "BTC"),
        lambda book: book.fill(book.place_order("SGD", 10, "BTC"), 1, "10.1"),
    ],
)
def test_an_overdraft_changes_nothing(overdraft: Callable[[Ledger], None]) -> None:
    """The overdraft raises, and the total stays."""
    book = ledger(SGD="100")

    with pytest.raises(Insufficient):
        overdraft(book)

    assert sum(book.balances()["SGD"]) == 100
    assert "BTC" not in book.balances()


def test_an_overdraft_says_what_there_is() -> None:
    """The amounts are those that a user knows: what is there, and what was asked."""
    book, other = ledger(SGD="100"), ledger(SGD="100")
    order = other.place_order("SGD", "60", "BTC")

    with pytest.raises(Insufficient, match=r"^there are 100 SGD available, not 101$"):
        book.withdraw("SGD", "101")
    with pytest.raises(Insufficient, match=r"^there are 0 SGD locked, not 60$"):
        book.cancel(order)


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "x", Decimal("-0")])
def test_what_is_no_amount_is_refused(amount: Any) -> None:
    """Only finite amounts above zero move."""
    with pytest.raises(ValueError, match="not an amount"):
        ledger().deposit("SGD", amount)


def test_a_float_is_refused() -> None:
    """The digits of a float are not those that were written."""
    with pytest.raises(TypeError, match="not exact"):
        ledger().deposit("SGD", 0.1)  # type: ignore[arg-type]


def test_an_order_cannot_be_filled_twice() -> None:
    """A filled order has no money left."""
    book = ledger(SGD="100")
    order = book.place_order("SGD", 100, "BTC")
    book.fill(order, 1)

    with pytest.raises(Insufficient):
        book.fill(order, 1)


def test_a_lagging_replica_shows_the_old_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The replica shows balances of ``lag`` seconds ago."""
    now = [100.0]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    book = Ledger({"SGD": 1}, lambda change: None)
    now[0] = 110.0
    book.deposit("SGD", 1)
    book.deposit("BTC", 1)
    now[0] = 112.0

    assert book.balances(lag=1.0)["SGD"][0] == 2
    assert book.balances(lag=2.5) == {"SGD": (Decimal(1), Decimal(0))}
    assert book.balances(lag=9999)["SGD"][0] == 1
    assert [state.available for state in book.history("SGD")] == [1, 2]


def test_changes_are_notified_in_order() -> None:
    """Entries are numbered, with rising times; paying comes before receiving."""
    changes: list[LedgerChange] = []
    book = Ledger({"SGD": 10}, changes.append)

    book.fill(book.place_order("SGD", 4, "BTC"), 1)

    assert [[e.currency for e in c.entries] for c in changes] == [
        ["SGD"],
        ["SGD", "BTC"],
    ]
    assert [e.number for c in changes for e in c.entries] == [0, 1, 2]
    assert changes[0].time_ms <= changes[1].time_ms


def test_the_time_does_not_go_back_with_the_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wall clock set back does not set the exchange's time back."""
    changes: list[LedgerChange] = []
    book = Ledger({}, changes.append)
    book.deposit("SGD", 1)
    monkeypatch.setattr(clock, "wall", lambda: 0.0)

    book.deposit("SGD", 1)

    assert changes[0].time_ms == changes[1].time_ms > 0


def test_threads_lose_nothing() -> None:
    """Deposits of four threads add up."""
    book = ledger(SGD=0)

    def pay_in() -> None:
        for _ in range(250):
            book.deposit("SGD", "0.1")

    threads = [threading.Thread(target=pay_in) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert book.balances()["SGD"][0] == 100


amounts = st.decimals(
    min_value=Decimal("1e-18"), max_value=Decimal(10**8), allow_nan=False, places=18
).filter(bool)
steps = st.lists(
    st.tuples(
        st.sampled_from(["place", "fill", "part", "cancel", "transfer"]), amounts
    ),
    max_size=30,
)


@given(steps, amounts)
def test_money_is_conserved(todo: list[tuple[str, Decimal]], start: Decimal) -> None:
    """Trades and transfers of two accounts keep their sum."""
    mine, yours = ledger(SGD=start, BTC=start), ledger(SGD=start, BTC=start)
    orders = []
    for what, amount in todo:
        try:
            if what == "place":
                orders.append(
                    (
                        mine.place_order("SGD", amount, "BTC"),
                        yours.place_order("BTC", amount, "SGD"),
                    )
                )
            elif what == "transfer":
                mine.withdraw("BTC", amount)
                yours.deposit("BTC", amount)
            elif orders:
                bid, ask = orders[-1]
                if what == "cancel":
                    mine.cancel(bid)
                    yours.cancel(ask)
                else:
                    part = min(amount, bid.remaining, ask.remaining)
                    mine.fill(bid, part, part)
                    yours.fill(ask, part, part)
        except ValueError:  # an overdraft, or an order with nothing left
            pass

    for currency in ("SGD", "BTC"):
        total = sum(mine.balances()[currency] + yours.balances()[currency])
        # One side of a pair may have been placed alone: locked is money, too.
        assert total == start * 2
