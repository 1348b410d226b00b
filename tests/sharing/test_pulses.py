"""When an owner spoke last."""

from __future__ import annotations

import math
from typing import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetstream.model.errors import ConfigurationError
from assetstream.sharing import read_plan, relay_machine
from assetstream.sharing.entries import Pulse
from assetstream.sharing.pulses import (
    HORIZON,
    LEASE,
    OwnerPulses,
    PulseNumbers,
    check_horizon,
)
from assetstream.sharing.relay_machine import HOLD, STRICT
from assetstream.sharing.word import make_pulse
from tests.support.fleet import FAULTS, Engine, Fault, Fleet

SECONDS = (0.1, 0.8, 1.5, 3.0, 5.5, 9.0)
#: Faults that a worker has time to notice.
HAVE_TIME = [
    "stop the owner",
    "kill the owner",
    "hold what the owner sends",
    "hold what the owner gets",
    "pause the engine",
    "drop the exchange",
]
faults = st.lists(
    st.builds(
        Fault,
        st.sampled_from(FAULTS),
        st.sampled_from((0.0, 0.3, 1.0, 3.0, 6.0)),
        st.sampled_from(SECONDS),
    ),
    min_size=1,
    max_size=5,
)


class ByReceipt(OwnerPulses):
    """Takes a pulse to be as young as its arrival, as everybody would at first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._now = clock

    def came(self, pulses: list[Pulse], asked: float) -> None:  # type: ignore[override]
        super().came(pulses, asked)
        if pulses:
            self.composed = self._now()


def suffered(fleet: Fleet, struck: list[Fault]) -> Fleet:
    """Let faults happen to a fleet, and then let it come to rest."""
    fleet.run(2.0)
    for fault in struck:
        fleet.run(fault.after)
        fleet.strike(fault)
    fleet.run(12.0)
    return fleet


@given(st.integers(0, 10**6), faults)
def test_v1_no_reading_is_wrong_whatever_happens(
    seed: int, struck: list[Fault]
) -> None:
    """What is said to be LIVE was true within its age, by the world's own clock."""
    fleet = suffered(Fleet(seed), struck)

    assert fleet.wrong == []
    assert fleet.readings > 0


