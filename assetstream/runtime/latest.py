"""Handlers that are called with the latest value of something."""

from __future__ import annotations

import logging
import threading
from typing import Callable, Generic, TypeVar

from assetstream.runtime.loop.log import log
from assetstream.runtime.loop.permit import Permit
from assetstream.runtime.loop.registrations import Registrations
from assetstream.runtime.loop.stack import describe_stack, handler_name

__all__ = ["LatestValueDispatcher"]

T = TypeVar("T")


class LatestValueDispatcher(Generic[T]):
    """Calls handlers with the latest value, if it differs from the one before.

    Values that are overtaken before their turn are left out. ``CallbackThreads`` serve
    it. It takes no lock: ``changed`` and ``close`` may interrupt each other in a signal
    handler.

    Args:
        latest: returns the value; called by a callback thread.
        interrupted: called with a SystemExit or KeyboardInterrupt out of a handler.

    Attributes:
        handlers: one may leave while it is being called.
        wake: called when there is a value to deliver; set by whoever serves it.
        leave: called when everything was delivered after ``close``.
    """

    def __init__(
        self, latest: Callable[[], T], interrupted: Callable[[BaseException], None]
    ) -> None:
        self.handlers: Registrations[Callable[[T], object]] = Registrations()
        self.wake: Callable[[], None] = lambda: None
        self.leave: Callable[[], None] | None = None
        self._latest = latest
        self._interrupted = interrupted
        self._delivered: T | None = None
        self._changed = False
        self._closed = False
        # Held from a wake until ``work`` has found nothing to do: it is woken once.
        self._awake = Permit()
        # The thread that calls, and the handler that it calls.
        self._thread: int | None = None
        self._handler: object = None

    def changed(self) -> None:
        """Note that the value may have changed; from any thread or a signal handler."""
        if self.handlers:
            self._changed = True
            self._wake()

    def close(self) -> None:
        """End when the last change has been delivered."""
        self._closed = True
        self._wake()

    def work(self) -> bool:
        """Deliver the value; False if it has not changed since the last time."""
        if self._changed:
            self._changed = False
            self._deliver(self._latest())
            return True
        if self._closed:  # nothing wakes it again: the permit is not given back
            if self.leave is not None:
                self.leave()
            return False
        self._awake.give_back()
        if self._changed or self._closed:  # since it was looked at
            self._wake()
        return False

    @property
    def calling(self) -> bool:
        """True while a handler is being called."""
        return self._thread is not None

    def where(self) -> str:
        """Name the handler that runs and where it stands, for a log line."""
        caller = LatestValueDispatcher._call.__code__
        return describe_stack(self._thread, caller, self._handler)

    def _wake(self) -> None:
        if self._awake.take():
            self.wake()

    def _deliver(self, value: T) -> None:
        if value == self._delivered:
            return
        self._delivered = value
        self._thread = threading.get_ident()
        for handler in self.handlers.copy().values():
            self._handler = handler
            self._call(handler, value)
        self._thread = None

    def _call(self, handler: Callable[[T], object], value: T) -> None:
        try:
            try:
                handler(value)
            except Exception as exc:
                name = handler_name(handler)
                log(logging.ERROR, "handler %s raised", name, error=exc)
        except BaseException as exc:  # SystemExit, KeyboardInterrupt
            self._interrupted(exc)
