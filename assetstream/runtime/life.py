"""The threads of one started stream, from ``start()`` to the end.

===========================  =========================================================
assetstream-ACCOUNT-session  owns socket, conversation, book and state
assetstream-ACCOUNT-callbacks  runs the user's handlers
===========================  =========================================================
"""

from __future__ import annotations

import logging
import math
import ssl
import threading
import traceback
from functools import partial
from random import random as jitter

from msgspec import Struct

from assetstream.audit import Audit
from assetstream.audit_schedule import AuditSchedule
from assetstream.book import BalanceBook
from assetstream.errors import AssetStreamError, StreamStateError
from assetstream.events import Balance, Health
from assetstream.protocol import Exchange
from assetstream.runtime import clock, handshake
from assetstream.runtime.channel import Channel
from assetstream.runtime.dispatcher import Dispatcher, Handlers
from assetstream.runtime.handshake import Interrupted
from assetstream.runtime.http import Rest
from assetstream.runtime.inbox import Inbox
from assetstream.runtime.mailbox import CallbackMailbox, WatchQueue
from assetstream.runtime.outlet import Outlet
from assetstream.runtime.proof import Proof
from assetstream.runtime.reader import Reader
from assetstream.runtime.reads import READ_TIMEOUT, Reads
from assetstream.runtime.session import Session
from assetstream.runtime.waiting import Deadline, Latch
from assetstream.states import State

__all__ = ["Life", "Settings"]

logger = logging.getLogger("assetstream")


class Settings(Struct, frozen=True):
    """What the user chose for a stream; see ``AssetStream``."""

    account: str
    audit_interval: float | None
    #: The interval is the exchange's own, which adapts (A1).
    adaptive: bool
    connect_timeout: float
    max_pending: int
    proxy: str | None
    ssl_context: ssl.SSLContext | None

    def __repr__(self) -> str:
        # A proxy's URL may hold a password.
        return f"<Settings of {self.account}>"


