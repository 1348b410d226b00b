"""The choice of the accounts that a worker asks for, given who has which.

The engine alone decides who gets an account; here it is decided who asks.

=====  ==============================================================================
O4     An account that somebody owned is taken only by one whose own connection to the
       engine has stood for longer than a lease: after a restart of the engine, owners
       come back as well, and nothing moves. One that the engine has forgotten, which
       it was not given back, is left for a lease to whoever had it.
O5     A worker takes its fair share at most, and its capacity; what nobody has taken
       within a lease, it takes beyond its share. Nothing that has an owner is moved.
=====  ==============================================================================
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

from assetstream.protocol import Exchange
from assetstream.sharing.pulses import LEASE

__all__ = ["Acquired", "Claims", "Seat", "key_of"]


class Seat(NamedTuple):
    """An account, and who has it.

    Attributes:
        account: its label.
        owner: the worker that the engine names; "": none.
        alive: that worker's lease has not run out.
        key: the exchange, and the fingerprint of the key, by which it was taken last;
            "": it never was.
    """

    account: str
    owner: str = ""
    alive: bool = False
    key: str = ""


class Acquired(NamedTuple):
    """The answer to whoever wanted to take an account.

    Attributes:
        token: to write by; 0: it was not.
        owner: who had it before, or has it; "": nobody.
    """

    token: int
    owner: str


class Claims:
    """Decides which accounts a worker asks for. Times are monotonic seconds.

    Args:
        worker: its name.
        capacity: how many accounts it owns at most; None: any number.
    """

    def __init__(self, worker: str, capacity: int | None = None) -> None:
        self._worker = worker
        self._capacity = capacity
        # Accounts that somebody was seen to own.
        self._owned_once: set[str] = set()
        # Accounts that might be taken, since when.
        self._free_since: dict[str, float] = {}

    def choose(
        self, seats: Sequence[Seat], workers: int, connected_at: float, now: float
    ) -> list[str]:
        """Return the accounts to ask for, in the order of ``seats``.

        Args:
            seats: all accounts that it may own.
            workers: how many workers live, itself included.
            connected_at: since when its connection to the engine stands.
            now: the present.
        """
        mine = sum(seat.owner == self._worker for seat in seats)
        free = [seat for seat in seats if self._is_free(seat)]
        self._owned_once.update(seat.account for seat in seats if seat.owner)
        self._free_since = {
            seat.account: self._free_since.get(seat.account, now) for seat in free
        }
        settled = now - connected_at > LEASE
        open_to_me = [
            seat
            for seat in free
            if seat.account not in self._owned_once
            or (settled and (seat.owner or seat.key or self._is_left_over(seat, now)))
        ]  # O4
        # O5: the others come first for what is beyond the share, rounded up.
        share = -(-len(seats) // max(1, workers))
        room = len(seats) if self._capacity is None else self._capacity
        chosen: list[str] = []
        for seat in open_to_me:
            have = mine + len(chosen)
            if have < room and (have < share or self._is_left_over(seat, now)):
                chosen.append(seat.account)
        return chosen

    def _is_left_over(self, seat: Seat, now: float) -> bool:
        return now - self._free_since[seat.account] > LEASE

    def _is_free(self, seat: Seat) -> bool:
        return not seat.owner or (seat.owner != self._worker and not seat.alive)


def key_of(exchange: Exchange) -> str:
    """Name an exchange and its key, as all workers of a fleet do; see ``Seat``."""
    return f"{exchange.name}-{exchange.fingerprint}"
