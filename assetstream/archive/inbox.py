"""Events that wait to be written: bounded, and folding where it is full (H2)."""

from __future__ import annotations

import threading
from collections import deque
from typing import Callable, NamedTuple, Sequence

from assetstream.model.events import AssetUpdate, StateChange
from assetstream.runtime.loop import clock
from assetstream.runtime.mailbox import CallbackMailbox

__all__ = [
    "BATCH",
    "DatedChange",
    "Event",
    "Fold",
    "Inbox",
    "QueuedEvents",
    "StreamSink",
    "Taken",
]

#: Steps whose events are written at once.
BATCH = 2_000
#: Steps whose events wait one by one, in some 75 MB; beyond, those of a currency fold.
MOST = 100_000
#: So many are written though more are coming fast.
MANY = 90_000


class DatedChange(StateChange, frozen=True):
    """A change of state that waits among folded ones, and must not lose its time.

    Attributes:
        at: seconds since 1970.
    """

    at: float = 0.0


class Fold(NamedTuple):
    """Tells that the events before it stand for others as well.

    Attributes:
        since: when the first of them was put in; seconds since 1970.
        others: how many.
    """

    since: float
    others: int


#: All that a sink is given.
Event = AssetUpdate | StateChange
#: Events of one stream, from one step or folded from many: its sink, when they were put
#: in, or the last of them, in seconds since 1970; and the events in order, or none: the
#: stream has ended. A plain tuple, for one is made at every push.
QueuedEvents = tuple["StreamSink", float, Sequence[Event | Fold]]


class Taken(NamedTuple):
    """Events that are to be written next.

    Attributes:
        entries: in the order in which they were put in.
        until: everything that was put in before is in it, or was taken earlier.
    """

    entries: list[QueuedEvents]
    until: float


class Overflow:
    """Events of one stream for which there was no room."""

    def __init__(self, since: float) -> None:
        self.since = self.at = since
        self.ended = False
        # Without room of its own: it folds from the first event on.
        self.mailbox = CallbackMailbox(0)

    def entries(self, sink: StreamSink) -> list[QueuedEvents]:
        """Return what it holds, in order."""
        events: list[Event | Fold] = []
        while batch := self.mailbox.take():
            events += [e for e in batch if isinstance(e, (AssetUpdate, StateChange))]
        if self.mailbox.folded:
            events.append(Fold(self.since, self.mailbox.folded))
        found: list[QueuedEvents] = [(sink, self.at, events)] if events else []
        return [*found, (sink, self.at, ())] if self.ended else found


class Inbox:
    """Keeps events in order for the one thread that writes them.

    Any number of reader threads fill it, and never wait: while there is room each of
    them appends to one queue, which takes no lock.

    Args:
        first: called when there is something, once after each ``arm``.
        full: called when there are ``MANY`` entries.
    """

    def __init__(self, first: Callable[[], None], full: Callable[[], None]) -> None:
        self._first, self._full = first, full
        self._entries: deque[QueuedEvents] = deque()
        # Of what has no room; held for a few steps only.
        self._lock = threading.Lock()
        self._overflow: dict[StreamSink, Overflow] = {}
        self._folded = 0
        # There is an overflow, which what comes must stand behind; or it is closed.
        self._tight = self._closed = False
        self._armed = False

    @property
    def waiting(self) -> int:
        """Steps whose events wait, but for those that had no room."""
        return len(self._entries)

    @property
    def pending(self) -> int:
        """Events that wait."""
        waiting = sum(len(events) for _, _, events in self._entries.copy())
        with self._lock:
            over = self._overflow.values()
            return waiting + sum(each.mailbox.pending for each in over)

    @property
    def folded(self) -> int:
        """Events that newer ones stand for."""
        with self._lock:
            over = self._overflow.values()
            return self._folded + sum(each.mailbox.folded for each in over)

    @property
    def empty(self) -> bool:
        """True if nothing waits."""
        return not self._entries and not self._overflow

    @property
    def full(self) -> bool:
        """True if there is hardly room, or none; what is closed has none."""
        return self._tight or len(self._entries) >= MANY

    def arm(self) -> None:
        """Have ``first`` called when there is something, or now if there is."""
        self._armed = True
        # Looked at afterwards: what was put in before has not rung.
        if not self.empty:
            self._ring()

    def close(self) -> None:
        """Take nothing any more; what is here can still be taken."""
        self._closed = self._tight = True

    def put(self, sink: StreamSink, events: Sequence[Event]) -> bool:
        """Add events, or with none the end of a stream; False: no more are wanted.

        Called at every push: hence without detours.
        """
        waiting = len(self._entries)
        if waiting >= MOST or self._tight:
            return self._put_tightly(sink, events)
        self._entries.append((sink, clock.wall(), events))
        if self._armed:
            self._ring()
        elif waiting == MANY:
            self._full()
        return True

    def take(self) -> Taken:
        """Take the next entries, ``BATCH`` of them at most, or what is there.

        What has overflowed comes behind all that had room, and is taken with the last
        of that.
        """
        with self._lock:
            until = clock.wall()
            count = len(self._entries)
            overflow: dict[StreamSink, Overflow] = {}
            if count <= BATCH:
                overflow, self._overflow = self._overflow, overflow
                self._folded += sum(each.mailbox.folded for each in overflow.values())
                # What a thread puts in from now on comes behind what it had to put
                # there, for what had room before has been counted.
                self._tight = self._closed
        entries = [self._entries.popleft() for _ in range(min(count, BATCH))]
        for sink, each in overflow.items():
            entries += each.entries(sink)
        return Taken(entries, until if count <= BATCH else entries[-1][1])

    def _put_tightly(self, sink: StreamSink, events: Sequence[Event]) -> bool:
        """Fold events, for there is no room."""
        with self._lock:
            if self._closed:
                return False
            at = clock.wall()
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
            self._tight = True
        if self._armed:
            self._ring()
        return True

    def _ring(self) -> None:
        self._armed = False
        self._first()


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
        # It is known whose account it is; of a remote stream that comes later.
        self._named = False

    def begin(self, items: Sequence[Event]) -> None:
        """Take the book, and then the state: what is LIVE has its balances."""
        self.put((*items[1:], items[0]), 0)

    def put(self, items: Sequence[Event], step: int) -> bool:
        """Take what happened."""
        if not self._named:
            items = [item for item in items if item.exchange]
            self._named = bool(items)
        # Of errors alone nothing is left, which would mean the end.
        if items and self.wanted:
            return self._inbox.put(self, items)
        return self.wanted

    def end(self, error: BaseException | None) -> None:
        """Take the end."""
        self._inbox.put(self, ())
