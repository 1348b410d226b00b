"""The queues of the places: one each in a process, whoever's the streams are (L4)."""

from __future__ import annotations

import math
import os
import threading
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from assetstream.core.effects import Turn
from assetstream.core.turns import Turns
from assetstream.protocol import Exchange, Limits
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.reader import Reader

__all__ = ["Asker", "Place", "ReaderQueue", "forget_all", "place_of"]

#: Seconds for which a place is kept that nobody uses any more, and that holds back
#: nobody.
KEPT = 60.0


class Asker(Protocol):
    """Stands in the queue."""

    def grant(self, ticket: int) -> None:
        """Let it be this one's turn; from any thread."""

    def share(self, least_interval: float) -> None:
        """Plan audits at least so many seconds apart; from any thread."""


class Place:
    """Guards a queue, and grants its turns in whichever reader thread comes first.

    Every method may be called from any thread. A reader looks after ``deadline`` while
    streams of its own wait: see ``ReaderQueue``.
    """

    def __init__(self, limits: Limits) -> None:
        self._turns: Turns[Asker] = Turns(limits)
        # Reentrant: a signal handler may start or stop streams in between.
        self._lock = threading.RLock()
        self._used_at = clock.now()

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
            self._used_at = clock.now()
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

    @property
    def audit_time(self) -> float:
        """Seconds until each stream has had its turns for an audit."""
        with self._lock:
            return self._turns.audit_time

    def used(self) -> None:
        """Note that somebody is about to join."""
        with self._lock:
            self._used_at = clock.now()

    @property
    def forgettable(self) -> bool:
        """True if there is nobody, and nothing that one who comes would wait for."""
        with self._lock:
            busy_until = max(self._used_at + KEPT, self._turns.held_until)
            return not self._turns.members and clock.now() >= busy_until

    def _announce(self) -> None:
        with self._lock:
            least, members = self._turns.announcement(), self._turns.members
        if least is not None:
            for each in members:
                each.share(least)


class ReaderQueue:
    """The part of a place's queue that waits on one reader.

    The reader watches the place while there is any. For calls from its thread only.
    """

    def __init__(self, place: Place, reader: Reader) -> None:
        self._place = place
        self._reader = reader
        self._waiting: set[tuple[Asker, int]] = set()

    @property
    def deadline(self) -> float:
        """Time of the place's next grant; inf if nobody waits here."""
        return self._place.deadline if self._waiting else math.inf

    def due(self) -> None:
        """Grant the turns whose time has come, here and elsewhere."""
        self._place.due()

    def ask(self, asker: Asker, ticket: int, turn: Turn) -> None:
        """Let a stream of this reader stand in the queue."""
        self._waiting.add((asker, ticket))
        self._place.ask(asker, ticket, turn)
        self._place.due()  # nobody may be before it
        self._reader.attach(self)

    def granted(self, asker: Asker, ticket: int) -> None:
        """Note that a stream waits for this turn no longer."""
        self._waiting.discard((asker, ticket))
        if not self._waiting:
            self._reader.detach(self)

    def forgo(self, asker: Asker, ticket: int) -> None:
        """Let a stream leave the queue."""
        self._place.forgo(asker, ticket)
        self.granted(asker, ticket)

    def hold_back(self, turn: Turn, seconds: float) -> None:
        """Grant no such turn to anyone of the place for so many seconds."""
        self._place.hold_back(turn, seconds)

    def leave(self, asker: Asker) -> None:
        """Forget a stream, and everything it waits for."""
        self._place.leave(asker)
        for who, ticket in tuple(self._waiting):
            if who is asker:
                self.granted(who, ticket)


class PlaceKey(NamedTuple):
    """The parts of a place: an exchange, its hosts, and the way there.

    An exchange counts by address, and the proxy's is the one it sees.
    """

    exchange: str
    ws_host: str
    rest_host: str
    proxy: str | None


_places: dict[PlaceKey, Place] = {}
_lock = threading.RLock()


def place_of(exchange: Exchange, proxy: str | None) -> Place:
    """Return this process's queue for an exchange, as reached by ``proxy``.

    From any thread. Whoever joins it must do so within KEPT seconds.
    """
    hosts = urlsplit(exchange.ws_url).netloc, urlsplit(exchange.rest_url).netloc
    key = PlaceKey(exchange.name, *hosts, proxy)
    with _lock:
        for other in [k for k, place in _places.items() if place.forgettable]:
            del _places[other]
        if key not in _places:
            _places[key] = Place(exchange.limits)
        _places[key].used()
        return _places[key]


def forget_all() -> None:
    """Begin with no queue; for a forked child, where no stream of the parent's runs."""
    global _lock
    _lock = threading.RLock()
    _places.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_all)
