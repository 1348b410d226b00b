"""One reader thread, and the streams that run on it."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Callable
from weakref import WeakValueDictionary

from assetstream.runtime.loop.call_queue import CallQueue
from assetstream.runtime.loop.deadlines import HasDeadline
from assetstream.runtime.loop.log import guard_this_thread
from assetstream.runtime.loop.reader import Reader
from assetstream.runtime.places import Place, ReaderQueue

__all__ = ["ReaderThread"]

#: Fails a stream by a fault of ours, and leaves nothing of it running.
Fail = Callable[[BaseException], None]


class ReaderThread:
    """Runs many streams on one thread, which owns their sockets and sessions.

    A stream is known here by its owner: what the reader calls when a deadline has
    passed.

    Args:
        name: of the thread.
        left: called when a stream has left, in whichever thread ended it.

    Attributes:
        calls: how other threads reach this one.
        reader: serves sockets and deadlines; for calls from this thread only.
    """

    def __init__(self, name: str, left: Callable[[], None]) -> None:
        self.calls = CallQueue()
        self.reader = Reader(self.calls, self._fault)
        # By their owners, those that have not left; each use is one atomic step.
        self._streams: dict[HasDeadline, Fail] = {}
        self._left = left
        # Kept by the sessions that use them.
        self._queues: WeakValueDictionary[Place, ReaderQueue] = WeakValueDictionary()
        self._open = True
        self._over = False
        # A daemon: streams do not keep the process alive. It ends by close().
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    # From any thread.

    @property
    def open(self) -> bool:
        """True while streams may be added."""
        return self._open

    @property
    def streams(self) -> int:
        """The number of streams that run here, or are about to."""
        return len(self._streams)

    def queue(self, place: Place) -> ReaderQueue:
        """Return the part of a place's queue that is watched here."""
        queue = self._queues.get(place)
        if queue is None:
            # Should two threads come here at once, there are two: both are watched.
            self._queues[place] = queue = ReaderQueue(place, self.reader)
        return queue

    def add(self, owner: HasDeadline, fail: Fail) -> bool:
        """Add a stream; False if it comes too late.

        Args:
            owner: of the stream.
            fail: called in this thread if something raised, the loop itself or what it
                called for this stream.
        """
        self._streams[owner] = fail
        # Looked at after adding it: shut() cannot fall in between unseen.
        if not self._open:
            self.leave(owner)
            return False
        return True

    def has(self, owner: HasDeadline) -> bool:
        """Return True if that stream was added, and has not left."""
        return owner in self._streams

    def leave(self, owner: HasDeadline) -> None:
        """Forget a stream that has ended, or could not begin."""
        self._streams.pop(owner, None)
        self._left()

    def shut(self) -> None:
        """Take no more streams; those that there are run on."""
        self._open = False

    def close(self) -> None:
        """End the thread; for when every stream has left."""
        self._open = False
        self.calls.post(self._end)
        if self.thread.ident is None:  # it never ran, or will find that it is over
            self._over = True
            self._release()

    # In this thread.

    def _end(self) -> None:
        self._over = True

    def _run(self) -> None:
        guard_this_thread(reader=True)
        try:
            while not self._over:
                self.reader.turn()
        except BaseException as error:
            self._open = False
            for fail in tuple(self._streams.values()):
                with suppress(Exception):
                    fail(error)
            with suppress(Exception):
                self.calls.run()  # subscriptions receive the end
        finally:
            self._release()

    def _release(self) -> None:
        self.reader.close()
        self.calls.close()

    def _fault(self, owner: HasDeadline, error: Exception) -> None:
        fail = self._streams.get(owner)
        if fail is None:
            raise error
        fail(error)
