"""The latest of something, told on the callback threads."""

from __future__ import annotations

import logging
import threading
from typing import Callable, Generic, TypeVar

from assetstream.runtime.callbacks import Worker

__all__ = ["Teller"]

logger = logging.getLogger("assetstream")

T = TypeVar("T")


class Teller(Generic[T]):
    """Tells handlers the latest; what was overtaken meanwhile is left out.

    Args:
        post: has ``work`` called soon, by a callback thread.
        interrupted: called with a SystemExit or KeyboardInterrupt out of a handler.
    """

    def __init__(
        self,
        post: Callable[[Worker], None],
        interrupted: Callable[[BaseException], None],
    ) -> None:
        #: Replaced, never changed: one may leave while it is being called.
        self.handlers: tuple[Callable[[T], object], ...] = ()
        self._post = post
        self._interrupted = interrupted
        self._lock = threading.Lock()
        self._latest: list[T] = []
        self._idle = True

    def remove(self, handler: Callable[..., object]) -> None:
        """Remove a handler; one that is not there is no error."""
        self.handlers = tuple(h for h in self.handlers if h != handler)

    def tell(self, item: T) -> None:
        """This is the latest now; from any thread but a signal handler's."""
        if not self.handlers:
            return
        with self._lock:
            self._latest = [item]
            idle, self._idle = self._idle, False
        if idle:
            self._post(self)

    def work(self) -> bool:
        """Tell it; False if it was told before."""
        with self._lock:
            latest, self._latest = self._latest, []
            self._idle = not latest
        for item in latest:
            for handler in self.handlers:
                self._call(handler, item)
        return bool(latest)

    def _call(self, handler: Callable[[T], object], item: T) -> None:
        try:
            handler(item)
        except Exception:
            name = getattr(handler, "__qualname__", None) or repr(handler)
            logger.exception("handler %s raised", name)
        except BaseException as exc:  # SystemExit, KeyboardInterrupt
            self._interrupted(exc)
