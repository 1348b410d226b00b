"""``Relay``: the owner of accounts, whose balances any number of readers follow."""

from __future__ import annotations

import atexit
import math
import os
import re
import socket
import threading
from contextlib import suppress
from functools import partial
from typing import Any, Callable, Literal, Mapping, NoReturn
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from assetstream.model.errors import (
    AssetStreamError,
    ConfigurationError,
    StreamStateError,
    StreamTimeout,
)
from assetstream.model.events import StateChange
from assetstream.model.health import GroupHealth
from assetstream.model.plain import plain_fields
from assetstream.model.public import make_public
from assetstream.protocol import Exchange
from assetstream.runtime import settings
from assetstream.runtime.dispatcher import Dispatcher, Handlers
from assetstream.runtime.lifecycle import Lifecycle
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.callback_threads import CallbackThreads
from assetstream.runtime.loop.registrations import registered
from assetstream.runtime.loop.sigterm import before_end, stopped_by_sigterm
from assetstream.runtime.loop.waits import Deadline, join_interruptibly
from assetstream.runtime.mailbox import CallbackMailbox
from assetstream.sharing.access import Access
from assetstream.sharing.keys import check_label
from assetstream.sharing.ownership import key_of
from assetstream.sharing.relay_machine import STRICT, RelayMachine
from assetstream.sharing.relay_run import RelayRun
from assetstream.streams.group import StreamGroup
from assetstream.streams.stream import AssetStream

__all__ = ["Relay", "RelayHealth"]

#: Seconds that ``start`` and ``with`` wait for the engine.
START_TIMEOUT = 30.0
#: Seconds that the engine has to take accounts back before it is given up.
GRACE = 3.0
#: Seconds that the end of the program waits for it.
EXIT_TIME = 2.0
#: Errors of the relay's own that may wait for ``on_error``.
MOST_ERRORS = 100
#: What a worker's name may have of its machine's.
NAME = re.compile(r"[^A-Za-z0-9.-]")


class RelayHealth(Struct, frozen=True, kw_only=True):
    """The figures of a relay at one moment. Durations in seconds.

    Attributes:
        worker: its name in the fleet.
        engine: the engine's name and version; "" while there is no connection.
        error: why there is none, or was none last; None while there is one.
        accounts: how many accounts it may own.
        owned: how many it owns.
        workers: how many workers live, by the engine's last word.
        published: updates, changes of state and errors that were written.
        folded: updates folded into newer ones because the engine was slow.
        fenced: times that a write was refused, for another worker owned the account, or
            a newer connection of this one.
        resets: times that an account's whole book was written.
        takeovers: accounts taken from another worker.
        pulse_age: since the engine has acknowledged the last pulse; None: none yet.
        streams: the figures of the streams of its accounts.
    """

    worker: str
    engine: str
    error: AssetStreamError | None
    accounts: int
    owned: int
    workers: int
    published: int
    folded: int
    fenced: int
    resets: int
    takeovers: int
    pulse_age: float | None
    streams: GroupHealth

    def to_dict(self) -> dict[str, object]:
        """Return its fields in plain values, for ``json.dumps``; times are ISO 8601."""
        return plain_fields(self, self.__struct_fields__)


