"""One started stream, from ``start()`` to the end: its parts, and its figures.

Whose threads it runs in is its home's affair: ``solo`` for a lone stream, ``fleet`` for
many.
"""

from __future__ import annotations

import logging
import math
import ssl
import threading
import traceback
from functools import partial
from random import random as jitter
from typing import Callable, Protocol

from msgspec import Struct

from assetstream.core.audit import Audit
from assetstream.core.audit_schedule import AuditSchedule
from assetstream.core.book import BalanceBook
from assetstream.model.errors import AssetStreamError, StreamStateError
from assetstream.model.events import Balance, StateChange
from assetstream.model.health import Health
from assetstream.model.history import Recent
from assetstream.model.states import State
from assetstream.protocol import Exchange
from assetstream.runtime.dispatcher import Dispatcher, Handlers
from assetstream.runtime.liveness import Proof
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.call_queue import CallQueue
from assetstream.runtime.loop.helpers import Crew
from assetstream.runtime.loop.reader import Reader
from assetstream.runtime.loop.waits import Deadline, OneShotEvent
from assetstream.runtime.mailbox import CallbackMailbox, WatchQueue
from assetstream.runtime.net import dial
from assetstream.runtime.net.rest_client import Adapter, Rest
from assetstream.runtime.publisher import Outlet
from assetstream.runtime.rate_limits import Budget
from assetstream.runtime.reads import READ_TIMEOUT, Reads
from assetstream.runtime.session import Session

__all__ = ["Home", "Life", "Settings"]

logger = logging.getLogger("assetstream")


class Settings(Struct, frozen=True):
    """What the user chose for a stream; see ``AssetStream``."""

    account: str
    audit_interval: float | None
    #: The interval is the exchange's own, which adapts (A1).
    adaptive: bool
    connect_timeout: float
    max_pending: int
    history: int
    proxy: str | None
    ssl_context: ssl.SSLContext | None

    def __repr__(self) -> str:
        # A proxy's URL may hold a password.
        return f"<Settings of {self.account}>"


class Home(Protocol):
    """Where a life runs: threads, and what is shared by those who run there.

    Attributes:
        inbox: how other threads reach the one that owns the session.
        reader: what that thread serves.
    """

    inbox: CallQueue
    reader: Reader

    @property
    def crew(self) -> Crew:
        """Who runs what blocks."""
        ...

    def adapter(self, settings: Settings) -> Adapter:
        """The keeper of REST connections for a stream with these settings."""
        ...

    def budget(self, exchange: Exchange) -> Budget | None:
        """What is shared with other streams of that place; None if nothing is."""

    def begin(self, life: Life) -> None:
        """Run it; whatever is raised, ``abort`` must follow then."""

    def abort(self, life: Life) -> None:
        """End what ``begin`` could not finish."""

    def owns(self, thread: threading.Thread) -> bool:
        """Tell whether a wait in that thread would keep the life from going on."""
        ...

    def changed(self, life: Life, change: StateChange) -> None:
        """Its state changed; in the session's thread."""

    def fault(self, life: Life, error: Exception) -> None:
        """Something posted for it raised; in the session's thread."""

    def join(self, deadline: Deadline) -> bool:
        """Wait for threads that end with the life; False if one has not."""
        ...


