"""Iterators, ``expect`` and waits, in the caller's own thread (D2)."""

from __future__ import annotations

from queue import Empty
from types import AsyncGeneratorType, CoroutineType, GeneratorType, TracebackType
from typing import Callable, Iterator

from assetstream.model.errors import (
    ConfigurationError,
    StreamStateError,
    StreamTimeout,
)
from assetstream.model.events import AssetUpdate, Source, StateChange
from assetstream.model.public import make_public
from assetstream.model.states import State
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.mailbox import End, Subscription
from assetstream.runtime.stream_run import StreamRun

__all__ = ["Expectation", "Predicate", "Subscriber", "Updates", "answer"]

Predicate = Callable[[AssetUpdate], object]

#: A subscriber may fall this many times ``max_pending`` updates behind (D2).
MOST_BEHIND = 10
#: The session answers within this, seconds, unless the machine is overloaded.
JOIN_TIME = 0.1
#: Seconds until a condition is looked at again though nothing has happened.
PAUSE = 0.1


def answer(name: str, result: object) -> object:
    """Return the answer of a user's predicate, or refuse what is none.

    A lambda may return a coroutine or a generator, which would count as true.
    """
    if isinstance(result, (CoroutineType, GeneratorType, AsyncGeneratorType)):
        if isinstance(result, CoroutineType):
            result.close()  # else Python warns that nobody has awaited it
        raise ConfigurationError(
            f"{name} returned a {type(result).__name__}, which nobody runs",
            remedy="Let it return True or False.",
        )
    return result