class Relay:
    """Owns accounts, and writes what it knows of them into an engine for all readers.

        Relay("redis://cache:6379/0", {"alice": Upbit(region="sg")}).run_forever()

    It is connected to the exchange of each account that it owns, and writes balances,
    states and errors into Redis or Valkey, where any number of ``RemoteStream`` follow
    them, without a key. Start it on two hosts: one of them owns an account at a time,
    and when it dies, the other takes it within 5.5 s. Whoever is cut off from the
    engine says nothing any more, and readers notice within their horizon.

    Nothing secret is written: no key, token, proxy or frame.

    One relay, one life; every method may be called from any thread. As a context
    manager it is connected to the engine inside, and is stopped at the end.

    Args:
        url: of the engine: ``redis://[user:password@]host[:port][/db]``, ``rediss://``
            for TLS, or ``unix:///path/to/socket``; None: what ASSETSTREAM_ENGINE_URL
            says, a variable of the environment.
        accounts: label -> exchange with the account's key: those that it may own. The
            labels are what readers ask for.
        fleet: the name of all workers and readers that have to do with each other.
        capacity: how many accounts it owns at most; by default any number.
        hold: seconds for which exchange connections are kept without the engine, which
            mostly comes back; or ``"strict"``: never two workers are connected for one
            account, for exchanges that bear one connection only. Then an engine that is
            away for 3.5 s costs every connection.
        keep: events of each account that the engine keeps, for readers that were away.
        share: the part of each exchange's limits that this relay uses, where several
            workers leave by one address.
        on_error: called with an ``AssetStreamError`` of the relay or of an account;
            without it they are logged to the logger ``assetstream``.
        on_state: called with each ``StateChange`` of an account.
        options: of each account's stream, as ``AssetStream`` takes them:
            ``audit_interval``, ``connect_timeout``, ``max_pending``, ``history``,
            ``proxy``, ``ssl_context`` (of the engine, too).

    Raises:
        ConfigurationError: an argument is wrong, or the package redis is missing, which
            the extra ``redis`` brings; the text says which and why.
    """

    def __init__(
        self,
        url: str | None,
        accounts: Mapping[str, Exchange],
        *,
        fleet: str = "default",
        capacity: int | None = None,
        hold: float | Literal["strict"] = 30.0,
        keep: int = 256,
        share: float = 1.0,
        on_error: Callable[[AssetStreamError], object] | None = None,
        on_state: Callable[[StateChange], object] | None = None,
        **options: Any,
    ) -> None:
        access = Access(url, fleet, options.get("ssl_context"))
        exchanges = _checked(accounts, _check_share(share), options)
        for name, handler in (("on_error", on_error), ("on_state", on_state)):
            if handler is not None:
                settings.check_handler(name, handler)
        self._fleet = fleet
        settings.check_count("keep", keep, 1)
        if capacity is not None:
            settings.check_count("capacity", capacity, 1)
        self._engine = access.engine(keep=keep)
        self._exchanges = exchanges
        machine = NAME.sub("-", socket.gethostname())[:64]
        self._worker = f"{machine}-{os.getpid()}-{uuid4().hex[:8]}"
        self._group = StreamGroup(on_error=on_error, on_state=on_state)
        # For errors of its own: a handler may take its time.
        self._mailbox = CallbackMailbox(MOST_ERRORS)
        handlers = Handlers()
        if on_error is not None:
            handlers.error.update(registered(on_error))
        self._callbacks = CallbackThreads(["assetstream-relay-callbacks"])
        self._dispatcher = Dispatcher(
            f"relay of {fleet}", handlers, self._mailbox, self._interrupted, _refuse
        )
        self._callbacks.serve(self._dispatcher)
        self._run = RelayRun(
            self._worker,
            RelayMachine(
                self._worker,
                {account: key_of(exchange) for account, exchange in exchanges.items()},
                capacity=capacity,
                hold=_check_hold(hold),
            ),
            self._engine,
            self._group,
            exchanges,
            options,
            self._report,
            self._interrupted,
        )
        self._interrupt: BaseException | None = None
        self._lifecycle = Lifecycle("Relay", _refusal, self._in_own_thread)

    # What it knows.

    @property
    def worker(self) -> str:
        """The relay's name in the fleet, which no other worker has."""
        return self._worker

    @property
    def group(self) -> StreamGroup:
        """The streams of the accounts that it owns, for an archive or metrics."""
        return self._group

    def health(self) -> RelayHealth:
        """The figures of this moment."""
        machine = self._run.machine
        told = machine.told_at
        return RelayHealth(
            worker=self._worker,
            engine=self._engine.version if machine.connected else "",
            error=machine.error,
            accounts=len(self._exchanges),
            owned=len(machine.tokens),
            workers=machine.workers,
            published=self._run.published,
            folded=self._run.folded,
            fenced=machine.fenced,
            resets=machine.resets,
            takeovers=machine.takeovers,
            pulse_age=None if told == -math.inf else max(0.0, clock.now() - told),
            streams=self._group.health(),
        )

    # Its life.

    def start(self, wait: bool = True, timeout: float | None = START_TIMEOUT) -> None:
        """Begin: connect to the engine, and own accounts from then on.

        Args:
            wait: return when the engine has answered; False returns at once.
            timeout: seconds to wait for it; None for ever, 0 not at all. What may pass
                is tried again meanwhile.

        Raises:
            AuthenticationError, PermissionDenied, ConfigurationError: the engine
                refuses the user, or does not serve.
            StreamTimeout: it has not answered in time; its cause is the last error.
            StreamStateError: it was started or stopped before, or it would wait for
                itself inside a callback.

        Whenever it raises for what happened after the start, every thread has ended.
        """
        self._lifecycle.start(self._begin)
        if wait:
            self._wait_reached(timeout)

    def run_forever(self) -> None:
        """Start if that was not done, and block until the relay ends.

        Returns after ``stop()`` or Ctrl-C. SIGTERM gives all accounts back, and then
        ends the process as it does by ``AssetStream.run_forever``.

        Raises:
            AssetStreamError: the engine refuses this relay, and this is why.
            StreamStateError: it was stopped before.
            SystemExit, KeyboardInterrupt: a handler raised it.
        """
        over = partial(self._run.over.wait, Deadline(None))
        with stopped_by_sigterm(self.stop):
            if self._lifecycle.run(self._begin, over, self.stop):
                self.stop()
                self._raise_failure()

    def stop(self, timeout: float | None = 5.0) -> bool:
        """Give every account back, and end; from any thread or a signal handler.

        The streams end first, so that nobody else connects before, and readers see it
        at once. Where the engine is away, the lease runs out by itself. Calling it
        again does no harm; a program that ends without it does the same for 2 s at
        most.

        Args:
            timeout: seconds to wait for the threads; None for ever, 0 not at all.

        Returns:
            True if every thread has ended (from a handler: will end with it); False if
            one has not, within ``timeout``.
        """
        deadline = Deadline(timeout)
        self._lifecycle.request_stop()
        self._run.stop()
        thread = self._run.thread
        if thread.ident is None or self._lifecycle.ends_with_caller:
            if not self._lifecycle.beginning_here and thread.ident is None:
                self._end()
            return True
        in_time = self._run.join(Deadline(min(deadline.left(), GRACE)))
        if not in_time and timeout != 0:
            # It stands still, or the engine does: the lease runs out by itself.
            self._engine.cancel()
        ended = self._run.join(deadline) and self._group.stop(deadline.left())
        return ended and all(
            [join_interruptibly(each, deadline) for each in self._callbacks.threads]
        )

    def __enter__(self) -> Relay:
        self._lifecycle.join_or_begin(self._begin)
        self._wait_reached(START_TIMEOUT)
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _begin(self) -> None:
        self._lifecycle.claim()
        with self._lifecycle.beginning():
            try:
                self._callbacks.start()
                self._run.over.then(self._end)
                # A program that ends without stop() gives everything back, too.
                atexit.register(self._leave)
                before_end.add(self._leave)
                self._run.thread.start()
            except BaseException:
                self._end()
                raise

    def _end(self) -> None:
        """Let the callbacks end; once the relay's thread is over, or never ran."""
        atexit.unregister(self._leave)
        before_end.remove(self._leave)
        self._mailbox.close()
        self._callbacks.end()
        self._group.stop(0)

    def _leave(self) -> None:
        with suppress(StreamStateError):  # a parent's, in a forked child
            self.stop(EXIT_TIME)

    def _wait_reached(self, timeout: float | None) -> None:
        self._lifecycle.refuse_in_callback("waiting for the engine")
        try:
            answered = self._run.reached.wait(Deadline(timeout))
        except BaseException:
            self.stop()
            raise
        if answered and not self._run.over.happened:
            return
        self.stop()
        self._raise_failure()
        if answered:
            self._lifecycle.refuse_stopped()
        error = self._run.machine.error
        raise StreamTimeout(
            f"waited for the engine at {self._engine.address.name}, which has not "
            "answered in time"
        ) from error

    def _raise_failure(self) -> None:
        if self._interrupt is not None:
            raise self._interrupt
        failure = self._run.failure
        if failure is not None:
            raise failure.with_traceback(None)

    def _report(self, error: AssetStreamError) -> None:
        self._mailbox.put([error])

    def _interrupted(self, exc: BaseException) -> None:
        self._interrupt = self._interrupt or exc
        self.stop(0)

    def _in_own_thread(self) -> bool:
        here = threading.current_thread()
        return here is self._run.thread or here in self._callbacks.threads

    def __repr__(self) -> str:
        if "_lifecycle" not in self.__dict__ or not self._lifecycle.owned_here:
            return "<Relay>"
        machine = self._run.machine
        if self._run.over.happened:
            words = "ended"
        elif not machine.connected:
            words = "not connected to its engine"
        else:
            words = f"owns {len(machine.tokens)} of {len(self._exchanges)} accounts"
        return f"<Relay {self._fleet} {self._worker}: {words}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Relay holds threads and sockets and is not pickled")


