"""The states, and the transitions between them."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from assetstream.model.states import TRANSITIONS, State

#: DESIGN's table, written down a second time.
NEXT = {
    "NEW": {"CONNECTING", "STOPPED"},
    "CONNECTING": {"LIVE", "FAILED", "STOPPED"},
    "LIVE": {"STALE", "FAILED", "STOPPED"},
    "STALE": {"LIVE", "FAILED", "STOPPED"},
    "FAILED": set(),
    "STOPPED": set(),
}


def test_there_are_six_states_in_the_order_of_a_life() -> None:
    """The names are public."""
    assert [state.value for state in State] == list(NEXT)


@pytest.mark.parametrize("state", State)
def test_the_transitions_are_the_documented_ones(state: State) -> None:
    """The table equals the documented one."""
    assert {following.value for following in TRANSITIONS[state]} == NEXT[state.value]


@pytest.mark.parametrize("state", State)
def test_failed_and_stopped_are_final(state: State) -> None:
    """No other state is final."""
    assert state.final == (state in (State.FAILED, State.STOPPED))


@pytest.mark.parametrize("state", State)
def test_a_stream_can_be_stopped_in_every_state_that_is_not_final(
    state: State,
) -> None:
    """Each such state may change to STOPPED."""
    assert state.final or State.STOPPED in TRANSITIONS[state]


def test_the_transitions_cannot_be_changed() -> None:
    """The table is read-only."""
    table: Any = TRANSITIONS
    with pytest.raises(TypeError):
        table[State.FAILED] = frozenset({State.LIVE})


def test_a_state_is_its_name() -> None:
    """A state equals its name, in text, in JSON and unpickled."""
    assert State.LIVE == "LIVE"
    assert str(State.LIVE) == f"{State.LIVE}" == "LIVE"
    assert pickle.loads(pickle.dumps(State.LIVE)) is State.LIVE
