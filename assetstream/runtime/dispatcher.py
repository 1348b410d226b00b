"""User handlers: called in order, each guarded (D1)."""

from __future__ import annotations

import inspect
import logging
import threading
from typing import Any, Callable

from assetstream.model.errors import AssetStreamError, CallbackError
from assetstream.model.events import AssetUpdate, StateChange
from assetstream.protocol import NEVER
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.stack import where
from assetstream.runtime.loop.waits import OneShotEvent
from assetstream.runtime.mailbox import CallbackMailbox, News

__all__ = ["Dispatcher", "Handlers"]

logger = logging.getLogger("assetstream")

#: A handler may take so long while other news waits behind it, seconds.
SLOW = 5.0

Handler = Callable[[Any], object]


class Handlers:
    """Handlers, by what they want to hear of.

    Tuples are replaced, never changed: a handler may add or remove handlers, itself
    included, while it is being called.
    """

    def __init__(self) -> None:
        self.asset: tuple[Handler, ...] = ()
        self.error: tuple[Handler, ...] = ()
        self.state: tuple[Handler, ...] = ()
        #: A live table shows the errors that nobody handles.
        self.on_screen = False
        #: Told of errors and states at once, in the session's thread. They are
        #: nobody's ``on_error``: what nobody else hears is logged all the same.
        self.witnesses: tuple[Handler, ...] = ()

    def take(self, others: Handlers) -> None:
        """Add all of those."""
        self.on_screen = self.on_screen or others.on_screen
        self.asset += others.asset
        self.error += others.error
        self.state += others.state

    def remove(self, handler: Handler) -> None:
        """Remove a handler from wherever it stands."""
        self.asset = tuple(h for h in self.asset if h != handler)
        self.error = tuple(h for h in self.error if h != handler)
        self.state = tuple(h for h in self.state if h != handler)


class Dispatcher:
    """Calls the handlers of one stream, and tells once of one that is too slow.

    ``work`` is called by callback threads, one at a time; the session's thread looks
    after slow handlers, for there is no timer.

    Args:
        label: the account's label, for the logs.
        handlers: whom to call.
        mailbox: what to tell them.
        interrupted: called with a SystemExit or KeyboardInterrupt out of a handler.
    """

    def __init__(
        self,
        label: str,
        handlers: Handlers,
        mailbox: CallbackMailbox,
        interrupted: Callable[[BaseException], None],
    ) -> None:
        self._label = label
        self.handlers = handlers
        self.mailbox = mailbox
        self._interrupted = interrupted
        #: Times a handler raised.
        self.callback_errors = 0
        #: Set when the last news was given to its callbacks; then ``leave`` is called.
        self.finished = OneShotEvent()
        self.leave: Callable[[], None] | None = None
        # The thread that is in ``work``, and the handler that runs, or ran last.
        self._thread: int | None = None
        self._handler: Handler | None = None
        # What was delivered when the session looked last, and when that was new to it.
        self._seen = -1
        self._seen_at = NEVER
        self._complained = False

    @property
    def wake(self) -> Callable[[], None]:
        """Called when there is news; see ``CallbackMailbox``."""
        return self.mailbox.wake

    @wake.setter
    def wake(self, wake: Callable[[], None]) -> None:
        self.mailbox.wake = wake

    # By the session's thread.

    @property
    def deadline(self) -> float:
        """When ``due`` must be called, as things are now."""
        if self._complained:
            return NEVER
        if self.mailbox.folded:
            return -NEVER
        # One is in hand; it may take its time while nothing waits behind it.
        if self.mailbox.pending < 2:
            self._seen = -1
            return NEVER
        if self._seen != self.mailbox.delivered:
            self._seen, self._seen_at = self.mailbox.delivered, clock.now()
        return self._seen_at + SLOW

    def due(self) -> None:
        """Warn of the handler that keeps news waiting; once in a stream's life."""
        self._complained = True
        logger.warning(
            "%s: a callback is slower than the exchange: it is %s, and %d events wait "
            "behind it. Balances stay current, but past max_pending updates only the "
            "latest of each currency is delivered (health().folded counts the others): "
            "do slow work in a thread of your own",
            self._label,
            self.where(),
            max(0, self.mailbox.pending - 1),
        )

    # By a callback thread.

    def work(self) -> bool:
        """Deliver some of the news; False if there was none."""
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
                    for handler in self.handlers.asset:
                        self._call(handler, item)
            except Exception:
                # A user's logging handler, or an exception that cannot be shown:
                # whatever it is, the next callback is called.
                logger.exception("%s: an event was not delivered", self._label)
            self.mailbox.delivered += 1
        self._thread = None
        return True

    @property
    def calling(self) -> bool:
        """A handler of this stream is being called."""
        return self._thread is not None

    def where(self) -> str:
        """Say which handler runs and where it stands, for a log line."""
        return where(self._thread, Dispatcher._call.__code__, self._handler)

    def _deliver(self, item: News) -> None:
        if isinstance(item, StateChange):
            for handler in self.handlers.state:
                self._call(handler, item)
        elif isinstance(item, AssetStreamError):
            self._report(item)

    def _report(self, error: AssetStreamError) -> None:
        """Hand an error to on_error, or log it: nothing dies in silence."""
        handlers = self.handlers.error
        for handler in handlers:
            self._call(handler, error)
        if not handlers:
            logger.log(
                self._level(error),
                "%s: %s: %s",
                self._label,
                type(error).__name__,
                error,
                exc_info=error.__cause__ if isinstance(error, CallbackError) else None,
            )

    def _level(self, error: AssetStreamError) -> int:
        if isinstance(error, CallbackError):
            return logging.ERROR
        if error.fatal:  # told in any case: nobody may look at the table any more
            return logging.ERROR
        if self.handlers.on_screen and not logger.hasHandlers():
            # It would only appear on stderr, and so in red below the very table.
            return logging.DEBUG
        return logging.WARNING

    def _call(self, handler: Handler, item: News) -> None:
        self._handler = handler
        try:
            result = handler(item)
            if result is not None and inspect.iscoroutine(result):
                result.close()
                raise TypeError("it returned a coroutine, which nobody runs")
        except Exception as exc:
            self.callback_errors += 1
            self._raised(handler, item, exc)
        except BaseException as exc:  # SystemExit, KeyboardInterrupt
            self._interrupted(exc)

    def _raised(self, handler: Handler, item: News, exc: Exception) -> None:
        name = getattr(handler, "__qualname__", None) or repr(handler)
        if not isinstance(item, AssetUpdate):
            # Not delivered again: on_error may be what raised.
            logger.error("%s: handler %s raised", self._label, name, exc_info=exc)
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


def _shown(exc: Exception) -> str:
    """An exception in words; its ``str`` is the user's code, and may raise."""
    try:
        return f"{type(exc).__name__}: {exc}"
    except Exception:
        return type(exc).__name__
