"""The latest of something, told on the callback threads."""

from __future__ import annotations

import logging
import threading
from typing import Callable, Generic, TypeVar

from assetstream.runtime.loop.stack import where

__all__ = ["LatestValueDispatcher"]

logger = logging.getLogger("assetstream")

T = TypeVar("T")


class LatestValueDispatcher(Generic[T]):
    """Tells handlers the latest, if it is not what they heard last.

    What is overtaken before its turn comes is left out. It is served by
    ``CallbackThreads``, and takes no lock: ``tell`` and ``close`` may interrupt each
    other in a signal handler.

    Args:
        latest: returns what is to be told; called by a callback thread.
        interrupted: called with a SystemExit or KeyboardInterrupt out of a handler.

    Attributes:
        handlers: replaced, never changed: one may leave while it is being called.
        wake: called when there is something to tell; set by whoever serves it.
        leave: called when everything was told after ``close``.
    """

    def __init__(
        self, latest: Callable[[], T], interrupted: Callable[[BaseException], None]
    ) -> None:
        self.handlers: tuple[Callable[[T], object], ...] = ()
        self.wake: Callable[[], None] = lambda: None
        self.leave: Callable[[], None] | None = None
        self._latest = latest
        self._interrupted = interrupted
        self._told: T | None = None
        self._changed = False
        self._closed = False
        # Who takes it out may wake, for nobody is to work: one atomic step.
        self._idle = [True]
        # The thread that calls, and whom it calls.
        self._thread: int | None = None
        self._handler: object = None

    def remove(self, handler: Callable[..., object]) -> None:
        """Remove a handler; one that is not there is no error."""
        self.handlers = tuple(h for h in self.handlers if h != handler)

    def tell(self) -> None:
        """It may have changed; from any thread or a signal handler."""
        if self.handlers:
            self._changed = True
            self._wake()

    def close(self) -> None:
        """Nothing will change any more; what has is still told."""
        self._closed = True
        self._wake()

    def work(self) -> bool:
        """Tell it; False if nothing has changed since the last time."""
        if self._changed:
            self._changed = False
            self._tell(self._latest())
            return True
        if self._closed:  # not idle any more, so nobody wakes it again
            if self.leave is not None:
                self.leave()
            return False
        self._idle.append(True)
        if self._changed or self._closed:  # since it was looked at
            self._wake()
        return False

    @property
    def calling(self) -> bool:
        """A handler is being called."""
        return self._thread is not None

    def where(self) -> str:
        """Say which handler runs and where it stands, for a log line."""
        return where(self._thread, LatestValueDispatcher._call.__code__, self._handler)

    def _wake(self) -> None:
        try:
            self._idle.pop()
        except IndexError:
            return
        self.wake()

    def _tell(self, item: T) -> None:
        if item == self._told:
            return
        self._told = item
        self._thread = threading.get_ident()
        for handler in self.handlers:
            self._handler = handler
            self._call(handler, item)
        self._thread = None

    def _call(self, handler: Callable[[T], object], item: T) -> None:
        try:
            handler(item)
        except Exception:
            name = getattr(handler, "__qualname__", None) or repr(handler)
            logger.exception("handler %s raised", name)
        except BaseException as exc:  # SystemExit, KeyboardInterrupt
            self._interrupted(exc)
