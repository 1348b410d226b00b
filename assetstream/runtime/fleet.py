"""The few threads of many streams.

================================  ==================================================
assetstream-group-reader-N        owns the sessions of up to MOST_CHANNELS streams
assetstream-group-helper-N        handshakes and REST calls
assetstream-group-callbacks-N     runs the users' handlers
================================  ==================================================
"""

from __future__ import annotations

import logging
import selectors
import threading
from functools import partial
from typing import Callable

from assetstream.events import StateChange
from assetstream.protocol import Connect, Exchange
from assetstream.runtime import clock
from assetstream.runtime.agenda import Timed
from assetstream.runtime.budget import Budget, place_of
from assetstream.runtime.callbacks import CallbackThreads
from assetstream.runtime.channel import Channel
from assetstream.runtime.ending import Abandoned, Broken
from assetstream.runtime.http import Adapter
from assetstream.runtime.inbox import Inbox
from assetstream.runtime.jobs import MOST_THREADS, CallOff, Crew, Job, Pool
from assetstream.runtime.life import Life, Settings
from assetstream.runtime.patience import shortage
from assetstream.runtime.reader import Reader
from assetstream.runtime.waiting import Deadline, Latch

__all__ = ["Fleet"]

logger = logging.getLogger("assetstream")

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

    Args:
        label: for the threads' names.
        workers: callback threads.
        changed: told of every change of state, in the reader's thread.
    """

    def __init__(
        self, label: str, workers: int, changed: Callable[[Life, StateChange], None]
    ) -> None:
        self.label = label
        self.changed = changed
        self.pool = Pool(label, HELPERS)
        self.callbacks = CallbackThreads(
            [f"{label}-callbacks-{number}" for number in range(1, workers + 1)]
        )
        self._berths: list[Berths] = []
        self._budgets: dict[tuple[str, str], Budget] = {}
        self._adapters: dict[tuple[int, str | None], Adapter] = {}
        # Held while room is made for a stream, or taken away. Reentrant: a signal
        # handler that stops the group may come in between.
        self._lock = threading.RLock()
        self._stopping = False
        self._release_permit = [True]
        #: Set when it was told to stop, and every stream has ended.
        self.released = Latch()

    def start(self) -> None:
        """Start the callback threads; readers and helpers start when needed."""
        self.callbacks.start()

    def home(self, exchange: Exchange) -> Berths | None:
        """Find room for a stream of that exchange; None once it was told to stop."""
        with self._lock:
            if self._stopping:
                return None
            most = most_channels()
            for berths in self._berths:
                if most is None or berths.taken < most:
                    break
            else:
                berths = Berths(self, len(self._berths) + 1)
                self._berths.append(berths)
                berths.thread.start()
            berths.taken += 1
            self.budget(exchange).members += 1
            return berths

    def gone(self, exchange: Exchange, berths: Berths) -> None:
        """A stream that had room has ended."""
        with self._lock:
            berths.taken -= 1
            self.budget(exchange).members -= 1
            self._release_if_empty()

    def stop(self) -> None:
        """Let all threads end once every stream has; without waiting."""
        with self._lock:
            self._stopping = True
            self._release_if_empty()

    def connect_time(self) -> float:
        """Seconds that the exchanges' limits need for all streams to connect."""
        return max(
            (budget.connect_time() for budget in self._budgets.values()), default=0.0
        )

    def budget(self, exchange: Exchange) -> Budget:
        """What the streams of the exchange's place share."""
        place = place_of(exchange)
        if place not in self._budgets:
            self._budgets[place] = Budget(exchange.limits)
        return self._budgets[place]

    def adapter(self, settings: Settings) -> Adapter:
        """REST connections are shared by streams that connect in the same way."""
        way = id(settings.ssl_context), settings.proxy
        if way not in self._adapters:
            self._adapters[way] = Adapter(kept=MOST_THREADS)
        return self._adapters[way]

    @property
    def threads(self) -> list[threading.Thread]:
        """All threads that there are."""
        readers = [berths.thread for berths in self._berths]
        return [*readers, *self.pool.threads, *self.callbacks.threads]

    def join(self, deadline: Deadline) -> bool:
        """Wait until all threads have ended; False if one has not in time."""
        if not self.released.wait(deadline):
            return False
        threads = self.threads
        for thread in threads:
            if thread.is_alive():
                thread.join(min(deadline.left(), threading.TIMEOUT_MAX))
        for adapter in self._adapters.values():
            adapter.close()
        return not any(thread.is_alive() for thread in threads)

    def _release_if_empty(self) -> None:
        if not self._stopping or any(berths.taken for berths in self._berths):
            return
        try:
            self._release_permit.pop()
        except IndexError:
            return
        self.callbacks.end()
        self.pool.close()
        for berths in self._berths:
            berths.close()
        self.released.set()


