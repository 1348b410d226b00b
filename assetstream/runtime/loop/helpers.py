"""Work that blocks: handshakes and REST calls, in threads that own nothing.

A job touches nothing of a session; it posts its outcome to the session's inbox.
``Helpers`` start a thread for each job, for a lone stream; ``Pool`` keeps a few for the
jobs of many.
"""

from __future__ import annotations

import itertools
import logging
import threading
from queue import Empty, SimpleQueue
from typing import Callable, Protocol

from assetstream.protocol import NEVER
from assetstream.runtime.loop import clock

__all__ = ["Crew", "Helpers", "Job", "Pool"]

logger = logging.getLogger("assetstream")

Job = Callable[[], None]

#: A job that takes longer holds its thread without being of use to others, seconds.
STUCK = 1.0
#: A thread beyond the usual ones ends when it has had nothing to do for so long.
IDLE_TIME = 2.0
#: The most threads of a pool, however many jobs are stuck.
MOST_THREADS = 64


class Crew(Protocol):
    """Who runs jobs."""

    def start(self, job: Job, name: str) -> None:
        """Have ``job`` run soon; ``name`` is for a thread made for it.

        Raises:
            RuntimeError: no thread could be made, and the job will not be run.
        """


class Helpers:
    """A disposable thread for each job."""

    def __init__(self) -> None:
        self._threads: set[threading.Thread] = set()

    def start(self, job: Job, name: str) -> None:
        # A daemon, as the safety net only: join() waits for it.
        thread = threading.Thread(target=job, name=name, daemon=True)
        thread.start()
        self._threads = {each for each in self._threads if each.is_alive()}
        self._threads.add(thread)

    def join(self, timeout: float) -> int:
        """Wait for all to end; return how many did not within ``timeout`` seconds."""
        deadline = clock.now() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - clock.now()))
        return sum(thread.is_alive() for thread in self._threads)


class Pool:
    """A few threads for the jobs of many streams, and one more for each that is stuck.

    So that a server that never answers holds up its own streams only: when jobs wait
    and a thread has been on its job for longer than STUCK, another takes its place, and
    leaves when it is idle. That is noticed by the readers, to which the pool is
    attached: there is no timer. Everything may be called from any thread.

    Args:
        label: for the threads' names.
        size: threads for jobs that do not get stuck.
    """

    def __init__(self, label: str, size: int) -> None:
        self._label = label
        self._size = size
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        # Reentrant: a signal handler that closes it may come in between.
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        # Since when each thread has been on its job; NEVER while it is idle.
        self._busy: dict[threading.Thread, float] = {}
        # No thread could be made: not tried again before this moment.
        self._patient_until = -NEVER
        self._closed = False

    @property
    def threads(self) -> list[threading.Thread]:
        """Those that there are; once it is closed, those that there were then."""
        return list(self._busy)

    def start(self, job: Job, name: str = "") -> None:
        """Have ``job`` run by the next free thread; ignored once closed."""
        if not self._closed:
            self._jobs.put(job)
            self._reinforce(clock.now())

    @property
    def deadline(self) -> float:
        """When another thread may be started, while jobs wait; s of ``clock.now``."""
        if not self._jobs.qsize():
            return NEVER
        now = clock.now()
        if self._lacking(now) > 0:
            return self._patient_until
        since = [at for at in list(self._busy.values()) if now < at + STUCK]
        return min(since, default=NEVER) + STUCK

    def due(self) -> None:
        """Put another thread in the place of one that is stuck."""
        self._reinforce(clock.now())

    def close(self) -> None:
        """Take no more jobs; every thread ends when those that wait have been run.

        They were called off, so that takes no time, and each releases what it holds.
        """
        self._closed = True
        with self._lock:
            for _ in self._busy:
                self._jobs.put(None)

    def _reinforce(self, now: float) -> None:
        with self._lock:
            for _ in range(self._lacking(now)):
                self._add_thread(now)

    def _lacking(self, now: float) -> int:
        """How many more threads the waiting jobs need, and may have."""
        if self._closed:
            return 0
        since = list(self._busy.values())
        stuck = sum(now >= at + STUCK for at in since)
        needed = self._jobs.qsize() - since.count(NEVER)
        return min(needed, min(self._size + stuck, MOST_THREADS) - len(since))

    def _add_thread(self, now: float) -> None:
        thread = threading.Thread(
            target=self._run,
            name=f"{self._label}-helper-{next(self._numbers)}",
            daemon=True,  # as the safety net only: close() ends it
        )
        # Busy from the start: it comes for a job.
        self._busy[thread] = now
        try:
            thread.start()
        except RuntimeError:
            # No thread to be had: those that there are do all the work.
            del self._busy[thread]
            self._patient_until = now + STUCK
            if not self._busy:
                self._jobs.get_nowait()  # the only one
                raise

    def _run(self) -> None:
        me = threading.current_thread()
        while (job := self._next(me)) is not None:
            self._busy[me] = clock.now()
            try:
                job()
            except Exception:
                # A job reports its own faults. This one may be a user's logging
                # handler's, and must not take the thread along.
                logger.exception("a job ended with an error")
            finally:
                self._busy[me] = NEVER

    def _next(self, me: threading.Thread) -> Job | None:
        """The next job; None if the thread is to end."""
        while True:
            try:
                return self._jobs.get(timeout=IDLE_TIME)
            except Empty:
                with self._lock:
                    needed = self._closed or self._jobs.qsize()
                    if len(self._busy) > self._size and not needed:
                        del self._busy[me]
                        return None
