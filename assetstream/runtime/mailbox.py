"""Queues between the reader thread and the threads that take its events.

``CallbackMailbox``  one per stream, for the callbacks: bounded, folding (D1).
``Subscription``     one per iterator, ``expect`` or wait: complete, never folding (D2).
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Callable, Hashable, Protocol, Sequence

from msgspec.structs import replace

from assetstream.model.errors import AssetStreamError, StreamStateError
from assetstream.model.events import AssetUpdate, Event, Gap, StateChange
from assetstream.runtime.loop.log import Record
from assetstream.runtime.loop.waits import Deadline, OneShotEvent, get_interruptibly

__all__ = ["CallbackMailbox", "End", "Item", "Sink", "Subscription"]

#: Items handed to a callback thread at once: one lock for many of them.
BATCH = 128
#: Errors that may wait without being alike; beyond, those of one class count as alike.
MOST_ERRORS = 100
#: Key of the change of state that stands for all past the bound.
CHANGE = object()

#: What a callback thread is handed.
Item = Event | Record


class CallbackMailbox:
    """Keeps events in order for the callbacks; bounded, whatever comes (D1).

    Errors that are alike are one: the first that waits, which counts the others. Past
    the bound an update stands for the older ones of its currency, with the oldest
    ``previous``, and a change of state for the one before. An update is never folded
    across a change of state that is still delivered.

    Filled by the reader thread, emptied by one callback thread at a time.

    Args:
        max_pending: events kept apart before folding begins.

    Attributes:
        wake: called, in the reader thread, when there is an event (or the end) after
            ``take`` had found nothing; set once, before the first event.
        delivered: events that were handed to their callbacks; counted up by whoever
            took them, and so taken out of ``pending``.
    """

    def __init__(self, max_pending: int) -> None:
        self._max_pending = max_pending
        # Shared by the reader and the callback thread only, never by public reads.
        self._lock = threading.Lock()
        self._items: list[Item] = []
        # What is past the bound, in order; it comes after all of _items. The keys: an
        # update's currency; in a tuple, if it came before the change of state.
        self._overflow: dict[Hashable, Item] = {}
        # The errors that wait, by what they have in common.
        self._errors: dict[Hashable, AssetStreamError] = {}
        self._taken = 0
        self.delivered = 0
        # The last take() found nothing: whoever would take must be woken.
        self._idle = True
        self.wake: Callable[[], None] = lambda: None
        self._closed = False
        #: It was closed, and everything was taken.
        self.over = False
        #: Set by ``stop()``, from any thread: no update is handed over any more.
        self.discarding = False
        #: Updates folded into newer ones.
        self.folded = 0
        #: Updates left undelivered by ``discard_updates``.
        self.dropped = 0

    @property
    def pending(self) -> int:
        """Events not yet handed to their callbacks."""
        in_hand = self._taken - self.delivered
        return len(self._items) + len(self._overflow) + in_hand

    def put(self, items: Sequence[Item]) -> int:
        """Add items in order; from the reader thread. Return how many are pending."""
        with self._lock:
            # What has overflowed comes first, though there be room again.
            in_hand = self._taken - self.delivered
            pending = len(self._items) + in_hand + len(items)
            room = not self._overflow and pending <= self._max_pending
            for item in items:
                if room and type(item) is AssetUpdate:
                    self._items.append(item)
                else:
                    self._put_tightly(item)
            idle, self._idle = self._idle, False
            pending = len(self._items) + len(self._overflow) + in_hand
        if idle:
            self.wake()
        return pending

    def take(self) -> list[Item]:
        """Take the next items, without waiting; an empty list if there is none now."""
        with self._lock:
            self._taken = self.delivered
            if not self._items:
                self._spill()
            batch = self._items[:BATCH]
            del self._items[:BATCH]
            if self._errors:
                self._take_errors(batch)
            self._taken += len(batch)
            self._idle = not batch
            self.over = self._closed and not batch
            return batch

    def discard_updates(self) -> None:
        """Leave every undelivered update undelivered; ``stop()`` asked for it."""
        with self._lock:
            before = len(self._items) + len(self._overflow)
            self._spill()
            self._items = [
                item for item in self._items if not isinstance(item, AssetUpdate)
            ]
            self.dropped += before - len(self._items)
            self.discarding = True

    def close(self) -> None:
        """No more events will come; what is here is still delivered."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, False
        if idle:
            self.wake()

    def _put_tightly(self, item: Item) -> None:
        """Add an item that is no plain update with room for it."""
        full = bool(self._overflow) or self.pending >= self._max_pending
        if isinstance(item, AssetStreamError) and self._is_repeated(item):
            return
        if not full:
            self._items.append(item)
        elif isinstance(item, AssetUpdate):
            self._fold(item.currency, item)
        elif isinstance(item, StateChange):
            self._fold_change(item)
        else:
            self._overflow[object()] = item

    def _fold(self, key: Hashable, update: AssetUpdate) -> None:
        """Let an update stand for the older one of its key, too."""
        older = self._overflow.pop(key, None)
        if isinstance(older, AssetUpdate):
            self.folded += 1
            update = replace(
                update,
                previous=older.previous,
                folded=older.folded + update.folded + 1,
            )
        self._overflow[key] = update

    def _fold_change(self, change: StateChange) -> None:
        """Let a change stand for the one before, and come behind all that is here."""
        items, self._overflow = self._overflow, {}
        older = items.pop(CHANGE, None)
        for key, item in items.items():
            if isinstance(item, AssetUpdate):
                self._fold((item.currency,), item)
            else:
                self._overflow[key] = item
        if isinstance(older, StateChange):
            change = replace(
                change,
                previous=older.previous,
                gap=_joined(older.gap, change.gap),
                folded=older.folded + change.folded + 1,
            )
        self._overflow[CHANGE] = change

    def _is_repeated(self, error: AssetStreamError) -> bool:
        """Count an error with one that waits and is alike; False: it is the first."""
        key = _likeness(error)
        if key not in self._errors and len(self._errors) >= MOST_ERRORS:
            key = type(error), error.fatal
        first = self._errors.get(key)
        if first is None:
            self._errors[key] = error
            return False
        first.repeated += 1 if first is error else error.repeated + 1
        return True

    def _take_errors(self, batch: Sequence[Item]) -> None:
        """Count no error with one that waits no longer."""
        taken = set(map(id, batch))
        self._errors = {
            key: error for key, error in self._errors.items() if id(error) not in taken
        }

    def _spill(self) -> None:
        """Let what comes next come after the folded items."""
        self._items.extend(self._overflow.values())
        self._overflow.clear()