def _checked(
    accounts: object, share: float, options: Mapping[str, Any]
) -> dict[str, Exchange]:
    """Return the exchanges of the accounts; ConfigurationError if any is wrong."""
    if not isinstance(accounts, Mapping) or not accounts:
        raise ConfigurationError(
            'accounts must be a mapping such as {"alice": Upbit(region="sg")}, not '
            f"{'an empty one' if accounts == {} else type(accounts).__name__}"
        )
    found: dict[str, Exchange] = {}
    keys: dict[tuple[str, str], str] = {}
    for label, exchange in accounts.items():
        check_label(label)
        # It says what is wrong with an option as well, before anything begins.
        AssetStream(exchange, account=label, **options)
        key = exchange.digest, exchange.ws_url
        if key in keys:
            raise ConfigurationError(
                f"{label!r} has the key of {keys[key]!r}",
                remedy="One label is enough for an account.",
            )
        keys[key] = label
        if share != 1.0:
            limits = exchange.limits
            connects = limits.connects_together.part(share)
            reads = limits.reads_together.part(share)
            limits = replace(limits, connects_together=connects, reads_together=reads)
            exchange = exchange.with_limits(limits)
        found[label] = exchange
    return found


def _check_share(share: object) -> float:
    if not settings.is_number(share) or not 0 < share <= 1:
        raise ConfigurationError(
            "share must be a part of the exchanges' limits, above 0 and up to 1, such "
            "as 0.5"
        )
    return float(share)


def _check_hold(hold: object) -> float:
    if hold == "strict":
        return STRICT
    if not settings.is_number(hold) or not hold >= STRICT:
        raise ConfigurationError(
            f'hold must be "strict", or a number of seconds from {STRICT:g} up, not '
            f"{hold!r}"
        )
    return float(hold)


def _refuse(call: Callable[[], None]) -> NoReturn:
    raise RuntimeError("a relay has no helpers")


def _refusal(problem: str, remedy: str = "") -> StreamStateError:
    return StreamStateError(f"the relay: {problem}", remedy=remedy)


make_public(Relay, RelayHealth)