class Berths:
    """The home of many lives: one reader, and its thread."""

    def __init__(self, fleet: Fleet, number: int) -> None:
        self.inbox = Inbox()
        self.reader = Reader(self.inbox, self._raised)
        #: Streams that have room here, running or about to.
        self.taken = 0
        self._fleet = fleet
        self._lives: dict[Timed, Life] = {}
        self._over = False
        # A daemon: streams do not keep the process alive. It ends by close().
        self.thread = threading.Thread(
            target=self._run, name=f"{fleet.label}-reader-{number}", daemon=True
        )

    # What a life asks of its home.

    @property
    def crew(self) -> Crew:
        return self

    def start(self, job: Job, name: str) -> None:
        self._fleet.pool.start(job)
        self.reader.touch(self._fleet.pool)  # it may be stuck

    def adapter(self, settings: Settings) -> Adapter:
        return self._fleet.adapter(settings)

    def budget(self, exchange: Exchange) -> Budget | None:
        return self._fleet.budget(exchange)

    def begin(self, life: Life) -> None:
        self._fleet.callbacks.serve(life.dispatcher)
        life.post(partial(self._begin, life))

    def abort(self, life: Life) -> None:
        life.stop()

    def owns(self, thread: threading.Thread) -> bool:
        return thread is self.thread or thread in self._fleet.callbacks.threads

    def changed(self, life: Life, change: StateChange) -> None:
        self._fleet.changed(life, change)

    def fault(self, life: Life, error: Exception) -> None:
        """End one stream by a fault of ours; the others go on."""
        life.crash(error)
        channel = life.session.link.channel
        if channel is None:
            self._conclude(life)
        else:
            channel.close()

    def join(self, deadline: Deadline) -> bool:
        return True  # its threads are the others', too

    # In the reader's thread, but for ``close``.

    def close(self) -> None:
        """End the thread; when every stream has ended."""
        self.inbox.post(self._end)

    def _end(self) -> None:
        self._over = True

    def _run(self) -> None:
        try:
            self.reader.attach(self._fleet.pool)
            while not self._over:
                self.reader.turn()
        except BaseException as error:
            for life in list(self._lives.values()):
                life.crash(error)
                life.conclude(0.0)
                life.ended.set()
        finally:
            self.reader.close()
            self.inbox.close()

    def _begin(self, life: Life) -> None:
        session = life.session
        if session.over:  # stopped before it began
            self._conclude(life)
            return
        self._lives[session] = life
        session.redial = partial(self._dial, life, False)
        session.finished = partial(self._conclude, life)
        session.begin()
        self.reader.attach(session)

    def _dial(self, life: Life, permitted: bool) -> None:
        """Make a connection, when it is this stream's turn."""
        session, now = life.session, clock.now()
        if not permitted:
            at = self._fleet.budget(session.exchange).connects.reserve(now)
            if at > now:
                session.retry_at = at
                session.redial = partial(self._dial, life, True)
                return
        session.redial = partial(self._dial, life, False)
        channel = Channel(session, self.reader)
        connect = session.connect(channel)
        try:
            Dial(life, channel, connect).begin(self)
        except (OSError, RuntimeError) as error:
            # No descriptor, no thread: the machine may have one in a while.
            channel.take_up(Broken(shortage(error)))

    def _conclude(self, life: Life) -> None:
        """A stream is over, and its connection closed."""
        self._lives.pop(life.session, None)
        self.reader.detach(life.session)
        if not life.ended.happened:
            life.conclude(0.0)
            self._fleet.gone(life.session.exchange, self)
            life.ended.set()

    def _raised(self, owner: Timed, error: Exception) -> None:
        life = self._lives.get(owner)
        if life is None:
            raise error
        self.fault(life, error)


class Dial:
    """One attempt to connect, made by a helper and handed to the reader."""

    def __init__(self, life: Life, channel: Channel, connect: Connect) -> None:
        self._life = life
        self._channel = channel
        self._connect = connect
        self._call_off = channel.call_off = CallOff()

    def begin(self, crew: Crew) -> None:
        """Have it made, or leave nothing behind."""
        try:
            crew.start(self.run, "")
        except BaseException:
            self._call_off.close()
            raise

    def run(self) -> None:
        """Connect; post what came of it. By the helper, which owns nothing."""
        settings = self._life.settings
        try:
            ending = self._channel.reach(
                self._connect,
                timeout=settings.connect_timeout,
                ssl_context=settings.ssl_context,
                proxy=settings.proxy,
                interrupt=self._call_off,
            )
        except Exception as fault:
            self._life.post(partial(self._failed, fault))
        else:
            self._life.post(partial(self._channel.take_up, ending))
        finally:
            self._call_off.close()

    def _failed(self, fault: Exception) -> None:
        self._channel.take_up(Abandoned())
        raise fault
