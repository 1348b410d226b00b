"""Queues between the reader thread and the threads that take its events.

``CallbackMailbox``  one per stream, for the callbacks: bounded, folding (D1).
``Subscription``     one per iterator, ``expect`` or wait: complete, never folding (D2).
"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Callable, Sequence

import msgspec

from assetstream.model.errors import StreamStateError
from assetstream.model.events import AssetUpdate, Event, Source, StateChange
from assetstream.runtime.loop.waits import Deadline, OneShotEvent, get_interruptibly

__all__ = ["CallbackMailbox", "End", "Subscription"]

#: Items handed to a callback thread at once: one lock for many of them.
BATCH = 128


class CallbackMailbox:
    """Keeps events in order for the callbacks; folds updates past its bound.

    A full mailbox keeps the latest update per currency, with the oldest ``previous``
    and the number of updates it stands for. It never folds across a state change or an
    error, and never drops one (D1).

    Filled by the reader thread, emptied by one callback thread at a time.

    Args:
        max_pending: updates kept apart before folding begins.

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
        self._items: list[Event] = []
        # Updates past the bound, newest last; they come after all of _items.
        self._overflow: dict[str, AssetUpdate] = {}
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

    def put(self, events: Sequence[Event]) -> None:
        """Add events in order; from the reader thread."""
        with self._lock:
            # What has overflowed comes first, though there be room again.
            if not self._overflow and self.pending + len(events) <= self._max_pending:
                self._items += events
            else:
                self._put_tightly(events)
            idle, self._idle = self._idle, False
        if idle:
            self.wake()

    def take(self) -> list[Event]:
        """Take the next events, without waiting; an empty list if there is none now."""
        with self._lock:
            self._taken = self.delivered
            if not self._items:
                self._spill()
            batch = self._items[:BATCH]
            del self._items[:BATCH]
            self._taken += len(batch)
            self._idle = not batch
            self.over = self._closed and not batch
            return batch

    def discard_updates(self) -> None:
        """Leave every undelivered update undelivered; ``stop()`` asked for it."""
        with self._lock:
            kept: list[Event] = [
                item for item in self._items if not isinstance(item, AssetUpdate)
            ]
            self.dropped += len(self._items) - len(kept) + len(self._overflow)
            self._items = kept
            self._overflow.clear()
            self.discarding = True

    def close(self) -> None:
        """No more events will come; what is here is still delivered."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, False
        if idle:
            self.wake()

    def _put_tightly(self, events: Sequence[Event]) -> None:
        """Add events of which some find no room, or come behind what found none."""
        for item in events:
            if not isinstance(item, AssetUpdate):
                self._spill()
                self._items.append(item)
            elif self._overflow or self.pending >= self._max_pending:
                self._fold(item)
            else:
                self._items.append(item)

    def _fold(self, update: AssetUpdate) -> None:
        older = self._overflow.pop(update.currency, None)
        if older is not None:
            self.folded += 1
            update = msgspec.structs.replace(
                update,
                previous=older.previous,
                folded=older.folded + update.folded + 1,
            )
        self._overflow[update.currency] = update

    def _spill(self) -> None:
        """Let what comes next come after the folded updates."""
        self._items.extend(self._overflow.values())
        self._overflow.clear()


class End:
    """Last item of a subscription: the reason why the stream is over."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Subscription:
    """Every update and state change from one moment on, for one waiting thread.

    The session fills it in the step that changes the book (W2), so it shows the order
    in which the book changed.
    """

    def __init__(self, limit: int, *, with_book: bool = False) -> None:
        self._limit = limit
        self._queue: SimpleQueue[AssetUpdate | StateChange | End] = SimpleQueue()
        #: Begin with the present book as SNAPSHOT updates.
        self.with_book = with_book
        #: Set when it has begun: what happens from then on is put in.
        self.begun = OneShotEvent()
        self._over = False
        # Changes put in, and taken out; each written by one thread only.
        self._put = 0
        self._taken = 0

    def put(self, item: AssetUpdate | StateChange | End) -> None:
        """Add an item; from the reader thread."""
        if self._over:
            return
        self._over = isinstance(item, End)
        # What is there from the beginning is no sign of a slow reader.
        self._put += _is_change(item)
        if not self._over and self._put - self._taken > self._limit:
            self._over = True
            item = End(
                StreamStateError(
                    f"an iterator or wait fell {self._limit} updates behind the "
                    "exchange and was ended, for nothing may be left out of it",
                    remedy="Take its updates faster, or use on_asset, which folds.",
                )
            )
        self._queue.put(item)

    def get(self, deadline: Deadline) -> AssetUpdate | StateChange | End:
        """Take the next item.

        Raises:
            queue.Empty: the deadline came first.
        """
        item = get_interruptibly(self._queue, deadline)
        self._taken += _is_change(item)
        return item


def _is_change(item: object) -> bool:
    return isinstance(item, AssetUpdate) and item.source is not Source.SNAPSHOT
