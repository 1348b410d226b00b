"""User handlers: called in order, each guarded (D1, D4)."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, Callable

from assetstream.model.errors import AssetStreamError, CallbackError
from assetstream.model.events import AssetUpdate, Event, StateChange
from assetstream.model.states import State
from assetstream.protocol import NEVER
from assetstream.runtime.loop.log import Record, log
from assetstream.runtime.loop.registrations import Registrations
from assetstream.runtime.loop.stack import describe_stack, handler_name
from assetstream.runtime.loop.waits import OneShotEvent
from assetstream.runtime.mailbox import CallbackMailbox, Item, Sink

__all__ = ["Dispatcher", "Handlers"]

logger = logging.getLogger("assetstream")

#: The longest that a handler may take while other events wait behind it, seconds.
SLOW = 5.0
#: Results of handlers whose body has not been run.
NOT_RUN = (CoroutineType, GeneratorType, AsyncGeneratorType)

TOO_SLOW = (
    "%s: a callback is slower than the exchange: it is %s, and %d events wait behind "
    "it. Balances stay current, but past max_pending updates only the latest of each "
    "currency is delivered (health().folded counts the others): do slow work in a "
    "thread of your own"
)

Handler = Callable[[Any], object]


@dataclass(eq=False)
class Handlers:
    """Handlers, by the kind of event that they are called with.

    A handler may add or remove handlers, itself included, while it is being called.

    Attributes:
        on_screen: a live table shows the errors that nobody handles.
        witnesses: called with errors and states at once, in the reader thread. They do
            not count as an ``on_error``: an error without one is logged all the same.
        sinks: make a ``Sink`` each for a stream that begins.
    """

    asset: Registrations[Handler] = field(default_factory=Registrations)
    error: Registrations[Handler] = field(default_factory=Registrations)
    state: Registrations[Handler] = field(default_factory=Registrations)
    on_screen: bool = False
    witnesses: Registrations[Handler] = field(default_factory=Registrations)
    sinks: Registrations[Callable[[], Sink]] = field(default_factory=Registrations)

    def take(self, others: Handlers) -> None:
        """Add all of those; adding one of them twice does no harm."""
        self.on_screen = self.on_screen or others.on_screen
        self.asset.update(others.asset)
        self.error.update(others.error)
        self.state.update(others.state)
        self.sinks.update(others.sinks)

    def remove(self, handler: Handler) -> None:
        """Remove a handler from wherever it stands."""
        self.asset.remove(handler)
        self.error.remove(handler)
        self.state.remove(handler)
        self.sinks.remove(handler)


class Dispatcher:
    """Calls the handlers of one stream, and warns once of one that is too slow.

    ``work`` is called by callback threads, one at a time; the reader thread looks for
    slow handlers, for there is no timer.

    Args:
        label: the account's label, for the logs.
        handlers: the user's.
        mailbox: the events that they are called with.
        interrupted: called with a SystemExit or KeyboardInterrupt out of a handler.
        aside: has something done by a thread that is neither a reader's nor a
            callback's; raises RuntimeError if there is none.
    """

    def __init__(
        self,
        label: str,
        handlers: Handlers,
        mailbox: CallbackMailbox,
        interrupted: Callable[[BaseException], None],
        aside: Callable[[Callable[[], None]], object],
    ) -> None:
        self._label = label
        # The text of the error that was logged last, since it was LIVE.
        self._logged = ""
        self.handlers = handlers
        self.mailbox = mailbox
        self._interrupted = interrupted
        self._aside = aside
        #: Times a handler raised, and the last error that was made of it.
        self.callback_errors = 0
        self.last_raised: CallbackError | None = None
        #: Set when the last event was handed to its handlers; then ``leave`` is called.
        self.finished = OneShotEvent()
        self.leave: Callable[[], None] | None = None
        #: When ``due`` must be called, in seconds of ``clock.now``.
        self.deadline = NEVER
        # The thread that is in ``work``, and the handler that runs, or ran last.
        self._thread: int | None = None
        self._handler: Handler | None = None
        # How much was delivered when ``check`` looked last.
        self._seen = -1
        self._warned = False

    @property
    def wake(self) -> Callable[[], None]:
        """Called when there are events; see ``CallbackMailbox``."""
        return self.mailbox.wake

    @wake.setter
    def wake(self, wake: Callable[[], None]) -> None:
        self.mailbox.wake = wake

    # By the reader thread.

    def check(self, pending: int, clock: Callable[[], float]) -> None:
        """Look for a handler that keeps events waiting; after each ``mailbox.put``.

        Args:
            pending: events not yet handed to their callbacks.
            clock: returns the time; asked only where events wait.
        """
        if self._warned:
            return
        if self.mailbox.folded:
            self.deadline = -NEVER
        # A handler counts as slow only while a second event is waiting.
        elif pending < 2:
            self._seen, self.deadline = -1, NEVER
        elif self._seen != self.mailbox.delivered:
            self._seen, self.deadline = self.mailbox.delivered, clock() + SLOW

    def due(self, now: float) -> None:
        """Warn of the handler that keeps events waiting; once in a stream's life."""
        self.check(self.mailbox.pending, lambda: now)  # it may have gone on meanwhile
        if now < self.deadline:
            return
        self._warned, self.deadline = True, NEVER
        waiting = max(0, self.mailbox.pending - 1)
        record = Record(logging.WARNING, TOO_SLOW, (self._label, self.where(), waiting))
        try:
            # Its own thread is the one that the handler keeps from writing this.
            self._aside(record.write)
        except RuntimeError:
            self.mailbox.put([record])

    # By a callback thread.

    def work(self) -> bool:
        """Deliver some of the events; False if there was no event."""
        batch = self.mailbox.take()
        if not batch:
            if self.mailbox.over:
                self.finished.set()
                if self.leave is not None:
                    self.leave()
            return False
        self._thread = threading.get_ident()
        for item in batch:
            try:
                if type(item) is not AssetUpdate:
                    self._deliver(item)
                elif self.mailbox.discarding:
                    self.mailbox.dropped += 1
                else:
                    for handler in self.handlers.asset.copy().values():
                        self._call(handler, item)
            except Exception as exc:
                # Whatever it is, the next callback is called.
                text = "%s: an event was not delivered"
                log(logging.ERROR, text, self._label, error=exc)
            except BaseException as exc:  # SystemExit, out of a logging handler
                self._interrupted(exc)
            self.mailbox.delivered += 1
        self._thread = None
        return True

    @property
    def calling(self) -> bool:
        """A handler of this stream is being called."""
        return self._thread is not None

    def where(self) -> str:
        """Say which handler runs and where it stands, for a log line."""
        return describe_stack(self._thread, Dispatcher._call.__code__, self._handler)

    def _deliver(self, item: Item) -> None:
        if isinstance(item, Record):
            item.write()
        elif isinstance(item, StateChange):
            log(logging.DEBUG, "%s: %s", self._label, item)
            if item.current is State.LIVE:
                self._logged = ""
            for handler in self.handlers.state.copy().values():
                self._call(handler, item)
        elif isinstance(item, AssetStreamError):
            self._report(item)

    def _report(self, error: AssetStreamError) -> None:
        """Hand an error to on_error, or log it: nothing dies in silence."""
        if isinstance(error, CallbackError):
            # Before it is seen whether a table is on screen: its last page is made
            # after it has said that it is not, and so has this, or it is logged.
            self.last_raised = error
        handlers = self.handlers.error.copy()
        for handler in handlers.values():
            self._call(handler, error)
        if not handlers:
            text = error.explanation
            # Attempt after attempt ends so: the remedy stands above.
            again = text == self._logged and text != error.problem
            self._logged = text
            log(
                self._level(error),
                "%s: %s: %s%s",
                self._label,
                type(error).__name__,
                f"{error.problem}, again" if again else text,
                f" ({error.repeated} more like it)" if error.repeated else "",
                error=error.__cause__ if isinstance(error, CallbackError) else None,
            )

    def _level(self, error: AssetStreamError) -> int:
        if error.fatal:  # logged in any case: nobody may look at the table any more
            return logging.ERROR
        if self.handlers.on_screen and not logger.hasHandlers():
            # It would only appear on stderr, and so in red below the very table.
            return logging.DEBUG
        return logging.ERROR if isinstance(error, CallbackError) else logging.WARNING

    def _call(self, handler: Handler, item: Event) -> None:
        self._handler = handler
        try:
            result = handler(item)
            if result is not None and isinstance(result, NOT_RUN):
                _discard(result)
        except Exception as exc:
            self.callback_errors += 1
            self._raised(handler, item, exc)
        except BaseException as exc:  # SystemExit, KeyboardInterrupt
            self._interrupted(exc)

    def _raised(self, handler: Handler, item: Event, exc: Exception) -> None:
        name = handler_name(handler)
        if not isinstance(item, AssetUpdate):
            # Not delivered again: on_error may be what raised.
            log(logging.ERROR, "%s: handler %s raised", self._label, name, error=exc)
            return
        error = CallbackError(
            f"handler {name} raised {_shown(exc)}",
            callback=handler,
            update=item,
            exchange=item.exchange,
            account=item.account,
        )
        error.__cause__ = exc
        self._report(error)


def _discard(result: object) -> None:
    """Refuse what a handler returned instead of running.

    Raises:
        TypeError: always.
    """
    if isinstance(result, CoroutineType):
        result.close()  # or Python would warn that nobody has awaited it
        raise TypeError("it returned a coroutine, which nobody runs")
    raise TypeError("it is a generator function: its body is never run")


def _shown(exc: Exception) -> str:
    """An exception in words; its ``str`` is the user's code, and may raise."""
    try:
        return f"{type(exc).__name__}: {exc}"
    except Exception:
        return type(exc).__name__
