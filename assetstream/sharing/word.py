"""The word of a worker: what a pulse says of its accounts (P2).

Whoever the engine names as owner vouches for an account or excepts it, so an exception
is all that has to be said; and nothing is vouched for in silence that is not known to
be all right.
"""

from __future__ import annotations

from typing import Iterable, Mapping, NamedTuple

from assetstream.core.present import Present
from assetstream.model.states import State
from assetstream.sharing.entries import Pulse
from assetstream.sharing.pulses import LEASE

__all__ = ["Word", "make_pulse", "word_of"]


class Word(NamedTuple):
    """The word about one account at one moment.

    Attributes:
        left: for how long it is LIVE without another proof; seconds; 0: it is not.
        age: how old its last proof is; seconds.
        doubts: currencies in doubt, or not known; "" for all that are not held.
    """

    left: float
    age: float
    doubts: tuple[str, ...]


def word_of(present: Present, now: float) -> Word:
    """Say what is so of a stream now; in the thread that writes ``present``."""
    if present.state_at(now) is not State.LIVE:
        return Word(0.0, 0.0, ())
    left = min(present.dead_at, present.lease_ends_at) - now
    doubts = tuple(sorted({*present.doubts, *present.unknown}))
    return Word(left, max(0.0, now - present.proof), doubts)


def make_pulse(
    number: int,
    clock: float,
    connection: int,
    named: Iterable[str],
    words: Mapping[str, Word],
) -> Pulse:
    """Make the pulse of a worker.

    Args:
        number, clock, connection: as in ``Pulse``; no word may be older than that.
        named: accounts of which the engine may say that this worker has taken them by
            that connection.
        words: of those that it vouches for.
    """
    left: dict[str, float] = {}
    doubts: dict[str, tuple[str, ...]] = {}
    age = 0.0
    for account in named:
        word = words.get(account)
        if word is None or word.left <= 0:
            left[account] = 0.0
            continue
        # No reader believes a pulse for as long as a lease.
        if word.left < LEASE:
            left[account] = word.left
        if word.doubts:
            doubts[account] = word.doubts
        age = max(age, word.age)
    return Pulse(number, clock, age, left, doubts, connection)
