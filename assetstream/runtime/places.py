"""The queue of one place, shared by the streams of one thread set (L4)."""

from __future__ import annotations

import threading
from typing import Protocol
from urllib.parse import urlsplit

from assetstream.core.effects import Turn
from assetstream.core.turns import Turns
from assetstream.protocol import Exchange, Limits
from assetstream.runtime.loop import clock

__all__ = ["Asker", "Place", "place_of"]


class Asker(Protocol):
    """Stands in the queue."""

    def grant(self, ticket: int) -> None:
        """Let it be this one's turn; from any thread."""

    def share(self, least_interval: float) -> None:
        """Plan audits at least so many seconds apart; from any thread."""


class Place:
    """Guards a queue, and grants its turns in whichever reader thread comes first.

    Every method may be called from any thread. Each reader that has streams here looks
    after ``deadline``.
    """

    def __init__(self, limits: Limits) -> None:
        self._turns: Turns[Asker] = Turns(limits)
        # Reentrant: a signal handler may start or stop streams in between.
        self._lock = threading.RLock()

    @property
    def deadline(self) -> float:
        """Time of the next grant; seconds of ``clock.now``."""
        with self._lock:
            return self._turns.next_at

    def due(self) -> None:
        """Grant the turns whose time has come."""
        with self._lock:
            grants = self._turns.grants(clock.now())
        for asker, ticket in grants:
            asker.grant(ticket)

    def join(self, asker: Asker) -> None:
        """Count a stream among those that share the place."""
        with self._lock:
            self._turns.join(asker)
            least = self._turns.least_audit_interval
        # What is too small a change for the others is all that it will learn.
        asker.share(least)
        self._announce()

    def leave(self, asker: Asker) -> None:
        """Forget a stream, and everything it waits for."""
        with self._lock:
            self._turns.leave(asker)
        self._announce()

    def ask(self, asker: Asker, ticket: int, turn: Turn) -> None:
        """Let a stream stand in the queue."""
        with self._lock:
            self._turns.ask(asker, ticket, turn)

    def forgo(self, asker: Asker, ticket: int) -> None:
        """Let a stream leave the queue."""
        with self._lock:
            self._turns.forgo(asker, ticket)

    def hold_back(self, turn: Turn, seconds: float) -> None:
        """Grant no such turn for so many seconds."""
        with self._lock:
            self._turns.hold_back(turn, seconds, clock.now())

    @property
    def connect_time(self) -> float:
        """Seconds until each stream has had its turn to connect."""
        with self._lock:
            return self._turns.connect_time

    def _announce(self) -> None:
        with self._lock:
            least, members = self._turns.announcement(), self._turns.members
        if least is not None:
            for each in members:
                each.share(least)


def place_of(exchange: Exchange) -> tuple[str, str]:
    """Return the exchange and the host that count together."""
    return exchange.name, urlsplit(exchange.ws_url).netloc