def _likeness(error: AssetStreamError) -> Hashable:
    """Return what errors have in common of which only the first is delivered (D1).

    Errors with another code, of another handler, or that call for another remedy are of
    another kind; and one that ends the stream is delivered, whatever came before it.
    """
    return (
        type(error),
        error.exchange,
        error.account,
        getattr(error, "currency", None),
        getattr(error, "code", None),
        id(getattr(error, "callback", None)),
        error.remedy,
        error.fatal,
    )


def _joined(one: Gap | None, other: Gap | None) -> Gap | None:
    """Return the time in which both gaps lie."""
    if one is None or other is None:
        return one or other
    return Gap(one.began, other.ended, one.recovered + other.recovered)


class End:
    """Last item of a subscription: the reason why the stream is over."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Sink(Protocol):
    """Takes every update and state change of one stream, in order (W2).

    It is called in the step that changed the book, so nothing it does may block.
    """

    @property
    def with_book(self) -> bool:
        """Begin with the present book as SNAPSHOT updates."""
        raise NotImplementedError

    def begin(self, items: Sequence[AssetUpdate | StateChange]) -> None:
        """Take the present state, and the book if that is wanted."""

    def put(self, items: Sequence[AssetUpdate | StateChange], step: int) -> bool:
        """Take what happened in a step; False: it wants no more."""
        raise NotImplementedError

    def end(self, error: BaseException | None) -> None:
        """Take the end: nothing comes any more; the error of one that failed."""


class Subscription:
    """Every update and state change from one moment on, for one waiting thread.

    The session fills it in the step that changes the book (W2), so it shows the order
    in which the book changed. One that is over takes no more: whoever fills it lets go
    of it at once (D2).

    Args:
        limit: events of earlier steps that may wait to be taken.
        with_book: as the attribute.

    Attributes:
        with_book: begin with the present book as SNAPSHOT updates.
        begun: set when it has begun: what happens from then on is put in.
    """

    def __init__(self, limit: int, *, with_book: bool = False) -> None:
        self._limit = limit
        # What is there from the beginning is no sign of a slow reader.
        self._most = limit
        self._queue: SimpleQueue[AssetUpdate | StateChange | End] = SimpleQueue()
        self.with_book = with_book
        self.begun = OneShotEvent()
        self._step = -1
        self._over = False

    def begin(self, items: Sequence[AssetUpdate | StateChange]) -> None:
        """Begin with these."""
        for item in items:
            self._queue.put(item)
        self._most += len(items)
        self.begun.set()

    def put(self, items: Sequence[AssetUpdate | StateChange], step: int) -> bool:
        """Add what happened; from the reader thread. False: it is over.

        Args:
            items: updates and changes, in order.
            step: number of the step in which it happened. Nobody can have taken what
                came in the same step, so that is not counted against the reader.
        """
        if self._over:
            return False
        if step != self._step:
            self._step = step
            if self._queue.qsize() > self._most:
                self.end(_too_slow(self._limit))
                return False
        for item in items:
            self._queue.put(item)
        return True

    def end(self, error: BaseException | None) -> None:
        """Let this be the last item."""
        if not self._over:
            self._over = True
            self._queue.put(End(error))
            self.begun.set()

    def get(self, deadline: Deadline) -> AssetUpdate | StateChange | End:
        """Take the next item.

        Raises:
            queue.Empty: the deadline came first.
        """
        return get_interruptibly(self._queue, deadline)


def _too_slow(limit: int) -> StreamStateError:
    return StreamStateError(
        f"an iterator or wait fell {limit} updates behind the exchange and was ended, "
        "for nothing may be left out of it",
        remedy="Take its updates faster, or use on_asset, which folds.",
    )
