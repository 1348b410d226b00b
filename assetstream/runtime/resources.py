"""The parts that all streams of one thread set share."""

from __future__ import annotations

import ssl
import threading
from collections import Counter
from typing import TYPE_CHECKING
from weakref import WeakSet

from assetstream.protocol import Exchange
from assetstream.runtime.loop.callback_threads import CallbackThreads
from assetstream.runtime.loop.helpers import MOST_THREADS, Helpers
from assetstream.runtime.places import Place, place_of
from assetstream.runtime.settings import Settings

if TYPE_CHECKING:
    from assetstream.runtime.net.rest_client import Adapter

__all__ = ["SharedResources"]

#: How streams connect: with which context, by which proxy.
Way = tuple[ssl.SSLContext | None, str | None]


class SharedResources:
    """Helpers, callback threads and REST connections of many streams.

    Every method may be called from any thread.

    Args:
        label: begins the threads' names.
        workers: callback threads.
    """

    def __init__(self, label: str, workers: int) -> None:
        self.helpers = Helpers(label)
        name = f"{label}-callbacks"
        self.callbacks = CallbackThreads(
            [name if workers == 1 else f"{name}-{n}" for n in range(1, workers + 1)]
        )
        # For the time that it takes to connect everybody; they are the process's.
        self._places: WeakSet[Place] = WeakSet()
        # By the context itself: the id of one that is gone may be another's.
        self._adapters: dict[Way, Adapter] = {}
        self._users: Counter[Way] = Counter()
        # Reentrant: a signal handler may come in between.
        self._lock = threading.RLock()

    def adapter(self, settings: Settings) -> Adapter:
        """Return the REST connections of streams that connect in the same way.

        Each that asked for them must ``release`` them.
        """
        # Here, for it loads requests, which no import of the package should wait for.
        from assetstream.runtime.net.rest_client import Adapter

        way = settings.ssl_context, settings.proxy
        with self._lock:
            self._users[way] += 1
            if way not in self._adapters:
                self._adapters[way] = Adapter(kept=MOST_THREADS)
            return self._adapters[way]

    def release(self, settings: Settings) -> None:
        """Close the REST connections if the last stream that used them has ended."""
        way = settings.ssl_context, settings.proxy
        with self._lock:
            self._users[way] -= 1
            if self._users[way]:
                return
            del self._users[way]
            adapter = self._adapters.pop(way)
        adapter.close()

    def place(self, exchange: Exchange, settings: Settings) -> Place:
        """Return the queue of those who connect to and read from the same hosts."""
        place = place_of(exchange, settings.proxy)
        with self._lock:
            self._places.add(place)
        return place

    def connect_time(self) -> float:
        """Return the seconds that the exchanges' limits take to connect everybody."""
        return max((place.connect_time for place in self._all()), default=0.0)

    def audit_time(self) -> float:
        """Return the seconds that they take to compare everybody with REST."""
        return max((place.audit_time for place in self._all()), default=0.0)

    def _all(self) -> list[Place]:
        with self._lock:
            return list(self._places)

    def close(self) -> None:
        """Let every thread end that has nothing left to do; when no stream runs."""
        self.callbacks.end()
        self.helpers.close()
        for adapter in self._adapters.values():
            adapter.close()
