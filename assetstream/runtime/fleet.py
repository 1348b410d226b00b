"""The few threads of many streams.

================================  ==================================================
assetstream-group-reader-N        owns the sessions of its streams; see ``berths``
assetstream-group-helper-N        handshakes and REST calls; see ``jobs``
assetstream-group-callbacks-N     runs the users' handlers; see ``callbacks``
================================  ==================================================
"""

from __future__ import annotations

import selectors
import ssl
import threading
from typing import Callable

from assetstream.model.events import StateChange
from assetstream.protocol import Exchange
from assetstream.runtime.berths import Berths
from assetstream.runtime.engine import Life, Settings
from assetstream.runtime.loop.callback_threads import CallbackThreads
from assetstream.runtime.loop.helpers import MOST_THREADS, Pool
from assetstream.runtime.loop.waits import Deadline, OneShotEvent, join_interruptibly
from assetstream.runtime.net.rest_client import Adapter
from assetstream.runtime.rate_limits import Budget, place_of

__all__ = ["Fleet"]

#: Threads for handshakes and REST calls, as long as none of them is stuck.
HELPERS = 4
#: Streams of one reader: without a limit where the system has a scalable selector;
#: select(), all that Windows has, takes 512 sockets there and 1,024 elsewhere.
SELECT_CHANNELS = 400


def most_channels() -> int | None:
    """The most streams that one reader can serve here; None: any number."""
    plain = issubclass(selectors.DefaultSelector, selectors.SelectSelector)
    return SELECT_CHANNELS if plain else None


class Fleet:
    """Readers, helpers and callback threads, and what streams share between them.

    Its methods may be called from any thread. A lock is held while a reader is started
    and while a stream leaves; it is reentrant, for a signal handler that stops the
    group may come in between.

    Args:
        label: for the threads' names.
        workers: callback threads.
        changed: told of every change of state, in the thread of the stream's reader.
        emptied: called once, when it was told to stop and every stream has ended: the
            last moment at which callbacks may be posted.
    """

    def __init__(
        self,
        label: str,
        workers: int,
        changed: Callable[[Life, StateChange], None],
        emptied: Callable[[], None],
    ) -> None:
        self.label = label
        self.changed = changed
        self._emptied = emptied
        self.pool = Pool(label, HELPERS)
        self.callbacks = CallbackThreads(
            [f"{label}-callbacks-{number}" for number in range(1, workers + 1)]
        )
        self._berths: list[Berths] = []
        self._budgets: dict[tuple[str, str], Budget] = {}
        # By the context itself: the id of one that is gone may be another's.
        self._adapters: dict[tuple[ssl.SSLContext | None, str | None], Adapter] = {}
        self._lock = threading.RLock()
        #: It was told to stop: no stream begins any more.
        self.stopping = False
        #: Set when it was told to stop, and every stream has ended.
        self.released = OneShotEvent()

    def start(self) -> None:
        """Start the callback threads; readers and helpers start when needed."""
        self.callbacks.start()

    def home(self) -> Berths | None:
        """A reader with room for one more; None once it was told to stop.

        Raises:
            RuntimeError: there was none, and no thread could be made.
        """
        with self._lock:
            if self.stopping:
                return None
            most = most_channels()
            for berths in self._berths:
                if berths.open and (most is None or len(berths.aboard) < most):
                    return berths
            berths = Berths(self, len(self._berths) + 1)
            self._berths.append(berths)
            try:
                berths.thread.start()
            except RuntimeError:
                self._berths.remove(berths)
                berths.close()
                raise
            return berths

    def joined(self, life: Life) -> None:
        """A stream begins."""
        with self._lock:
            self.budget(life.session.exchange).members.add(life)

    def left(self, life: Life) -> None:
        """A stream has ended, or could not begin."""
        with self._lock:
            self.budget(life.session.exchange).members.discard(life)
            self._release_if_empty()

    def stop(self) -> None:
        """Let all threads end once every stream has; without waiting."""
        with self._lock:
            self.stopping = True
            self._release_if_empty()

    def connect_time(self) -> float:
        """Seconds that the exchanges' limits need for all streams to connect."""
        budgets = list(self._budgets.values())
        return max((budget.connect_time() for budget in budgets), default=0.0)

    def budget(self, exchange: Exchange) -> Budget:
        """What the streams of the exchange's place share."""
        place = place_of(exchange)
        with self._lock:
            if place not in self._budgets:
                self._budgets[place] = Budget(exchange.limits)
            return self._budgets[place]

    def adapter(self, settings: Settings) -> Adapter:
        """REST connections are shared by streams that connect in the same way."""
        way = settings.ssl_context, settings.proxy
        with self._lock:
            if way not in self._adapters:
                self._adapters[way] = Adapter(kept=MOST_THREADS)
            return self._adapters[way]

    @property
    def threads(self) -> list[threading.Thread]:
        """All threads, those that have not yet begun or just ended included."""
        readers = [berths.thread for berths in self._berths]
        return [*readers, *self.pool.threads, *self.callbacks.threads]

    def join(self, deadline: Deadline) -> bool:
        """Wait until all threads have ended; False if one has not in time."""
        if not self.released.wait(deadline):
            return False
        return all([join_interruptibly(thread, deadline) for thread in self.threads])

    def _release_if_empty(self) -> None:
        if not self.stopping or self.released.happened:
            return
        if any(berths.aboard for berths in self._berths):
            return
        self._emptied()
        self.callbacks.end()
        self.pool.close()
        for berths in self._berths:
            berths.close()
        for adapter in self._adapters.values():
            adapter.close()
        self.released.set()
