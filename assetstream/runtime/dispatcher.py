"""The callback thread: user handlers, in order, each guarded (D1)."""

from __future__ import annotations

import inspect
import logging
import sys
import threading
from types import FrameType
from typing import Any, Callable

from assetstream.errors import AssetStreamError, CallbackError
from assetstream.events import AssetUpdate, StateChange
from assetstream.protocol import NEVER
from assetstream.runtime.mailbox import CallbackMailbox, News

__all__ = ["Dispatcher", "Handlers"]

logger = logging.getLogger("assetstream")

#: A handler may take so long while other news waits behind it, seconds.
SLOW = 5.0

Handler = Callable[[Any], object]


class Handlers:
    """The handlers of one stream, by what they want to hear of.

    Tuples are replaced, never changed: a handler may add or remove handlers, itself
    included, while it is being called.
    """

    def __init__(self) -> None:
        self.asset: tuple[Handler, ...] = ()
        self.error: tuple[Handler, ...] = ()
        self.state: tuple[Handler, ...] = ()

    def remove(self, handler: Handler) -> None:
        """Remove a handler from wherever it stands."""
        self.asset = tuple(h for h in self.asset if h != handler)
        self.error = tuple(h for h in self.error if h != handler)
        self.state = tuple(h for h in self.state if h != handler)


class Dispatcher:
    """Owns the callback thread of one stream, and tells once of a handler too slow.

    The reader of the session's thread looks after that: there is no timer.

    Args:
        label: the account's label, for the thread's name and the logs.
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
        self._handlers = handlers
        self._mailbox = mailbox
        self._interrupted = interrupted
        #: Times a handler raised.
        self.callback_errors = 0
        # The handler that runs, or ran last.
        self._handler: Handler | None = None
        self._complained = False
        # A daemon, so that a handler that never returns cannot hold up the
        # interpreter's exit; otherwise it ends when the mailbox is closed.
        self.thread = threading.Thread(
            target=self._run, name=f"assetstream-{label}-callbacks", daemon=True
        )

    @property
    def deadline(self) -> float:
        """When ``due`` must be called, as things are now; from the session's thread."""
        if self._complained:
            return NEVER
        if self._mailbox.folded:
            return self._mailbox.waiting_since
        # One is in hand; it may take its time while nothing waits behind it.
        if self._mailbox.pending < 2:
            return NEVER
        return self._mailbox.waiting_since + SLOW

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
            max(0, self._mailbox.pending - 1),
        )

    def where(self) -> str:
        """Say which handler runs and where it stands, for a log line."""
        innermost = frame = sys._current_frames().get(self.thread.ident or -1)
        if innermost is None:
            return "at an unknown place"
        entered: FrameType | None = None
        while frame is not None and frame.f_code is not Dispatcher._call.__code__:
            entered, frame = frame, frame.f_back
        if frame is None:  # A logging handler of the user's, perhaps.
            return f"in {_place(innermost)}"
        if entered is None:  # Not written in Python: ``print``.
            kind = type(self._handler).__qualname__
            return f"in {getattr(self._handler, '__qualname__', kind)}"
        where = f"in {_place(entered)}"
        return where if entered is innermost else f"{where}, in {_place(innermost)}"

    def _run(self) -> None:
        while batch := self._mailbox.take():
            for item in batch:
                try:
                    if not self._mailbox.discarded(item):
                        self._deliver(item)
                except Exception:
                    # A user's logging handler, or an exception that cannot be shown:
                    # whatever it is, the next callback is called.
                    logger.exception("%s: an event was not delivered", self._label)
                self._mailbox.handed_over()

    def _deliver(self, item: News) -> None:
        if isinstance(item, AssetUpdate):
            for handler in self._handlers.asset:
                self._call(handler, item)
        elif isinstance(item, StateChange):
            for handler in self._handlers.state:
                self._call(handler, item)
        else:
            self._report(item)

    def _report(self, error: AssetStreamError) -> None:
        """Hand an error to on_error, or log it: nothing dies in silence."""
        handlers = self._handlers.error
        for handler in handlers:
            self._call(handler, error)
        if not handlers:
            serious = error.fatal or isinstance(error, CallbackError)
            logger.log(
                logging.ERROR if serious else logging.WARNING,
                "%s: %s: %s",
                self._label,
                type(error).__name__,
                error,
                exc_info=error.__cause__ if isinstance(error, CallbackError) else None,
            )

    def _call(self, handler: Handler, item: News) -> None:
        self._handler = handler
        try:
            result = handler(item)
            if inspect.iscoroutine(result):
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


def _place(frame: FrameType) -> str:
    """The function and the line where it stands."""
    code = frame.f_code
    # Methods with their class, where Python (3.11) tells it.
    name = getattr(code, "co_qualname", code.co_name)
    return f'{name}, file "{code.co_filename}", line {frame.f_lineno}'


def _shown(exc: Exception) -> str:
    """An exception in words; its ``str`` is the user's code, and may raise."""
    try:
        return f"{type(exc).__name__}: {exc}"
    except Exception:
        return type(exc).__name__
