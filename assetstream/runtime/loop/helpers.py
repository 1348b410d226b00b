"""Threads for what blocks: handshakes and REST calls, by place (L5).

A job owns nothing of a stream; it posts its outcome to the stream's reader thread.
"""

from __future__ import annotations

import itertools
import logging
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Callable, Hashable

from assetstream.runtime.loop import clock
from assetstream.runtime.loop.log import guard_this_thread, log

__all__ = ["MOST_THREADS", "USUAL_THREADS", "Helpers", "Job"]

Job = Callable[[], None]

#: Helpers of a place that answers; more would only be in each other's way.
USUAL_THREADS = 4
#: A job that takes so long gives up its helper's share to another one, seconds.
STUCK = 1.0
#: The most helpers of one place, however many of its jobs are stuck.
MOST_THREADS = 16
#: A helper without a job ends after so long, seconds.
IDLE_TIME = 180.0


class Helpers:
    """Runs each job on a helper thread of the job's place.

    A place is whatever must not hold up another: a host that never answers keeps the
    helpers of its own place busy, and no others. A place has up to USUAL_THREADS, and
    one more for each job that is stuck; beyond that its jobs wait in order.

    Every method may be called from any thread.

    Args:
        label: begins the threads' names.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._places: dict[Hashable, PlaceHelpers] = {}
        self._threads: list[threading.Thread] = []
        self._numbers = itertools.count(1)
        # Reentrant: a signal handler may close the helpers in the middle of anything.
        self._lock = threading.RLock()
        self._closed = False

    @property
    def threads(self) -> list[threading.Thread]:
        """The helpers of all places; some may have just ended."""
        return list(self._threads)

    def start(self, place: Hashable, job: Job) -> int:
        """Have ``job`` run as soon as the place has a helper for it.

        Returns:
            How many jobs wait because all helpers that a place may have are stuck: who
            asks for more work there adds to a queue.

        Raises:
            RuntimeError: no thread could be made, or the helpers were closed; the job
                will not be run.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("the helpers were closed")
            here = self._places.setdefault(place, PlaceHelpers(place))
            here.waiting[job] = None
            if here.idle:
                here.idle.pop().put(here.next_job())
            elif here.helpers < here.allowed():
                self._add_helper(here)
            return len(here.waiting) if here.helpers >= MOST_THREADS else 0

    def withdraw(self, place: Hashable, job: Job) -> bool:
        """Take back a job that waits; False if it runs, or has been run."""
        with self._lock:
            here = self._places.get(place)
            if here is None or job not in here.waiting:
                return False
            del here.waiting[job]
            return True

    def close(self) -> None:
        """Take no more jobs, and let every helper end that has none.

        Jobs that wait are still run: they were called off, and release what they hold.
        """
        with self._lock:
            self._closed = True
            for here in self._places.values():
                while here.idle:
                    here.idle.pop().put(None)

    def _add_helper(self, here: PlaceHelpers) -> None:
        """Start a helper for the job that has waited longest."""
        job = here.next_job()
        # Not an argument of the thread, which would keep it for as long as it lives.
        mine: SimpleQueue[Job | None] = SimpleQueue()
        mine.put(job)
        thread = threading.Thread(
            target=self._run,
            args=(here, mine),
            name=f"{self._label}-helper-{next(self._numbers)}",
            daemon=True,  # as the safety net only: close() ends it
        )
        # Among them before it runs: the job may ask whether it is one of them.
        self._threads = [each for each in self._threads if each.is_alive()]
        self._threads.append(thread)
        try:
            thread.start()
        except RuntimeError:
            self._threads.remove(thread)
            del here.running[job]
            if not here.helpers:
                raise
            # For one of those that there are; still the first in order.
            here.waiting = {job: None, **here.waiting}
            return
        here.helpers += 1

    def _run(self, here: PlaceHelpers, mine: SimpleQueue[Job | None]) -> None:
        guard_this_thread()
        job = mine.get()
        while job is not None:
            try:
                job()
            except BaseException as error:
                # A job reports its own faults. This one may be a user's logging
                # handler's, and must not take the thread along.
                with suppress(BaseException):  # as may a logging handler that exits
                    log(logging.ERROR, "a job ended with an error", error=error)
            del here.running[job]
            job = None  # its stream may be gone before another comes (D5)
            job = self._next(here, mine)

    def _next(self, here: PlaceHelpers, mine: SimpleQueue[Job | None]) -> Job | None:
        """Return the next job of the helper's place; None if the helper is to end."""
        with self._lock:
            if here.waiting:
                return here.next_job()
            if self._closed:
                return None
            here.idle.append(mine)
        try:
            return mine.get(timeout=clock.real_seconds(IDLE_TIME))
        except Empty:
            with self._lock:
                if mine in here.idle:
                    here.idle.remove(mine)
                    here.helpers -= 1
                    if not here.helpers:
                        del self._places[here.place]
                    return None
        return mine.get()  # start() or close() came just before


class PlaceHelpers:
    """The helpers and the jobs of one place.

    Attributes:
        place: of which they are.
        waiting: jobs without a helper, in order; a dict, for any may be withdrawn.
        idle: the queue of each helper without a job. The one that has worked last is
            the next to work, so that surplus helpers end.
        running: jobs under way, each with the time of its beginning.
        helpers: how many there are.
    """

    def __init__(self, place: Hashable) -> None:
        self.place = place
        self.waiting: dict[Job, None] = {}
        self.running: dict[Job, float] = {}
        self.idle: list[SimpleQueue[Job | None]] = []
        self.helpers = 0

    def next_job(self) -> Job:
        """Take the job that has waited longest; it counts as running from now on."""
        job = next(iter(self.waiting))
        del self.waiting[job]
        self.running[job] = clock.now()
        return job

    def allowed(self) -> int:
        """Return how many helpers the place may have: more while jobs are stuck."""
        now, since = clock.now(), list(self.running.values())
        stuck = sum(now - began >= STUCK for began in since)
        return min(USUAL_THREADS + stuck, MOST_THREADS)
