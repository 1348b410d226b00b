"""The threads of one stream or of many.

===========================  =======================================================
assetstream-LABEL-reader     owns the sockets and sessions; see ``reader_thread``
assetstream-LABEL-helper-N   makes a handshake or a REST call; see ``loop.helpers``
assetstream-LABEL-callbacks  calls the user's handlers; see ``loop.callback_threads``
===========================  =======================================================
"""

from __future__ import annotations

import selectors
import threading
from typing import Callable

from assetstream.runtime.loop.waits import (
    Deadline,
    OneShotEvent,
    join_interruptibly,
)
from assetstream.runtime.reader_thread import ReaderThread
from assetstream.runtime.resources import SharedResources

__all__ = ["ThreadSet"]

#: Streams of one reader: without a limit where the system has a scalable selector;
#: select(), all that Windows has, takes 512 sockets there and 1,024 elsewhere.
SELECT_STREAMS = 400


def most_streams() -> int | None:
    """The most streams that one reader can serve here; None: any number."""
    plain = issubclass(selectors.DefaultSelector, selectors.SelectSelector)
    return SELECT_STREAMS if plain else None


def _nothing() -> None: ...


class ThreadSet:
    """The threads of one stream, or of all streams of a group.

    Every method may be called from any thread. A lock is held while a reader is started
    and while a stream leaves; it is reentrant, for a signal handler that stops streams
    may come in between.

    Args:
        label: names the threads.
        workers: callback threads.
        emptied: called once, after ``stop`` and when every stream has ended: the last
            moment at which callbacks may be posted.
        sockets: each stream has a socket of its own, and a reader serves so many.

    Attributes:
        shared: what the streams share.
        released: set after ``stop``, when every stream has ended: the threads end.
    """

    def __init__(
        self,
        label: str,
        workers: int = 1,
        emptied: Callable[[], None] = _nothing,
        *,
        sockets: bool = True,
    ) -> None:
        self._sockets = sockets
        self._label = f"assetstream-{label}"
        self.shared = SharedResources(self._label, workers)
        self.released = OneShotEvent()
        self._emptied = emptied
        self._readers: list[ReaderThread] = []
        self._stopping = False
        self._lock = threading.RLock()

    def start(self) -> None:
        """Start the callback threads; readers and helpers start when needed.

        Raises:
            RuntimeError: no thread could be made.
        """
        self.shared.callbacks.start()

    def reader_thread(self) -> ReaderThread | None:
        """Return a reader with room for one more stream; None after ``stop``.

        Raises:
            OSError, RuntimeError: no reader had room, and none could be made.
        """
        with self._lock:
            if self._stopping:
                return None
            most = most_streams() if self._sockets else None
            for reader in self._readers:
                if reader.open and (most is None or reader.streams < most):
                    return reader
            name, number = f"{self._label}-reader", len(self._readers) + 1
            reader = ReaderThread(
                name if number == 1 else f"{name}-{number}", self._release_if_empty
            )
            self._readers.append(reader)
            try:
                reader.thread.start()
            except RuntimeError:
                self._readers.remove(reader)
                reader.close()
                raise
            return reader

    def stop(self) -> None:
        """Take no more streams; all threads end when those that run have ended."""
        with self._lock:
            self._stopping = True
            for reader in self._readers:
                reader.shut()
            self._release_if_empty()

    @property
    def threads(self) -> list[threading.Thread]:
        """All threads, those that have not yet begun or just ended included."""
        readers = [reader.thread for reader in self._readers]
        shared = self.shared
        return [*readers, *shared.helpers.threads, *shared.callbacks.threads]

    def join(self, deadline: Deadline) -> bool:
        """Wait until all threads have ended; False if one has not in time."""
        if not self.released.wait(deadline):
            return False
        return all([join_interruptibly(thread, deadline) for thread in self.threads])

    def _release_if_empty(self) -> None:
        with self._lock:
            if not self._stopping or self.released.happened:
                return
            if any(reader.streams for reader in self._readers):
                return
            self._emptied()
            self.shared.close()
            for reader in self._readers:
                reader.close()
            self.released.set()