class Life:
    """A stream between ``start()`` and its end: its parts, its threads, its figures."""

    def __init__(
        self,
        exchange: Exchange,
        settings: Settings,
        handlers: Handlers,
        home: Home,
    ) -> None:
        self._exchange = exchange
        #: What the user chose.
        self.settings = settings
        self._home = home
        self._began = clock.now()
        self._ended_at: float | None = None
        #: The reason that its last change of state gives, if it is stopped.
        self.farewell = "stopped"
        #: The session is over, and everything it owned is closed.
        self.ended = OneShotEvent()
        self._mailbox = CallbackMailbox(settings.max_pending)
        self.dispatcher = Dispatcher(
            settings.account, handlers, self._mailbox, self._interrupted
        )
        self._rest = Rest(
            self.post,
            home.crew,
            home.adapter(settings),
            settings.ssl_context,
            settings.proxy,
        )
        self._book = BalanceBook(exchange.name, settings.account, self._standing)
        #: The last updates and gaps.
        self.recent = Recent(settings.history)
        self._outlet = Outlet(
            self._book,
            self.dispatcher,
            Proof(exchange.limits),
            partial(home.changed, self),
            self.recent,
        )
        self.session = Session(exchange, self._book, self._outlet, jitter)
        budget = home.budget(exchange)
        self._schedule = AuditSchedule(
            exchange.limits,
            settings.audit_interval,
            jitter,
            adaptive=settings.adaptive,
            least=None if budget is None else budget.least_audit_interval,
        )
        self.session.reads = Reads(
            exchange,
            self._book,
            Audit(self._book, exchange.limits),
            self._schedule,
            self._rest,
            self.session,
            jitter,
            None if budget is None else budget.reads,
        )

    # From any thread.

    def begin(self) -> None:
        """Begin to run; whatever is raised, ``abort`` must follow then."""
        self._home.begin(self)

    def abort(self) -> None:
        """End what ``begin`` could not finish: Ctrl-C, or no thread to be had."""
        self._home.abort(self)

    def post(self, call: Callable[[], None]) -> None:
        """Have ``call`` made in the session's thread; from any, or a signal handler."""
        self._home.inbox.post(partial(self._make, call))

    def watch(self, watch: WatchQueue) -> None:
        """Let ``watch`` see everything from the session's next step on."""
        self.post(partial(self._outlet.join, watch))
        if self.ended.happened:  # The post may have come too late to be run.
            self._outlet.join(watch)

    def unwatch(self, watch: WatchQueue) -> None:
        """Stop telling ``watch``."""
        self.post(partial(self._outlet.leave, watch))

    def stop(self) -> None:
        """Ask the session to end; from any thread or a signal handler.

        From now on no update is handed to a callback.
        """
        self._mailbox.discarding = True
        self.post(self.session.stop)

    def in_own_thread(self) -> bool:
        """Tell whether the caller runs in one of the threads that the stream needs.

        In a callback; or in the session's, where a logging handler or a finalizer of
        the user's may come to run.
        """
        return self._home.owns(threading.current_thread())

    def refuse_in_callback(self, what: str) -> None:
        """Raise StreamStateError inside a callback: it would wait for itself."""
        if self.in_own_thread():
            raise StreamStateError(
                f"{self.settings.account}: {what} inside a callback would wait for "
                "itself",
                remedy="Do it in another thread, or act on the update in hand.",
                exchange=self._exchange.name,
                account=self.settings.account,
            )

    def join(self, deadline: Deadline) -> bool:
        """Wait until every thread has ended; False if a callback still held its own."""
        in_a_hurry = deadline.left() == 0.0
        if not self.ended.wait(deadline):
            if not in_a_hurry:
                logger.error("%s: the session did not end", self.settings.account)
            return False
        if self.dispatcher.finished.wait(deadline):
            return self._home.join(deadline)
        if not in_a_hurry and not self.tell_where():
            logger.error(
                "%s: stopped, but its last callbacks wait behind those of others",
                self.settings.account,
            )
        return False

    def tell_where(self) -> bool:
        """Log where the callback stands that runs; False if none does."""
        if not self.dispatcher.calling:
            return False
        logger.error(
            "%s: stopped, but a callback still runs: %s",
            self.settings.account,
            self.dispatcher.where(),
        )
        return True

    @property
    def state(self) -> State:
        """The state, judged by the clock as well (L1)."""
        return self._outlet.state_at(clock.now())

    @property
    def error(self) -> AssetStreamError | None:
        """The error that failed the stream, or the last while it is not LIVE."""
        return self._outlet.error

    @property
    def interrupt(self) -> BaseException | None:
        """A SystemExit or KeyboardInterrupt that came out of a handler."""
        return self._outlet.interrupt

    @property
    def book(self) -> BalanceBook:
        """The balances."""
        return self._book

    def health(self) -> Health:
        """The figures of this moment."""
        now = clock.now()
        last_proof = self.session.proof.last
        return Health(
            state=self._outlet.state_at(now),
            reason=self._outlet.reason_at(now),
            uptime=(self._ended_at or now) - self._began,
            reconnects=max(0, self.session.generation - 1),
            last_proof=None if last_proof == -math.inf else now - last_proof,
            round_trip=self.session.round_trip,
            pending=self._mailbox.pending,
            folded=self._mailbox.folded,
            dropped=self._mailbox.dropped,
            ignored=self._book.ignored,
            callback_errors=self.dispatcher.callback_errors,
            audits=self.session.reads.audits,
            drifts=self.session.reads.drifts,
            audit_interval=self._schedule.interval(now, self._book),
            detection_time=self._schedule.detection_time(now, self._book, READ_TIMEOUT),
            in_doubt=self._book.in_doubt(),
            last_gap=self._outlet.last_gap,
            lookups_left_behind=dial.lookups_left_behind(),
            error=self.error,
        )

    # In the session's thread.

    def crash(self, error: BaseException) -> None:
        """Fail by a fault of ours; nothing dies in silence."""
        _forget_locals(error)
        logger.error(
            "%s: internal error", self.settings.account, exc_info=error, stacklevel=2
        )
        self.session.over = True
        if not self._outlet.state.final:
            told = AssetStreamError(
                f"internal error ({type(error).__name__}: {error})",
                remedy="Please report it with the traceback in the log.",
                fatal=True,
            )
            told.__cause__ = error
            self._outlet.fail(told)

    def conclude(self, patience: float) -> None:
        """Leave nothing running; calls that do not end in ``patience`` are left."""
        self._rest.close(patience)
        if not self._outlet.state.final:
            self._outlet.stop(self.farewell)
        self._ended_at = clock.now()

    def _make(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            self._home.fault(self, error)
        finally:
            self._home.reader.touch(self.session)

    def _standing(self, balance: Balance) -> tuple[float, bool]:
        return self._outlet.standing(balance)

    def _interrupted(self, exc: BaseException) -> None:
        logger.error(
            "%s: a handler raised %s; the stream stops",
            self.settings.account,
            type(exc).__name__,
        )
        self._outlet.interrupt = self._outlet.interrupt or exc
        self.stop()


def _forget_locals(error: BaseException | None) -> None:
    """Keep where it happened, but no variables: a request or a login is in some."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
