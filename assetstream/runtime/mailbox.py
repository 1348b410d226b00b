"""Queues between the session's thread and the threads that want its news.

``CallbackMailbox``  one per stream, for the callbacks: bounded, folding (D1).
``WatchQueue``       one per iterator, ``expect`` or wait: complete, never folding (D2).
"""

from __future__ import annotations

import threading
from collections import deque
from queue import SimpleQueue
from typing import Sequence, Union

import msgspec

from assetstream.errors import AssetStreamError, StreamStateError
from assetstream.events import AssetUpdate, Source, StateChange
from assetstream.runtime import clock
from assetstream.runtime.waiting import Deadline, Latch, patient_get

__all__ = ["CallbackMailbox", "End", "News", "WatchQueue"]

#: Everything a handler can be called with.
News = Union[AssetUpdate, StateChange, AssetStreamError]

#: Items handed to the callback thread at once: one lock for many of them.
BATCH = 64


class CallbackMailbox:
    """Keeps news in order for the callback thread; folds updates past its bound.

    A full mailbox keeps the latest update per currency, with the oldest ``previous``
    and the number of updates it stands for. It never folds across a state change or an
    error, and never drops one (D1).

    Args:
        max_pending: updates kept apart before folding begins.
    """

    def __init__(self, max_pending: int) -> None:
        self._max_pending = max_pending
        # Shared by the session's and the callback thread only, never by public reads.
        self._lock = threading.Lock()
        self._items: deque[News] = deque()
        # Updates past the bound, newest last; they come after all of _items.
        self._overflow: dict[str, AssetUpdate] = {}
        self._in_hand = 0
        self._hungry = False
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._closed = False
        #: Set by ``stop()``, from any thread: no update is handed over any more.
        self.discarding = False
        #: Updates folded into newer ones.
        self.folded = 0
        #: Updates left undelivered by ``discard_updates``.
        self.dropped = 0
        #: Since when nothing was handed over, seconds of ``clock.now``; it means
        #: something while anything is pending.
        self.waiting_since = clock.now()

    @property
    def pending(self) -> int:
        """News not yet handed to a callback."""
        return len(self._items) + len(self._overflow) + self._in_hand

    def put(self, news: Sequence[News]) -> None:
        """Add news in order; from the session's thread."""
        with self._lock:
            if not self.pending:
                self.waiting_since = clock.now()
            for item in news:
                if not isinstance(item, AssetUpdate):
                    self._spill()
                    self._items.append(item)
                elif self._overflow or self._full():
                    self._fold(item)
                else:
                    self._items.append(item)
            hungry, self._hungry = self._hungry, False
        if hungry:
            self._wake.put(None)

    def take(self) -> list[News]:
        """Wait for the next news; an empty list means that no more will come."""
        while True:
            with self._lock:
                self._in_hand = 0
                if not self._items:
                    self._spill()
                batch = [
                    self._items.popleft() for _ in range(min(BATCH, len(self._items)))
                ]
                if batch or self._closed:
                    self._in_hand = len(batch)
                    return batch
                self._hungry = True
            self._wake.get()

    def handed_over(self) -> None:
        """One item of the batch was given to its callbacks; by the callback thread."""
        self._in_hand -= 1
        self.waiting_since = clock.now()

    def discarded(self, item: News) -> bool:
        """Tell whether an item of the batch in hand is not to be delivered any more."""
        if self.discarding and isinstance(item, AssetUpdate):
            self.dropped += 1
            return True
        return False

    def discard_updates(self) -> None:
        """Leave every undelivered update undelivered; ``stop()`` asked for it."""
        with self._lock:
            kept = [i for i in self._items if not isinstance(i, AssetUpdate)]
            self.dropped += len(self._items) - len(kept) + len(self._overflow)
            self._items = deque(kept)
            self._overflow.clear()
            self.discarding = True

    def close(self) -> None:
        """No more news will come; what is here is still delivered."""
        with self._lock:
            self._closed = True
        self._wake.put(None)

    def _full(self) -> bool:
        return len(self._items) + self._in_hand >= self._max_pending

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
    """The last item of a watch: the stream is over, for this reason."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class WatchQueue:
    """Every update and state change from one moment on, for one waiting thread.

    The session fills it in the step that changes the book (W2), so it shows the order
    in which the book changed.
    """

    def __init__(self, limit: int, *, with_book: bool = False) -> None:
        self._limit = limit
        self._queue: SimpleQueue[AssetUpdate | StateChange | End] = SimpleQueue()
        #: Begin with the present book as SNAPSHOT updates.
        self.with_book = with_book
        #: Set when it has joined: what happens from then on is put in.
        self.joined = Latch()
        self._over = False
        # Changes put in, and taken out; each written by one thread only.
        self._put = 0
        self._taken = 0

    def put(self, item: AssetUpdate | StateChange | End) -> None:
        """Add an item; from the session's thread."""
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
                    "exchange and was ended, for nothing may be left out of it; take "
                    "its updates faster, or use on_asset, which folds"
                )
            )
        self._queue.put(item)

    def get(self, deadline: Deadline) -> AssetUpdate | StateChange | End:
        """Take the next item.

        Raises:
            queue.Empty: the deadline came first.
        """
        item = patient_get(self._queue, deadline)
        self._taken += _is_change(item)
        return item


def _is_change(item: object) -> bool:
    return isinstance(item, AssetUpdate) and item.source is not Source.SNAPSHOT