@pytest.mark.parametrize("seed", range(3))
def test_v1_the_time_of_receipt_is_no_date(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The world tells: what is dated so is wrong, in every such run."""
    struck = [
        Fault("hold what the reader gets", 0.0, 2.0),
        Fault("suspend the owner", 0.5, 5.5),
    ]
    assert suffered(Fleet(seed), struck).wrong == []

    naive = Fleet(seed)
    monkeypatch.setattr(read_plan, "OwnerPulses", lambda: ByReceipt(naive.reader.clock))
    assert suffered(naive, struck).wrong != []


@pytest.mark.parametrize("kind", FAULTS)
def test_v2_it_is_live_again_after_every_fault(kind: str) -> None:
    """Caution alone would be to never say LIVE."""
    fleet = suffered(Fleet(1), [Fault(kind, 0.0, 6.0)])

    assert fleet.wrong == []
    before = fleet.readings
    fleet.run(5.0)
    assert fleet.readings > before + 50


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", HAVE_TIME)
def test_o3_a_strict_worker_is_never_connected_beside_another(
    kind: str, seed: int
) -> None:
    """Unless it sleeps, or its engine forgets that it was promised time."""
    fleet = suffered(Fleet(seed, holds=(STRICT,)), [Fault(kind, 0.0, 9.0)])

    assert fleet.doubled == []


def test_o3_another_worker_is_connected_beside_one_that_holds_on() -> None:
    """What is fenced is its word; and the world would tell."""
    struck = [Fault("hold what the owner gets", 0.0, 9.0)]

    fleet = suffered(Fleet(1, holds=(HOLD,)), struck)

    assert fleet.doubled != []
    assert fleet.wrong == []


@pytest.mark.parametrize(("seed", "after"), [(52, 7.726271876), (57, 7.686050373)])
def test_v7_who_is_named_by_an_old_copy_does_not_vouch(
    seed: int, after: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has had the account once, and does not know yet that it has it again."""
    struck = [
        Fault("suspend the owner", 0.0, 6.0),
        Fault("promote an old copy", after, 6.0),
        Fault("hold what the owner gets", 0.3, 2.0),
    ]
    assert suffered(Fleet(seed), struck).wrong == []

    # The world tells: if no pulse names its connection, it is believed.
    acquire = Engine.acquire
    monkeypatch.setattr(Engine, "acquire", lambda self, name, _: acquire(self, name, 0))
    monkeypatch.setattr(
        relay_machine,
        "make_pulse",
        lambda number, clock, _, named, words: make_pulse(
            number, clock, 0, named, words
        ),
    )
    assert suffered(Fleet(seed), struck).wrong != []


def pulse(number: int, clock: float, **told: object) -> Pulse:
    """Make a pulse."""
    return Pulse(number, clock, **told)  # type: ignore[arg-type]


def test_v1_the_first_pulses_have_no_date() -> None:
    """Nobody knows for how long they were there."""
    owner = OwnerPulses()
    owner.came([pulse(1, 7.0), pulse(2, 7.25)], asked=100.0)
    assert owner.composed == -math.inf
    assert owner.number == 2

    # It had come after nothing that is known, either.
    owner.came([pulse(3, 7.5)], asked=100.1)

    assert owner.composed == -math.inf
    assert owner.until("alice", HORIZON) == -math.inf


def test_v1_a_pulse_is_younger_than_the_request_without_its_predecessor() -> None:
    """It was asked for at 100.2, and 3 came later; 4 was composed after that."""
    owner = OwnerPulses()
    owner.came([pulse(2, 7.25)], asked=100.0)
    owner.came([], asked=100.2)
    owner.came([pulse(3, 7.5)], asked=100.4)

    owner.came([pulse(4, 7.75)], asked=100.6)

    assert owner.composed == 100.2
    # All at once: each was asked for in vain at 100.8.
    owner.came([], asked=100.8)
    owner.came([pulse(5, 8.0), pulse(6, 8.1)], asked=101.0)
    assert owner.composed == 100.8


def test_v1_the_owner_s_stopwatch_dates_what_follows() -> None:
    """As fast as it may be wrong; until a request says more."""
    owner = OwnerPulses()
    owner.came([pulse(2, 7.0)], asked=100.0)
    owner.came([], asked=100.2)
    owner.came([pulse(3, 7.2)], asked=100.3)
    owner.came([pulse(4, 7.4)], asked=100.5)
    assert owner.composed == 100.2

    owner.came([pulse(5, 8.4)], asked=100.6)

    assert owner.composed == pytest.approx(101.2 - 4e-4)


def test_p2_a_pulse_that_was_not_acknowledged_dates_none() -> None:
    """The next one may have been composed before it came in."""
    numbers = PulseNumbers()
    first = numbers.compose()
    numbers.acknowledge(first)
    lost, third = numbers.compose(), numbers.compose()
    numbers.acknowledge(lost)  # too late: it says nothing of the third
    assert (first, lost, third, numbers.compose()) == (1, 2, 4, 6)

    owner = OwnerPulses()
    owner.came([pulse(1, 7.0)], asked=100.0)
    owner.came([], asked=100.2)
    owner.came([pulse(2, 7.25), pulse(4, 7.3)], asked=101.0)

    assert owner.number == 4
    assert owner.composed == -math.inf


def test_v1_another_connection_begins_anew() -> None:
    """Behind it there may be another engine; but the owner is the same."""
    owner = OwnerPulses()
    owner.came([pulse(1, 7.0)], asked=100.0)
    owner.came([], asked=100.2)
    owner.came([pulse(2, 7.25)], asked=100.3)
    owner.came([pulse(3, 7.5)], asked=100.5)
    assert owner.composed == 100.2
    owner.came([], asked=100.9)

    owner.interrupted()
    owner.came([pulse(2, 7.25), pulse(3, 7.5)], asked=109.0)
    assert (owner.number, owner.composed) == (3, 100.2)
    owner.came([pulse(4, 7.75)], asked=109.2)

    assert owner.composed == pytest.approx(100.45, abs=1e-3)


def test_v1_a_pulse_that_comes_late_changes_nothing() -> None:
    """Bytes of an older connection may arrive after those of the newer one."""
    owner = OwnerPulses()
    owner.came([pulse(4, 8.0, left={"alice": 0.0})], asked=100.0)

    owner.came([pulse(2, 7.0)], asked=100.1)

    assert owner.number == 4
    assert owner.left == {"alice": 0.0}


def test_v2_the_word_lasts_as_long_as_the_owner_s_proof() -> None:
    """And never longer than the horizon."""
    owner = OwnerPulses()
    owner.composed = 100.0
    owner.left = {"bob": 1.5, "carol": 9.0, "dave": 0.0}

    found = [owner.until(name, HORIZON) for name in ("alice", "bob", "carol", "dave")]

    assert found == [103.0, 101.5, 103.0, 100.0]


@pytest.mark.parametrize(
    "horizon", [0.9, LEASE, 60, -1, math.inf, math.nan, True, "3", None]
)
def test_v5_the_horizon_is_shorter_than_a_lease(horizon: object) -> None:
    """Else a reader would go by an owner's word when another one may own it."""
    with pytest.raises(ConfigurationError, match="horizon"):
        check_horizon(horizon)


@pytest.mark.parametrize("horizon", [1, 1.0, HORIZON, 4.99])
def test_v5_a_horizon_within_a_lease_is_good(horizon: float) -> None:
    """From four pulses up."""
    assert check_horizon(horizon) == horizon


def test_v6_what_is_told_was_proved_before_it_was_composed() -> None:
    """The age counts both."""
    owner = OwnerPulses()
    owner.came([pulse(1, 7.0)], asked=100.0)
    owner.came([], asked=100.2)
    owner.came([pulse(2, 7.25)], asked=100.3)
    owner.came([pulse(3, 7.5, age=0.75)], asked=100.5)

    assert owner.proof == pytest.approx(100.2 - 0.75)
