"""The threads that call user handlers."""

from __future__ import annotations

import threading
from functools import partial
from queue import SimpleQueue
from typing import Callable, Protocol, Sequence

__all__ = ["CallbackThreads", "Worker"]


class Worker(Protocol):
    """Calls handlers, a batch at a time.

    Attributes:
        leave: called by ``work`` when nothing will come any more; None until the
            worker is served.
    """

    leave: Callable[[], None] | None

    @property
    def wake(self) -> Callable[[], None]:
        """Called, by any thread, when there is an event after ``work`` found none."""
        ...

    @wake.setter
    def wake(self, wake: Callable[[], None], /) -> None: ...

    def work(self) -> bool:
        """Call handlers for some events; False if there was no event."""
        ...


class CallbackThreads:
    """A few threads for the handlers of any number of streams.

    Workers with events stand in one queue, and go to its end after each batch: so one
    that has many does not keep others waiting, and no worker is served by two threads
    at a time (D1).

    Args:
        names: of the threads, one each.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._ready: SimpleQueue[Worker | None] = SimpleQueue()
        # Workers that have not left; all uses are atomic steps.
        self._served: set[Worker] = set()
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

    def serve(self, worker: Worker) -> None:
        """Serve a worker until it leaves; serving it twice does no harm."""
        if worker.leave is None:
            self._served.add(worker)
            worker.wake = partial(self._ready.put, worker)
            worker.leave = partial(self._left, worker)

    def end(self) -> None:
        """Let each thread end when every worker has left."""
        self._ending = True
        self._end_if_finished()

    def _run(self) -> None:
        while (worker := self._ready.get()) is not None:
            try:
                more = worker.work()
            except Exception:
                # Whatever it is, the thread is there for others, too.
                more = True
            if more:
                self._ready.put(worker)
            del worker  # which may have left, and holds its stream (D5)

    def _left(self, worker: Worker) -> None:
        self._served.discard(worker)
        self._end_if_finished()

    def _end_if_finished(self) -> None:
        # Both end() and the last worker may get here; a surplus None in the queue is
        # harmless.
        if self._ending and not self._served:
            for _ in self.threads:
                self._ready.put(None)
