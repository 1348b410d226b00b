"""One started stream: its parts, how they run on a reader thread, and its figures."""

from __future__ import annotations

import logging
import math
import threading
import traceback
from contextlib import suppress
from datetime import datetime, timezone
from decimal import Decimal
from functools import partial
from typing import Callable

from assetstream.core.present import Present
from assetstream.model.errors import AssetStreamError, StreamStateError
from assetstream.model.events import StateChange
from assetstream.model.health import Health
from assetstream.model.history import Recent
from assetstream.model.states import State
from assetstream.runtime.dispatcher import Dispatcher, Handlers
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.log import Record, log, log_aside
from assetstream.runtime.loop.waits import Deadline, OneShotEvent
from assetstream.runtime.mailbox import CallbackMailbox, Sink
from assetstream.runtime.net.lookup import lookups_left_behind
from assetstream.runtime.origin import Origin, Parts
from assetstream.runtime.publisher import Publisher
from assetstream.runtime.reader_thread import ReaderThread
from assetstream.runtime.resources import SharedResources
from assetstream.runtime.settings import Settings

__all__ = ["StreamEngine"]

#: Where helpers log what may not wait for the callbacks.
LOG = "log"


class StreamEngine:
    """A stream between ``start()`` and its end: its parts, its reader, its figures.

    Args:
        origin: makes the session.
        settings: the user's.
        handlers: the user's.
        shared: what it shares with the other streams of its threads.
        reader_thread: owns its session.
        changed: called in the reader thread with every change of state.
        recent: keeps the last updates and gaps.

    Attributes:
        settings: the user's.
        present: state, balances and doubts, as any thread may read them.
        dispatcher: calls the user's handlers.
        reader_thread: as given.
        session: keeps ``present``; for the reader thread only.
        ended: set when the session is over, and everything it owned is closed.
        recent: the last updates and gaps.
    """

    def __init__(
        self,
        origin: Origin,
        settings: Settings,
        handlers: Handlers,
        shared: SharedResources,
        reader_thread: ReaderThread,
        changed: Callable[[StateChange], None],
        recent: Recent,
    ) -> None:
        self.settings = settings
        self._shared = shared
        self.reader_thread = reader_thread
        self._began = clock.now()
        self._ended_at: float | None = None
        self._started = False
        self._stopping = False
        # The reason that the change to STOPPED gives.
        self._stop_reason = "stopped"
        self.ended = OneShotEvent()
        self._mailbox = CallbackMailbox(settings.max_pending)
        self._aside = partial(shared.helpers.start, LOG)
        self.dispatcher = Dispatcher(
            settings.account, handlers, self._mailbox, self._interrupted, self._aside
        )
        # Of faults of ours: they are logged when the end was published (D4).
        self._faults: list[Record] = []
        self.present = Present(origin.name, settings.account, lambda: clock.now())
        self.recent = recent
        self._publisher = Publisher(self.present, self.dispatcher, changed, recent)
        self.session = origin.session(
            Parts(
                settings,
                self.present,
                self._publisher,
                self.dispatcher,
                shared,
                reader_thread,
                self.post,
                self._conclude,
                self._blame,
            )
        )

    # From any thread.

    def begin(self) -> None:
        """Begin to run; whatever this raises, ``abort`` must follow then.

        Raises:
            StreamStateError: the threads were stopped before.
        """
        if not self.reader_thread.add(self.session, self._fail):
            raise StreamStateError(
                f"{self.settings.account}: its threads were stopped meanwhile"
            )
        # Served before anything is posted, which may raise and so end the stream.
        self._shared.callbacks.serve(self.dispatcher)
        self.session.enter()
        self.post(self._start)

    def abort(self) -> None:
        """End what ``begin`` could not finish: Ctrl-C, or the threads were stopped."""
        if self.reader_thread.has(self.session):
            # The reader thread ends it, however far ``begin`` came.
            self._shared.callbacks.serve(self.dispatcher)
            self.stop()
            self.post(self._start)
        else:
            self.dispatcher.finished.set()  # no callback was ever due
            self.session.stop(self._stop_reason)

    def post(self, call: Callable[[], None]) -> None:
        """Have ``call`` made in the reader thread; from any, or a signal handler."""
        self.reader_thread.calls.post(partial(self._make, call))

    def subscribe(self, sink: Sink) -> None:
        """Put everything in from the session's next step on."""
        self.post(partial(self._publisher.subscribe, sink))
        if self.ended.happened:  # The post may have come too late to be run.
            self._publisher.subscribe(sink)

    def unsubscribe(self, sink: Sink) -> None:
        """Put nothing more in."""
        self.post(partial(self._publisher.unsubscribe, sink))

    def verify(self) -> None:
        """Ask for a comparison with REST now; ``present.audited_at`` tells of it."""
        self.post(self.session.verify)

    def stop(self, reason: str = "") -> None:
        """Ask the session to end; from any thread or a signal handler.

        From now on no update is handed to a callback.

        Args:
            reason: of the change to STOPPED, if not "stopped".
        """
        self._stop_reason = reason or self._stop_reason
        self._mailbox.discarding = True
        self.post(self._stop)

    def in_own_thread(self) -> bool:
        """Tell whether the caller runs in one of the threads that the stream needs.

        In a callback; or in the reader thread or a helper, where a finalizer of the
        user's may come to run, and in a helper a logging handler.
        """
        here = threading.current_thread()
        shared = self._shared
        return (
            here is self.reader_thread.thread
            or here in shared.callbacks.threads
            or here in shared.helpers.threads
        )

    def join(self, deadline: Deadline) -> bool:
        """Wait for the session's end and the last callback; False if one is missing."""
        in_a_hurry = deadline.left() == 0.0
        if not self.ended.wait(deadline):
            if not in_a_hurry:
                log_aside(self._log_session)
            return False
        if self.dispatcher.finished.wait(deadline):
            return True
        if not in_a_hurry:
            log_aside(self._log_last_callbacks)
        return False

    def log_callback(self) -> bool:
        """Log where the callback stands that runs; False if none does."""
        if not self.dispatcher.calling:
            return False
        log(
            logging.ERROR,
            "%s: stopped, but a callback still runs: %s",
            self.settings.account,
            self.dispatcher.where(),
        )
        return True

    def _log_session(self) -> None:
        log(logging.ERROR, "%s: the session did not end", self.settings.account)

    def _log_last_callbacks(self) -> None:
        if not self.log_callback():
            log(
                logging.ERROR,
                "%s: stopped, but its last callbacks wait behind those of others",
                self.settings.account,
            )

    @property
    def state(self) -> State:
        """The state, judged by the clock as well (L1)."""
        return self._state_at(clock.now())

    @property
    def error(self) -> AssetStreamError | None:
        """The error that failed the stream, or the last while it is not LIVE."""
        return self.present.error

    @property
    def interrupt(self) -> BaseException | None:
        """A SystemExit or KeyboardInterrupt that came out of a handler."""
        return self._publisher.interrupt

    def last_change(self, currency: str) -> Decimal:
        """Return the last change of a currency's total; zero if it never did."""
        return self.session.last_change(currency)

    def doubt(self, currency: str) -> str:
        """Say why a currency is in doubt; "" if it is not."""
        return self.session.doubt(currency)

    def health(self) -> Health:
        """The figures of this moment."""
        at, now = datetime.fromtimestamp(clock.wall(), timezone.utc), clock.now()
        present, session = self.present, self.session
        heard_at = present.heard_at
        in_doubt = present.in_doubt()
        return Health(
            at=at,
            state=self._state_at(now),
            reason=present.reason_at(now),
            uptime=(self._ended_at or now) - self._began,
            reconnects=max(0, present.attempts - 1),
            # What is heard meanwhile was not heard in the future.
            last_proof=None if heard_at == -math.inf else max(0.0, now - heard_at),
            round_trip=present.round_trip,
            pending=self._mailbox.pending,
            folded=self._mailbox.folded,
            dropped=self._mailbox.dropped,
            ignored=present.ignored,
            callback_errors=self.dispatcher.callback_errors,
            audits=present.audits,
            drifts=present.drifts,
            audit_interval=session.audit_interval(now),
            detection_time=session.detection_time(now),
            in_doubt=in_doubt,
            doubts={code: self.doubt(code) for code in in_doubt},
            last_gap=self._publisher.last_gap,
            lookups_left_behind=lookups_left_behind(),
            error=self.error,
            owner=present.owner,
            lag=_lag(present, now),
        )

    # In the reader thread.

    def _blame(self, observer: object, exc: Exception) -> None:
        """Report an observer that raised, and sees no more."""
        # Variables of ours on the way to it hold what it was shown: credentials.
        exc.with_traceback(exc.__traceback__ and exc.__traceback__.tb_next)
        _forget_locals(exc)
        self._publisher.blame("observer", observer, exc)

    def _start(self) -> None:
        # ``abort`` posts it once more, or a fault came before.
        if self._started or self.ended.happened:
            return
        self._started = True
        if self._stopping:
            self.session.stop(self._stop_reason)
            return
        reader = self.reader_thread.reader
        reader.attach(self.session)
        self.session.start()

    def _stop(self) -> None:
        self._stopping = True
        # Before the start, ``begin`` may still be at work: the start then ends it.
        if self._started:
            self.session.stop(self._stop_reason)

    def _fail(self, error: BaseException) -> None:
        """Fail by a fault of ours, and leave nothing running; other streams go on."""
        _forget_locals(error)
        record = Record(
            logging.ERROR, "%s: internal error", (self.settings.account,), error
        )
        if self.ended.happened:  # there are no callbacks any more
            with suppress(RuntimeError):
                self._aside(record.write)
            return
        self._faults.append(record)
        with suppress(Exception):
            self.session.crash(error)
        # Not when the connection is gone: this thread may be about to end.
        self._conclude()

    def _conclude(self) -> None:
        """Leave nothing running; once, when there is no connection any more."""
        if self.ended.happened:
            return
        self.reader_thread.reader.detach(self.session)
        self.session.close()
        self._ended_at = clock.now()
        self._mailbox.put(self._faults)
        self._mailbox.close()
        self.reader_thread.leave(self.session)
        self.ended.set()

    def _make(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            self._fail(error)
        finally:
            self.reader_thread.reader.touch(self.session)

    def _state_at(self, now: float) -> State:
        state = self.present.state_at(now)
        # NEW means that nothing was started: here the reader thread is about to.
        return State.CONNECTING if state is State.NEW else state

    def _interrupted(self, exc: BaseException) -> None:
        self._publisher.interrupt = self._publisher.interrupt or exc
        self.stop()
        log(
            logging.ERROR,
            "%s: a handler raised %s; the stream stops",
            self.settings.account,
            type(exc).__name__,
        )


def _lag(present: Present, now: float) -> float | None:
    """Return for how long the owner has told nothing newer; None without a word."""
    known = bool(present.owner) and present.audited_at > -math.inf
    return max(0.0, now - present.audited_at) if known else None


def _forget_locals(error: BaseException | None) -> None:
    """Keep where it happened, but no variables: a request or a login is in some."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
