"""The present of a stream as any thread reads it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Callable

import pytest

from assetstream.core.present import UNNAMED, Present
from assetstream.model.events import Balance, Source
from assetstream.model.states import State
from tests.support.books import START


class Clock:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def present(clock: Clock) -> Present:
    """A present that is LIVE, proved at 90 s, with one balance."""
    present = Present("upbit", "main", clock)
    present.state = State.LIVE
    present.reason = "balances read and merged"
    present.proof, present.dead_at, present.lease_ends_at = 90.0, 120.0, 200.0
    present.complete_since = START
    present.balances = {"BTC": balance(present, "1")}
    return present


def balance(present: Present, available: str) -> Balance:
    """Return a balance of that present."""
    amount = Decimal(available)
    return Balance(
        "upbit",
        "main",
        "BTC",
        amount,
        Decimal(0),
        START,
        Source.STREAM,
        present.standing,
    )


def test_l1_the_state_is_stale_once_the_proof_has_run_out(present: Present) -> None:
    """The state and its reason follow the clock, without any thread."""
    assert present.state_at(120.0) is State.LIVE
    assert present.state_at(120.1) is State.STALE
    assert present.reason_at(100.0) == "balances read and merged"
    assert "no proof of life" in present.reason_at(120.1)


def test_a7_the_state_is_stale_once_the_lease_has_ended(present: Present) -> None:
    """Proofs of life do not prolong the lease."""
    present.dead_at = 1000.0
    assert present.state_at(200.0) is State.LIVE
    assert present.state_at(200.1) is State.STALE


def test_other_states_are_as_they_were_decided(present: Present) -> None:
    """No clock changes any state but LIVE."""
    for state in set(State) - {State.LIVE}:
        present.state = state
        assert present.state_at(1e9) is state


def test_ages_are_counted_from_the_last_proof(present: Present, clock: Clock) -> None:
    """An age is counted while LIVE; a doubt freezes it."""
    btc = present.balances["BTC"]
    assert (btc.age, btc.stale) == (10.0, False)
    present.doubts = {"BTC": 50.0}
    assert (btc.age, btc.stale) == (50.0, True)
    present.doubts = {}
    clock.now = 121.0
    assert (btc.age, btc.stale) == (31.0, True)


def test_a_balance_that_was_replaced_is_stale(present: Present) -> None:
    """The age of a replaced balance counts from its replacement."""
    old = present.balances["BTC"]
    present.balances = {"BTC": balance(present, "2")}
    present.taken_at["BTC"] = 60.0

    assert (old.age, old.stale) == (40.0, True)
    assert not present.balances["BTC"].stale


def test_a_balance_is_verified_since_the_read_that_agreed(
    present: Present, clock: Clock
) -> None:
    """In every state; one that was replaced, until then at the latest."""
    btc = present.balances["BTC"]
    assert btc.verified == math.inf
    present.verified_at = {"BTC": 80.0, UNNAMED: 70.0}
    assert btc.verified == 20.0
    present.doubts = {"BTC": 50.0}
    present.state = State.STALE
    clock.now = 101.0
    assert btc.verified == 21.0
    present.balances = {"BTC": balance(present, "2")}
    present.taken_at["BTC"] = 60.0
    assert btc.verified == 41.0
    assert present.balances["BTC"].verified == 21.0


def test_s4_so_is_the_zero_of_what_is_not_held(present: Present, clock: Clock) -> None:
    """Until it is held: then it is a balance that was replaced."""
    present.verified_at = {UNNAMED: 70.0}
    eth = present.balance("ETH")
    assert eth is not None
    assert eth.verified == 30.0
    present.unknown = frozenset({"ETH"})
    assert eth.verified == math.inf


def test_s4_a_currency_never_held_is_zero(present: Present) -> None:
    """A missing currency is zero unless a doubt covers it."""
    eth = present.balance("ETH")
    assert eth is not None
    assert (eth.total, eth.stale) == (0, False)
    present.doubts = {UNNAMED: 95.0}
    assert eth.stale
    assert present.in_doubt() == ()


def test_k4_a_currency_with_an_unknown_field_is_not_known(present: Present) -> None:
    """The currency is not known, and a zero read before is stale."""
    eth = present.balance("ETH")
    present.unknown = frozenset({"ETH"})
    assert present.balance("ETH") is None
    assert eth is not None
    assert (eth.age, eth.stale) == (math.inf, True)


def test_before_the_first_snapshot_nothing_is_zero(present: Present) -> None:
    """No balance is known before the first snapshot."""
    present.complete_since = None
    assert present.balance("ETH") is None
    assert present.balance("BTC") is not None


class Interrupted(dict[str, Balance]):
    """Balances: after a reader has looked here, the writer makes its next step."""

    def __init__(self, balances: dict[str, Balance], step: Callable[[], None]) -> None:
        super().__init__(balances)
        self._step = step

    def get(self, *args: Any) -> Any:
        found = super().get(*args)
        self._step()
        return found


def test_w2_a_doubt_that_ends_while_a_reader_looks_marks_the_old_balance(
    present: Present,
) -> None:
    """The reader has found the old balance; its doubt ended with the new one."""
    doubted = present.balances["BTC"]
    present.doubts = {"BTC": 80.0}

    def step() -> None:
        present.taken_at["BTC"] = 99.0
        present.balances = {"BTC": balance(present, "2")}
        present.doubts = {}

    present.balances = Interrupted(present.balances, step)
    assert doubted.stale
    present.balances = Interrupted({"BTC": doubted}, step)
    present.doubts = {"BTC": 80.0}
    assert doubted.age == 20.0


@pytest.mark.parametrize("unknown", [False, True])
def test_w2_what_comes_to_be_known_while_a_reader_looks_is_no_zero(
    present: Present, unknown: bool
) -> None:
    """K4: by the first complete snapshot, or by the field that was missing."""
    held = present.balances["BTC"]
    present.unknown = frozenset({"BTC"} if unknown else ())
    present.complete_since = START if unknown else None

    def step() -> None:
        present.balances = {"BTC": held}
        present.unknown = frozenset()
        present.complete_since = START

    present.balances = Interrupted({}, step)
    found = present.balance("BTC")
    assert found is None or found is held


def test_a_change_of_state_tells_from_where_to_where_and_why(present: Present) -> None:
    """Whoever reads the state has its reason."""
    change = present.change(State.STALE, "the connection was lost")

    assert (change.previous, change.current) == (State.LIVE, State.STALE)
    assert (change.exchange, change.account) == ("upbit", "main")
    assert (change.reason, change.gap) == ("the connection was lost", None)
    assert (present.state, present.reason) == (State.STALE, "the connection was lost")
