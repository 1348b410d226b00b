"""The threads that call user handlers."""

from __future__ import annotations

import threading
from functools import partial
from queue import SimpleQueue
from typing import Protocol, Sequence

from assetstream.runtime.dispatcher import Dispatcher

__all__ = ["CallbackThreads", "Worker"]


class Worker(Protocol):
    """Who has handlers to call."""

    def work(self) -> bool:
        """Call them for some of the news; False if there was none."""


class CallbackThreads:
    """A few threads for the handlers of any number of streams.

    A stream that has news stands in one queue, and goes to its end after each batch: so
    one that has much to tell does not keep others waiting, and no stream is served by
    two threads at a time (D1).

    Args:
        names: of the threads, one each.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._ready: SimpleQueue[Worker | None] = SimpleQueue()
        # Those that have not finished; all uses are atomic steps.
        self._served: set[Dispatcher] = set()
        self._ending = False
        # Daemons, so that a handler that never returns cannot hold up the
        # interpreter's exit; otherwise they end by end().
        self.threads = [
            threading.Thread(target=self._run, name=name, daemon=True) for name in names
        ]

    def start(self) -> None:
        """Start them all."""
        for thread in self.threads:
            thread.start()

    def serve(self, dispatcher: Dispatcher) -> None:
        """Call the handlers of this stream from now on; before its first news."""
        self._served.add(dispatcher)
        dispatcher.leave = partial(self._left, dispatcher)
        dispatcher.mailbox.wake = partial(self.post, dispatcher)

    def post(self, worker: Worker) -> None:
        """Have ``work`` called until it says False; not while it is still being so."""
        self._ready.put(worker)

    def end(self) -> None:
        """Let each thread end when every stream has heard its last news."""
        self._ending = True
        self._end_if_finished()

    def _run(self) -> None:
        while (worker := self._ready.get()) is not None:
            if worker.work():
                self._ready.put(worker)

    def _left(self, dispatcher: Dispatcher) -> None:
        self._served.discard(dispatcher)
        self._end_if_finished()

    def _end_if_finished(self) -> None:
        # end() and the last stream may both come here: one word too many is not read.
        if self._ending and not self._served:
            for _ in self.threads:
                self._ready.put(None)
