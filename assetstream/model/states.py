"""The six states of a stream, named by what the caller may assume."""

from __future__ import annotations

import enum
from types import MappingProxyType
from typing import Mapping

from assetstream.model.public import make_public

__all__ = ["TRANSITIONS", "State"]


class State(str, enum.Enum):
    """Tells a caller what to assume about the balances of a stream.

    Attributes:
        NEW: nothing was started.
        CONNECTING: connecting for the first time; no balance is known for sure yet.
        LIVE: every balance not marked stale is the newest value the exchange has sent.
        STALE: known balances may be out of date; it is reconnecting or re-reading.
        FAILED: it will not come back by itself; ``stream.error`` says why.
        STOPPED: you stopped it.
    """

    NEW = "NEW"
    CONNECTING = "CONNECTING"
    LIVE = "LIVE"
    STALE = "STALE"
    FAILED = "FAILED"
    STOPPED = "STOPPED"

    def __str__(self) -> str:
        return self.value

    @property
    def final(self) -> bool:
        """True for FAILED and STOPPED: nothing comes after them."""
        return not TRANSITIONS[self]


#: Every legal change of state; no other ever happens.
TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.NEW: frozenset({State.CONNECTING, State.STOPPED}),
        State.CONNECTING: frozenset({State.LIVE, State.FAILED, State.STOPPED}),
        State.LIVE: frozenset({State.STALE, State.FAILED, State.STOPPED}),
        State.STALE: frozenset({State.LIVE, State.FAILED, State.STOPPED}),
        State.FAILED: frozenset(),
        State.STOPPED: frozenset(),
    }
)


make_public(State)