class Life:
    """A stream between ``start()`` and its end: its parts, its threads, its figures."""

    def __init__(
        self, exchange: Exchange, settings: Settings, handlers: Handlers
    ) -> None:
        self._exchange = exchange
        #: What the user chose.
        self.settings = settings
        self._began = clock.now()
        self._ended_at: float | None = None
        #: The session's thread has ended, and everything it owned is closed.
        self.ended = Latch()
        self._ending = False
        self._mailbox = CallbackMailbox(settings.max_pending)
        self.dispatcher = Dispatcher(
            settings.account, handlers, self._mailbox, self._interrupted
        )
        self._inbox = Inbox()
        self._reader = Reader(self._inbox)
        self._rest = Rest(self._inbox, settings.ssl_context, settings.proxy)
        self._book = BalanceBook(exchange.name, settings.account, self._standing)
        self._outlet = Outlet(
            self._book, handlers, self._mailbox, Proof(exchange.limits)
        )
        self._session = Session(exchange, self._book, self._outlet, jitter)
        self._schedule = AuditSchedule(
            exchange.limits,
            settings.audit_interval,
            jitter,
            adaptive=settings.adaptive,
        )
        self._session.reads = Reads(
            exchange,
            self._book,
            Audit(self._book, exchange.limits),
            self._schedule,
            self._rest,
            self._session,
            jitter,
        )
        # Taken by whoever serves the session to its end: its thread, or ``abort``.
        self._claim = [True]
        # Daemons: a stream does not keep the process alive. They end by stop().
        self._thread = threading.Thread(
            target=self._run,
            name=f"assetstream-{settings.account}-session",
            daemon=True,
        )

    # From any thread.

    def begin(self) -> None:
        """Start the threads; whatever is raised, ``abort`` must follow then."""
        self._session.begin()
        self.dispatcher.thread.start()
        self._thread.start()

    def abort(self) -> None:
        """End what ``begin`` could not finish: Ctrl-C, or no thread to be had."""
        try:
            self._claim.pop()
        except IndexError:
            self.stop()  # The session's thread runs, and ends by itself.
        else:
            self._session.over = True
            self._end()

    def watch(self, watch: WatchQueue) -> None:
        """Let ``watch`` see everything from the session's next step on."""
        self._inbox.post(partial(self._outlet.join, watch))
        if self._ending:  # The post may have come too late to be run.
            self._outlet.join(watch)

    def unwatch(self, watch: WatchQueue) -> None:
        """Stop telling ``watch``."""
        self._inbox.post(partial(self._outlet.leave, watch))

    def stop(self) -> None:
        """Ask the session to end; from any thread or a signal handler.

        From now on no update is handed to a callback.
        """
        self._mailbox.discarding = True
        self._inbox.post(self._session.stop)

    def in_own_thread(self) -> bool:
        """Tell whether the caller runs in one of the stream's own threads.

        In a callback; or in the session's, where a logging handler or a finalizer of
        the user's may come to run.
        """
        return threading.current_thread() in (self._thread, self.dispatcher.thread)

    def refuse_in_callback(self, what: str) -> None:
        """Raise StreamStateError inside a callback: it would wait for itself."""
        if self.in_own_thread():
            raise StreamStateError(
                f"{self.settings.account}: {what} inside a callback would wait for "
                "itself; do it in another thread, or act on the update in hand",
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
        for thread in (self._thread, self.dispatcher.thread):
            if thread.is_alive():
                # The latch is set by the session's last line: its wait is short.
                thread.join(min(deadline.left(), threading.TIMEOUT_MAX))
        if not self.dispatcher.thread.is_alive():
            return True
        if not in_a_hurry:
            logger.error(
                "%s: stopped, but a callback still runs: %s",
                self.settings.account,
                self.dispatcher.where(),
            )
        return False

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
        last_proof = self._session.proof.last
        return Health(
            state=self.state,
            uptime=(self._ended_at or now) - self._began,
            reconnects=max(0, self._session.generation - 1),
            last_proof=None if last_proof == -math.inf else now - last_proof,
            round_trip=self._session.round_trip,
            pending=self._mailbox.pending,
            folded=self._mailbox.folded,
            dropped=self._mailbox.dropped,
            ignored=self._book.ignored,
            callback_errors=self.dispatcher.callback_errors,
            audits=self._session.reads.audits,
            drifts=self._session.reads.drifts,
            audit_interval=self._schedule.interval(now, self._book),
            detection_time=self._schedule.detection_time(now, self._book, READ_TIMEOUT),
            in_doubt=self._book.in_doubt(),
            last_gap=self._outlet.last_gap,
            lookups_left_behind=handshake.lookups_left_behind(),
            error=self.error,
        )

    # In the session's thread.

    def _run(self) -> None:
        try:
            self._claim.pop()
        except IndexError:
            return
        session = self._session
        try:
            self._reader.attach(session)
            self._reader.attach(self.dispatcher)
            self._inbox.run()
            while not session.over:
                if clock.now() >= session.retry_at:
                    self._connect()
                else:
                    self._reader.turn()
        except BaseException as exc:
            # A fault of ours; nothing dies in silence.
            _forget_locals(exc)
            logger.exception("%s: internal error", self.settings.account)
            self._crash(exc)
        finally:
            self._end()

    def _connect(self) -> None:
        """Make one connection and serve it until it is over."""
        channel = Channel(self._session, self._reader)
        connect = self._session.connect(channel)
        channel.run(
            connect,
            timeout=self.settings.connect_timeout,
            ssl_context=self.settings.ssl_context,
            proxy=self.settings.proxy,
            interrupt=Posted(self._inbox, self._session),
        )

    def _crash(self, exc: BaseException) -> None:
        error = AssetStreamError(
            f"internal error ({type(exc).__name__}: {exc}); please report it with the "
            "traceback in the log",
            fatal=True,
        )
        error.__cause__ = exc
        if not self._outlet.state.final:
            self._outlet.fail(error)

    def _end(self) -> None:
        try:
            self._rest.close(1.0)
            self._reader.detach(self._session)
            self._reader.close()
            if not self._outlet.state.final:
                self._outlet.stop()
        finally:
            self._ending = True
            self._ended_at = clock.now()
            try:
                self._inbox.run()  # Whoever began to watch before hears of the end.
            finally:
                self._inbox.close()
                self.ended.set()

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


class Posted:
    """Ends a handshake's wait when something was posted that ends the session."""

    def __init__(self, inbox: Inbox, session: Session) -> None:
        self._inbox = inbox
        self._session = session

    def fileno(self) -> int:
        """Readable when something was posted."""
        return self._inbox.fileno()

    def check(self) -> None:
        """Run what was posted; raise Interrupted if the attempt is to be given up."""
        self._inbox.run()
        if self._session.over:
            raise Interrupted
