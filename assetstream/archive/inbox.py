"""Events that wait to be written: bounded, and folding where it is full (H2)."""

from __future__ import annotations

import threading
from collections import deque
from typing import Callable, NamedTuple, Sequence

from assetstream.model.events import AssetUpdate, StateChange
from assetstream.runtime.loop import clock
from assetstream.runtime.mailbox import CallbackMailbox

__all__ = ["BATCH", "DatedChange", "Inbox", "QueuedEvents", "StreamSink", "Taken"]

#: Rows that are written at once.
BATCH = 2_000
#: Events that wait one by one; beyond, those of one currency fold.
MOST = 30_000

#: All that a sink is given.
Event = AssetUpdate | StateChange


class DatedChange(StateChange, frozen=True):
    """A change of state that waits among folded ones, and must not lose its time.

    Attributes:
        at: seconds since 1970.
    """

    at: float = 0.0


class QueuedEvents(NamedTuple):
    """Events of one stream, from one step or folded from many.

    Attributes:
        sink: the stream's.
        at: when they were put in, or the last of them; seconds since 1970.
        events: in order; none: the stream has ended.
        since: of folded ones: when the first was put in.
        folded: how many others they stand for.
    """

    sink: StreamSink
    at: float
    events: Sequence[Event]
    since: float = 0.0
    folded: int = 0


class Taken(NamedTuple):
    """Events that are to be written next.

    Attributes:
        entries: in the order in which they were put in.
        until: everything that was put in before is in it, or was taken earlier.
    """

    entries: Sequence[QueuedEvents]
    until: float


class Overflow:
    """The events of one stream for which there was no room."""

    def __init__(self, since: float) -> None:
        self.since = self.at = since
        self.ended = False
        # Without room of its own: it folds from the first event on.
        self.mailbox = CallbackMailbox(0)

    def entries(self, sink: StreamSink) -> list[QueuedEvents]:
        """Return what it holds, in order."""
        events: list[Event] = []
        while batch := self.mailbox.take():
            events += [e for e in batch if isinstance(e, (AssetUpdate, StateChange))]
        found = [QueuedEvents(sink, self.at, events, self.since, self.mailbox.folded)]
        return [*found, QueuedEvents(sink, self.at, ())] if self.ended else found


class Inbox:
    """Keeps events in order for the one thread that writes them.

    Any number of reader threads fill it, and never wait.

    Args:
        first: called when there is something after there was nothing.
        full: called when there are ``BATCH`` events.
    """

    def __init__(self, first: Callable[[], None], full: Callable[[], None]) -> None:
        self._first, self._full = first, full
        # Held for a few steps only: to append, or to take.
        self._lock = threading.Lock()
        self._entries: deque[QueuedEvents] = deque()
        self._waiting = 0
        self._overflow: dict[StreamSink, Overflow] = {}
        self._folded = 0
        #: Nothing is taken any more.
        self.closed = False

    @property
    def pending(self) -> int:
        """Events that wait."""
        with self._lock:
            over = self._overflow.values()
            return self._waiting + sum(each.mailbox.pending for each in over)

    @property
    def folded(self) -> int:
        """Events that newer ones stand for."""
        with self._lock:
            over = self._overflow.values()
            return self._folded + sum(each.mailbox.folded for each in over)

    def put(self, sink: StreamSink, events: Sequence[Event]) -> bool:
        """Add events, or with none the end of a stream; False: no more are wanted."""
        if self.closed:
            return False
        with self._lock:
            # In here: whoever takes knows that nothing older comes.
            at = clock.wall()
            before, after = self._waiting, self._waiting + len(events)
            first = not self._entries and not self._overflow
            if self._overflow or after > MOST:
                self._fold(sink, at, events)
            else:
                self._entries.append(QueuedEvents(sink, at, events))
                self._waiting = after
        if first:
            self._first()
        if before < BATCH <= after:
            self._full()
        return True

    def take(self) -> Taken:
        """Take the next events, about ``BATCH`` of them, or what is there."""
        with self._lock:
            taken: list[QueuedEvents] = []
            count = 0
            while self._entries and count < BATCH:
                entry = self._entries.popleft()
                count += len(entry.events)
                taken.append(entry)
            self._waiting -= count
            if self._entries:
                return Taken(taken, taken[-1].at)
            # What has overflowed comes behind all that had room.
            for sink, overflow in self._overflow.items():
                taken += overflow.entries(sink)
                self._folded += overflow.mailbox.folded
            self._overflow = {}
            return Taken(taken, clock.wall())

    def _fold(self, sink: StreamSink, at: float, events: Sequence[Event]) -> None:
        overflow = self._overflow.get(sink)
        if overflow is None:
            overflow = self._overflow[sink] = Overflow(at)
        overflow.at = at
        overflow.ended = overflow.ended or not events
        overflow.mailbox.put(
            [
                _dated(event, at) if isinstance(event, StateChange) else event
                for event in events
            ]
        )


def _dated(change: StateChange, at: float) -> DatedChange:
    return DatedChange(
        change.exchange,
        change.account,
        change.previous,
        change.current,
        change.reason,
        change.gap,
        change.folded,
        at,
    )


class StreamSink:
    """Takes the events of one stream for the inbox, in the step that made them (W2).

    Args:
        inbox: takes them on.

    Attributes:
        wanted: set to False by whoever wants no more.
    """

    with_book = True

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self.wanted = True

    def begin(self, items: Sequence[Event]) -> None:
        """Take the book, and then the state: what is LIVE has its balances."""
        self._inbox.put(self, (*items[1:], items[0]))

    def put(self, items: Sequence[Event], step: int) -> bool:
        """Take what happened."""
        # Of errors alone nothing is left, which would mean the end.
        if items:
            return self.wanted and self._inbox.put(self, items)
        return self.wanted

    def end(self, error: BaseException | None) -> None:
        """Take the end."""
        self._inbox.put(self, ())
