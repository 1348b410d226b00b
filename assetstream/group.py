"""``StreamGroup``: many accounts in one process, on a few threads."""

from __future__ import annotations

import logging
import os
import threading
from decimal import Decimal
from queue import Empty
from types import MappingProxyType
from typing import Callable, Iterable, Mapping, NoReturn

from assetstream import checks, siblings
from assetstream.census import Census, GroupBalances, GroupHealth, Progress
from assetstream.errors import (
    AssetStreamError,
    ConfigurationError,
    StreamStateError,
    StreamTimeout,
)
from assetstream.events import AssetUpdate, Balance, StateChange, exact_sum
from assetstream.runtime.dispatcher import Handlers
from assetstream.runtime.fleet import Fleet
from assetstream.runtime.life import Life
from assetstream.runtime.telling import Teller
from assetstream.runtime.waiting import Deadline, Latch, patient_get
from assetstream.states import State
from assetstream.stream import (
    START_TIMEOUT,
    AssetHandler,
    AssetStream,
    ErrorHandler,
    StateHandler,
)

__all__ = ["StreamGroup"]

logger = logging.getLogger("assetstream")


class StreamGroup:
    """The live balances of many accounts, on one exchange or several.

    What holds for a stream holds for each in the group; what differs is the cost: one
    thread reads all connections, a few make handshakes and REST calls, and ``workers``
    call handlers. No exchange's limit of connects or REST reads is broken, however many
    accounts there are: each waits for its turn, and audits of many accounts are further
    apart than those of one (``health()`` of each stream shows its interval).

    Accounts do not disturb each other. One that fails, whose server never answers or
    whose handler raises does not hold up another's balances. A handler that takes its
    time holds up the handlers of other accounts only while all ``workers`` are as busy.

    A stream in the group is still yours: read its balances, ``expect`` its updates, or
    ``stop()`` it; only the group starts it.

    Args:
        streams: with different accounts, all of them NEW.
        on_asset: called with an ``AssetUpdate`` for every change of every account,
            besides the streams' own handlers. For one account the order is kept, and
            one call at a time; with several ``workers`` those of different accounts
            overlap.
        on_error: called with an ``AssetStreamError``, which names its account.
        on_state: called with a ``StateChange``.
        on_progress: called with the latest ``Progress`` when that has changed.
        workers: threads that call handlers.

    Raises:
        ConfigurationError: an argument is wrong; the text says which and why.
        StreamStateError: a stream is not NEW.
    """

    def __init__(
        self,
        streams: Iterable[AssetStream] = (),
        *,
        on_asset: Callable[[AssetUpdate], object] | None = None,
        on_error: Callable[[AssetStreamError], object] | None = None,
        on_state: Callable[[StateChange], object] | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        workers: int = 1,
    ) -> None:
        if type(workers) is not int or workers < 1:
            raise ConfigurationError(
                f"workers must be a number of threads, at least 1, not {workers!r}"
            )
        self._streams: dict[str, AssetStream] = {}
        self._handlers = Handlers()
        self._census = Census()
        self._fleet = Fleet("assetstream-group", workers, self._changed)
        self._teller: Teller[Progress] = Teller(
            self._fleet.callbacks.post, self._interrupted
        )
        self._interrupt: BaseException | None = None
        # Taken by the one start that is allowed: one atomic step.
        self._pid = os.getpid()
        self._permit = [True]
        self._started = False
        self._stopped = False
        # Set when it is stopped, or every account has come to its end.
        self._over = Latch()
        if on_asset is not None:
            self.on_asset(on_asset)
        if on_error is not None:
            self.on_error(on_error)
        if on_state is not None:
            self.on_state(on_state)
        if on_progress is not None:
            self.on_progress(on_progress)
        for stream in streams:
            self.add(stream)

    # Handlers.

    def on_asset(self, handler: AssetHandler) -> AssetHandler:
        """Add a handler for the updates of every account, and return it."""
        checks.check_handler("on_asset", handler)
        self._handlers.asset += (handler,)
        for stream in self.streams.values():
            stream.on_asset(handler)
        return handler

    def on_error(self, handler: ErrorHandler) -> ErrorHandler:
        """Add a handler for the errors of every account."""
        checks.check_handler("on_error", handler)
        self._handlers.error += (handler,)
        for stream in self.streams.values():
            stream.on_error(handler)
        return handler

    def on_state(self, handler: StateHandler) -> StateHandler:
        """Add a handler for the changes of state of every account."""
        checks.check_handler("on_state", handler)
        self._handlers.state += (handler,)
        for stream in self.streams.values():
            stream.on_state(handler)
        return handler

    def on_progress(
        self, handler: Callable[[Progress], object]
    ) -> Callable[[Progress], object]:
        """Add a handler for ``Progress``."""
        checks.check_handler("on_progress", handler)
        self._teller.handlers += (handler,)
        return handler

    def off(self, handler: Callable[..., object]) -> None:
        """Remove a handler, from every account; one that is not there is no error."""
        self._handlers.remove(handler)
        self._teller.handlers = tuple(h for h in self._teller.handlers if h != handler)
        for stream in self.streams.values():
            stream.off(handler)

    # Accounts.

    @property
    def streams(self) -> Mapping[str, AssetStream]:
        """account -> its stream, at this moment."""
        return MappingProxyType(self._streams.copy())

    def add(self, stream: AssetStream) -> None:
        """Take in a stream that is NEW; if the group runs, it is started, not awaited.

        Raises:
            ConfigurationError: it is no stream, or another has its account's label.
            StreamStateError: it is not NEW, or the group was stopped.
        """
        if not isinstance(stream, AssetStream):
            raise ConfigurationError(
                f"a StreamGroup takes AssetStream objects, not {type(stream).__name__}"
            )
        if self._stopped:
            raise StreamStateError("the group was stopped; make a new StreamGroup")
        if stream.account in self._streams:
            raise ConfigurationError(
                f"two accounts are called {stream.account!r}: give each stream another "
                "account=..., which tells their events apart"
            )
        stream._launch.adopt()
        self._streams[stream.account] = stream
        stream._launch.handlers.take(self._handlers)
        self._census.note(stream.account, stream.state)
        if self._started:
            siblings.announce(self, [stream])
            self._begin(stream)

    def remove(self, account: str, timeout: float | None = 5.0) -> bool:
        """Stop one account's stream and forget it; as ``AssetStream.stop``.

        Raises:
            KeyError: there is no such account.
        """
        stream = self._streams.pop(account)
        try:
            return stream.stop(timeout)
        finally:
            self._census.forget(account)

    @property
    def balances(self) -> Mapping[str, Mapping[str, Balance]]:
        """account -> currency -> balance, each account's as its stream's."""
        return GroupBalances(self.streams)

    def total(self, currency: str, max_age: float | None = None) -> Decimal:
        """The sum of a currency over all accounts, available and locked, exact.

        Args:
            currency: its code, in any case.
            max_age: seconds; an older number of any account is refused.

        Raises:
            StaleBalance: an account's number is older than ``max_age``, or not known; a
                sum that left it out would be wrong. ``remove`` an account that failed.
        """
        held = (s.balance(currency, max_age).total for s in self.streams.values())
        return exact_sum(held)

    def health(self) -> GroupHealth:
        """The figures of this moment."""
        alive = sum(thread.is_alive() for thread in self._fleet.threads)
        return GroupHealth.of(self.streams, alive)

    # Its life.

    def start(self, wait: bool = True, timeout: float | None = START_TIMEOUT) -> None:
        """Connect every account, and keep its balances live from then on.

        Args:
            wait: return when every account has become LIVE or has failed; False returns
                at once.
            timeout: seconds to wait beyond the time that the exchanges' limits of
                connects take; None for ever.

        One that fails, or is not LIVE in time, does not end the others: it is told of
        by ``on_error`` and ``on_state``, and a warning is logged.

        Raises:
            AssetStreamError: every account has failed; this is the first one's reason.
            StreamTimeout: no account was LIVE in time.
            StreamStateError: it was started or stopped before, or has no accounts.

        Whenever it raises for what happened after the start, every thread has ended.
        """
        self._begin_all()
        if wait:
            self._wait_settled(timeout)

    def run_forever(self) -> None:
        """Start if that was not done, and block until the group ends.

        Returns after ``stop()`` or Ctrl-C, which stops it cleanly.

        Raises:
            AssetStreamError: every account failed; this is the first one's reason.
            SystemExit, KeyboardInterrupt: a handler raised it.
        """
        try:
            self._refuse_in_callback("run_forever()")
            if not self._started:
                self._begin_all()
            self._over.wait(Deadline(None))
        except KeyboardInterrupt:
            self.stop()
            return
        failure = self._failure()
        self.stop()
        if self._interrupt is not None:
            raise self._interrupt
        if failure is not None:
            raise failure.with_traceback(None)

    def stop(self, timeout: float | None = 5.0) -> bool:
        """End every stream; from any thread, a handler or a signal handler.

        Args:
            timeout: seconds to wait for the threads; None for ever, 0 not at all.

        Returns:
            True if every thread has ended (from a handler: will end with it). False if
            one has not, within ``timeout``: a handler still holds it, and where it
            stands has been logged.
        """
        self._stopped = True
        self._permit.clear()
        streams = list(self._streams.values())
        for stream in streams:
            stream._launch.request_stop()
        self._fleet.stop()
        self._over.set()
        if self._in_own_thread():
            return True
        ended = self._fleet.join(Deadline(timeout))
        if ended:
            siblings.forget(self)
        elif timeout != 0:
            for stream in streams:
                stream.stop(0.01)
        return ended

    def __enter__(self) -> StreamGroup:
        if not self._started:
            self._begin_all()
        self._wait_settled(START_TIMEOUT)
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # What ``siblings`` asks.

    @property
    def _owned_here(self) -> bool:
        return os.getpid() == self._pid

    @property
    def _gone(self) -> bool:
        return not self._owned_here or self._over.happened

    @property
    def _label(self) -> str:
        return f"a group of {len(self._streams)} accounts"

    def _begin_all(self) -> None:
        self._refuse_in_child()
        if not self._streams and not self._stopped:
            raise StreamStateError("the group has no accounts; add() some first")
        try:
            self._permit.pop()
        except IndexError:
            why = "was stopped; make a new one" if self._stopped else "runs already"
            raise StreamStateError(f"the group {why}") from None
        streams = list(self._streams.values())
        try:
            self._fleet.start()
            self._started = True
            siblings.announce(self, streams)
            for stream in streams:
                self._begin(stream)
        except BaseException:
            self.stop()
            raise

    def _begin(self, stream: AssetStream) -> None:
        home = self._fleet.home(stream.exchange)
        if home is None:
            return  # stopped meanwhile
        try:
            stream._launch.begin(home)
        except StreamStateError:
            # Its own stop() came first; it is STOPPED as it should be.
            self._fleet.gone(stream.exchange, home)
            self._census.note(stream.account, stream.state)

    def _wait_settled(self, timeout: float | None) -> None:
        self._refuse_in_callback("waiting for the group to be LIVE")
        if timeout is not None:
            timeout += self._fleet.connect_time()
        deadline = Deadline(timeout)
        changed = self._census.watch()
        try:
            while not self._census.settled and not self._stopped:
                patient_get(changed, deadline)
        except Empty:
            pass
        except BaseException:
            self.stop()
            raise
        finally:
            self._census.unwatch(changed)
        if self._stopped:
            raise StreamStateError("the group was stopped while it was waited for")
        progress = self._census.progress()
        if not progress.live:
            failure = self._failure()
            self.stop()
            raise failure or StreamTimeout(
                f"waited {timeout:g} s for the group to be LIVE; not one of its "
                f"{progress.total} accounts is"
            )
        if progress.live < progress.total:
            logger.warning(
                "%d of %d accounts are LIVE; of the others, %d have failed and %d go "
                "on trying: health().errors tells why",
                progress.live,
                progress.total,
                progress.failed,
                progress.waiting,
            )

    def _failure(self) -> AssetStreamError | None:
        """Why the first of them failed, if all have."""
        errors: list[AssetStreamError] = []
        for stream in self.streams.values():
            if stream.state is not State.FAILED or stream.error is None:
                return None
            errors.append(stream.error)
        return errors[0] if errors else None

    def _changed(self, life: Life, change: StateChange) -> None:
        """A stream has gone to another state; in its reader's thread."""
        if change.account not in self._streams:
            return  # removed
        self._census.note(change.account, change.current)
        self._teller.tell(self._census.progress())
        if life.interrupt is not None:
            self._interrupted(life.interrupt)
        if self._census.over:
            self._over.set()

    def _interrupted(self, exc: BaseException) -> None:
        """A handler raised SystemExit or KeyboardInterrupt: it ends the group."""
        self._interrupt = self._interrupt or exc
        self.stop(0)

    def _in_own_thread(self) -> bool:
        return threading.current_thread() in self._fleet.threads

    def _refuse_in_callback(self, what: str) -> None:
        if self._in_own_thread():
            raise StreamStateError(
                f"{what} inside a callback would wait for itself; do it in another "
                "thread"
            )

    def _refuse_in_child(self) -> None:
        if not self._owned_here:
            raise StreamStateError(
                "this group belongs to the process that made it; after a fork, make a "
                "new StreamGroup in the child"
            )

    def __repr__(self) -> str:
        return f"<StreamGroup {self._census.progress()!r}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a StreamGroup holds threads and sockets and is not pickled")