class Subscriber:
    """One waiting thread's subscription to the events of one stream."""

    #: There is nothing to close: it was done, or the subscription has not begun.
    _closed = True

    def __init__(self, run: StreamRun, *, with_book: bool = False) -> None:
        self._run = run
        self._engine = engine = run.started()
        limit = MOST_BEHIND * run.settings.max_pending
        self._subscription = Subscription(limit, with_book=with_book)
        self._label = run.account
        self._closed = False
        engine.subscribe(self._subscription)
        try:
            # So that what is known already is there to take, by a timeout of 0 too.
            self._subscription.begun.wait(Deadline(JOIN_TIME))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the subscription; idempotent."""
        if not self._closed:
            self._closed = True
            self._engine.unsubscribe(self._subscription)

    def __del__(self) -> None:
        # A ``for`` loop left by ``break`` has nobody else to close its iterator, nor
        # has a block of ``expect`` that was never left (D2).
        self.close()

    def take(
        self, timeout: float | None, deadline: Deadline, what: str
    ) -> AssetUpdate | StateChange | End:
        """Take the next item.

        Raises:
            StreamTimeout: the deadline came first; the text names ``what``.
            StreamStateError: called inside a callback, which would wait for itself, or
                in a forked child, where nothing comes.
        """
        self.refuse_in_callback(what)
        try:
            return self._subscription.get(deadline)
        except Empty:
            raise self._timed_out(timeout, what) from self._engine.error

    def until_live(self, timeout: float | None) -> None:
        """Wait until the stream is LIVE.

        Raises:
            StreamTimeout: it took longer than ``timeout`` seconds.
            AssetStreamError: the stream failed, with its reason.
            StreamStateError: the stream was stopped.
        """
        deadline = Deadline(timeout)
        what = "the stream to be LIVE"
        while True:
            item = self.take(timeout, deadline, what)
            if isinstance(item, End):
                raise self.ended(item, what)
            if isinstance(item, StateChange) and item.current is State.LIVE:
                return

    def until(
        self, predicate: Predicate, timeout: float | None, *, snapshots: bool, what: str
    ) -> AssetUpdate:
        """Wait for the next update that meets ``predicate``.

        Raises as ``until_live``.
        """
        deadline = Deadline(timeout)
        while True:
            item = self.take(timeout, deadline, what)
            if isinstance(item, End):
                raise self.ended(item, what)
            if not isinstance(item, AssetUpdate):
                continue
            if item.source is Source.SNAPSHOT and not snapshots:
                continue
            if answer("predicate", predicate(item)):
                return item

    def until_met(
        self,
        met: Callable[[], bool],
        timeout: float | None,
        deadline: Deadline,
        what: str,
        detail: Callable[[], str] = lambda: "",
    ) -> None:
        """Wait until ``met`` returns True, which may be so already.

        It is asked after whatever happens to the stream, and ten times a second: a
        doubt that ends is no event, nor is an age.

        Args:
            met: called in this thread.
            timeout: seconds, for the text of the error.
            deadline: when they are over.
            what: is waited for.
            detail: says what is missing, for that text.

        Raises as ``until_live``.
        """
        self.refuse_in_callback(what)
        while not met():
            try:
                item = self._subscription.get(Deadline(min(PAUSE, deadline.left())))
            except Empty:
                if deadline.left() == 0.0:
                    raise self._timed_out(timeout, what, detail()) from (
                        self._engine.error
                    )
                continue
            if isinstance(item, End):
                raise self.ended(item, what)
            self.forget(what)

    def forget(self, what: str = "an update") -> None:
        """Drop what has come so far, but for the end of the stream."""
        while True:
            try:
                item = self._subscription.get(Deadline(0))
            except Empty:
                return
            if isinstance(item, End):
                raise self.ended(item, what)

    def refuse_in_callback(self, what: str) -> None:
        """Raise StreamStateError where ``what`` would never come."""
        self._run.lifecycle.refuse_in_child()
        self._run.lifecycle.refuse_in_callback(f"waiting for {what}")

    def _timed_out(
        self, timeout: float | None, what: str, detail: str = ""
    ) -> StreamTimeout:
        error = self._engine.error
        words = [
            f"waited {timeout or 0:g} s for {what}",
            f"the stream was {self._engine.state}"
            + (f", its last error: {error.problem}" if error else ""),
            detail,
        ]
        return StreamTimeout(
            "; ".join(filter(None, words)),
            remedy=error.remedy if error else "",
            exchange=self._run.origin.name,
            account=self._label,
        )

    def ended(self, end: End, what: str) -> BaseException:
        """Say why a wait for ``what`` cannot be fulfilled."""
        if end.error is not None:
            # Raised again and again it would gather tracebacks.
            return end.error.with_traceback(None)
        return StreamStateError(
            f"the stream was stopped while waiting for {what}",
            exchange=self._run.origin.name,
            account=self._label,
        )


class Updates(Iterator[AssetUpdate]):
    """All updates of one stream, taken by one thread; it begins with the present book.

    It is made by ``AssetStream.updates``. The iteration ends when the stream is
    stopped, and raises its error when it fails. ``close()`` it, or leave the ``with``
    block, when no more are wanted.
    """

    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber
        self._over = False

    def __iter__(self) -> Updates:
        return self

    def __next__(self) -> AssetUpdate:
        update = self._take(None)
        if update is None:
            raise StopIteration
        return update

    def get(self, timeout: float | None = None) -> AssetUpdate:
        """Take the next update.

        Args:
            timeout: seconds to wait; None for ever, 0 not at all.

        Raises:
            StreamTimeout: none came in time.
            StreamStateError: the stream was stopped, or this iterator closed; or it
                would wait for itself inside a callback.
            AssetStreamError: the stream failed, with its reason.
        """
        update = self._take(timeout)
        if update is None:
            raise self._subscriber.ended(End(None), "an update")
        return update

    def close(self) -> None:
        """Take no more updates; idempotent."""
        self._over = True
        self._subscriber.close()

    def __enter__(self) -> Updates:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _take(self, timeout: float | None) -> AssetUpdate | None:
        deadline = Deadline(timeout)
        while not self._over:
            item = self._subscriber.take(timeout, deadline, "the next update")
            if isinstance(item, End):
                self._over = True
                if item.error is not None:
                    raise self._subscriber.ended(item, "the next update")
            elif isinstance(item, AssetUpdate):
                return item
        return None


class Expectation:
    """A block whose effect is awaited; made by ``AssetStream.expect``.

    Attributes:
        update: the update that met the condition, once the block is left.
    """

    update: AssetUpdate

    def __init__(
        self,
        subscribe: Callable[[], Subscriber],
        predicate: Predicate,
        timeout: float | None,
    ) -> None:
        self._subscribe = subscribe
        self._predicate = predicate
        self._timeout = timeout
        self._subscriber: Subscriber | None = None

    def __enter__(self) -> Expectation:
        self._subscriber = self._subscribe()
        try:
            self._subscriber.until_live(self._timeout)
            # What came before the block cannot be its effect.
            self._subscriber.forget()
        except BaseException:
            self._subscriber.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        subscriber = self._subscriber
        assert subscriber is not None
        try:
            if kind is None:
                self.update = subscriber.until(
                    self._predicate,
                    self._timeout,
                    snapshots=False,
                    what="the expected update",
                )
        finally:
            subscriber.close()


make_public(Expectation, Updates)
