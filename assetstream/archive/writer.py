"""The thread that writes an archive: its transactions, and what follows failures."""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Callable, Iterator, NamedTuple, Sequence

from assetstream.archive import queries
from assetstream.archive.file import WriterFile, explained, transaction
from assetstream.archive.inbox import (
    BATCH,
    Event,
    Fold,
    Inbox,
    QueuedEvents,
    StreamSink,
)
from assetstream.archive.retention import deletions
from assetstream.archive.rows import RowMaker, Rows
from assetstream.display.words import counted
from assetstream.model.errors import AssetStreamError
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.log import guard_this_thread, log
from assetstream.runtime.loop.waits import (
    Deadline,
    OneShotEvent,
    join_interruptibly,
)
from assetstream.version import __version__

__all__ = ["ArchiveWriter"]

#: Seconds that events wait for others, to be written together.
GATHER_TIME = 0.2
#: They wait on while more than ``BATCH`` come in that time; but not after so many.
BURST_TIME = 0.5
#: Seconds between two signs of life where nothing happens (H4).
HEARTBEAT = 10.0
#: Seconds until a transaction that failed is tried again (H3).
RETRY = 1.0
#: Seconds between two looks for what need not be kept any longer.
CLEANING = 3600.0

FIRST, FULL, CLOSE = "first", "full", "close"

REMEDY = (
    "The streams go on, and it is tried again each second; what waits meanwhile folds."
)


class Batch(NamedTuple):
    """Rows that are written in one transaction.

    Attributes:
        rows: to be added.
        until: everything until then is in the archive afterwards; seconds since 1970.
    """

    rows: Rows
    until: float


class ArchiveWriter:
    """Writes what comes into its inbox, from a thread of its own, until ``close``.

    Args:
        path: of the archive; for texts.
        file: open for writing; the thread closes it.
        keep: how long rows are kept; None for ever.
        report: called with each error, on the writer's thread; it must not raise.

    Attributes:
        inbox: takes the events.
        run: id of the run's row.
        rows: rows of ``updates`` and ``states`` that were written.
        errors: transactions that failed and were tried again.
        error: of the last transaction; None if that was written.
        lost: events that were given up, for ``close`` could not write them.
    """

    def __init__(
        self,
        path: Path,
        file: WriterFile,
        keep: timedelta | None,
        report: Callable[[AssetStreamError], None],
    ) -> None:
        self._path = path
        self._file, self._db = file, file.connection
        self._keep, self._report = keep, report
        self._bell: SimpleQueue[str | OneShotEvent] = SimpleQueue()
        ring = self._bell.put
        self.inbox = Inbox(partial(ring, FIRST), partial(ring, FULL))
        self.rows = self.errors = self.lost = 0
        self.error: AssetStreamError | None = None
        self._closing = False
        # Those who wait until what came before is written.
        self._flushes: list[OneShotEvent] = []
        # Taken, and not yet made into rows; and made, but not yet written.
        self._entries: list[QueuedEvents] = []
        self._until = clock.wall()
        self._batch: Batch | None = None
        self._makers: dict[StreamSink, RowMaker] = {}
        # The exchange and label of the account that each of them is of.
        self._names: dict[StreamSink, tuple[str, str]] = {}
        self._cleaning: Iterator[int] = iter(())
        self._clean_at = Deadline(0.0)
        with transaction(self._db, "IMMEDIATE"):
            began = round(self._until * 1e6)
            self.run = queries.add_run(self._db, began, __version__)
        self._thread = threading.Thread(
            target=self._serve, name="assetstream-archive", daemon=True
        )

    # From other threads.

    @property
    def pending(self) -> int:
        """Events that wait to be written."""
        taken = sum(len(events) for _, _, events in self._entries.copy())
        batch = self._batch
        made = _count(batch.rows) if batch is not None else 0
        return self.inbox.pending + taken + made

    @property
    def alive(self) -> bool:
        """True until the thread has ended."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to write; RuntimeError if no thread is to be had."""
        self._thread.start()

    def flush(self, deadline: Deadline) -> bool:
        """Wait until all that came before is written; False if it is not in time."""
        if threading.current_thread() is self._thread:
            return False  # in the user's ``on_error``
        written = OneShotEvent()
        self._bell.put(written)
        return written.wait(deadline)

    def close(self, deadline: Deadline) -> bool:
        """Write what is left, and end; False if the thread has not in time."""
        self.inbox.close()
        self._bell.put(CLOSE)
        if threading.current_thread() is self._thread:
            return True
        return join_interruptibly(self._thread, deadline)

    # In its own thread.

    def _serve(self) -> None:
        guard_this_thread()
        while not self._closing:
            self._gather()
            self._write()
            if self.error is None:
                self._clean()
        self._end()

    def _gather(self) -> None:
        """Wait until there is something to be written, and a little for more.

        In a burst rather longer: handlers are to be told of it first, and only one of
        the two can have Python's lock.
        """
        wait = RETRY
        if self.error is None:
            wait = HEARTBEAT
            self.inbox.arm()
        if self._heard(wait) != FIRST:
            return
        burst = Deadline(BURST_TIME)
        while burst.left():
            before = self.inbox.waiting
            if self._heard(GATHER_TIME) or self.inbox.waiting - before < BATCH:
                return

    def _heard(self, seconds: float) -> str | OneShotEvent | None:
        """Return how the bell rang, or None if it did not in that time."""
        try:
            ring = self._bell.get(timeout=clock.real_seconds(seconds))
        except Empty:
            return None
        if isinstance(ring, OneShotEvent):
            self._flushes.append(ring)
        self._closing = self._closing or ring == CLOSE
        return ring

    def _write(self) -> None:
        """Write what is there; what fails is kept, and tried again later (H3)."""
        began = clock.wall()
        try:
            while True:
                batch = self._batch = self._batch or self._next()
                self._file.check()
                with transaction(self._db, "IMMEDIATE"):
                    queries.add_rows(self._db, batch.rows)
                    queries.renew(self._db, self.run, int(batch.until * 1e6))
                self.rows += _count(batch.rows)
                self._batch = None
                if self.error is not None:
                    self.error = None
                    log(logging.WARNING, "%s is written again", self._path)
                # What has come since waits for more, as far as there is room.
                enough = batch.until >= began and not self.inbox.full
                if not self._entries and (enough or self.inbox.empty):
                    break
        except Exception as exc:
            self._fail(exc)
            return
        flushes, self._flushes = self._flushes, []
        for flush in flushes:
            flush.set()

    def _next(self) -> Batch:
        """Make rows of what is to be written next.

        Until the rows are made, all that is done here may be done again.
        """
        if not self._entries:
            self._entries, self._until = self.inbox.take()
        entries, rest = self._split(self._entries)
        self._begin(entries)
        rows = Rows([], [])
        for sink, at, events in entries:
            maker = self._makers.get(sink)
            if maker is not None:
                maker.add(rows, at, events)
            if not events:
                self._forget(sink)
        self._entries = rest
        return Batch(rows, rest[0][1] if rest else self._until)

    def _split(
        self, entries: list[QueuedEvents]
    ) -> tuple[list[QueuedEvents], list[QueuedEvents]]:
        """Cut before a stream whose account has rows that are not in the file yet.

        What is known of the account is read when its stream begins.
        """
        touched: set[tuple[str, str]] = set()
        for index, (sink, _, events) in enumerate(entries):
            name = self._names.get(sink)
            if name is None and events:
                name = _account(events)
                if name in touched:
                    return entries[:index], entries[index:]
            if name is not None:
                touched.add(name)
        return entries, []

    def _begin(self, entries: Sequence[QueuedEvents]) -> None:
        """Make what makes the rows of each stream that is new."""
        begun: dict[tuple[str, str], StreamSink] = {}
        for sink, _, events in entries:
            if sink not in self._makers and events and sink.wanted:
                name = _account(events)
                if name in self._names.values():
                    self._refuse(sink, name)
                else:
                    begun[name] = sink
        if begun:
            with transaction(self._db, "IMMEDIATE"):
                ids = {name: queries.add_account(self._db, *name) for name in begun}
            for name, sink in begun.items():
                known = queries.known(self._db, ids[name])
                self._makers[sink] = RowMaker(ids[name], self.run, known)
                self._names[sink] = name

    def _refuse(self, sink: StreamSink, name: tuple[str, str]) -> None:
        sink.wanted = False
        exchange, account = name
        self._report(
            AssetStreamError(
                f"{self._path} records this account already, by another stream",
                remedy="One is enough. Streams of different accounts need different "
                "labels: account=...",
                exchange=exchange,
                account=account,
            )
        )

    def _forget(self, sink: StreamSink) -> None:
        self._makers.pop(sink, None)
        self._names.pop(sink, None)

    def _fail(self, exc: Exception) -> None:
        self.errors += 1
        before = self.error
        self.error = AssetStreamError(
            explained(self._path, "written", exc), remedy=REMEDY
        )
        self.error.__cause__ = exc
        if before is None:
            self._report(self.error)

    def _clean(self) -> None:
        """Delete what need not be kept, as long as there is nothing to write (H7)."""
        if self._keep is None:
            return
        if self._clean_at.left() == 0.0:
            horizon = clock.wall() - self._keep.total_seconds()
            self._cleaning = deletions(self._db, int(horizon * 1e6))
            self._clean_at = Deadline(CLEANING)
        try:
            while self._bell.empty() and next(self._cleaning, None) is not None:
                pass
        except sqlite3.Error as exc:
            self._cleaning = iter(())
            self._fail(exc)

    def _end(self) -> None:
        self.lost = self.pending
        if self.lost:
            self._report(
                AssetStreamError(
                    f"{counted(self.lost, 'event')} could not be written to "
                    f"{self._path} before the end: {self.error and self.error.problem}"
                )
            )
        else:
            with suppress(sqlite3.Error):
                queries.end_run(self._db, self.run, int(clock.wall() * 1e6))
        with suppress(sqlite3.Error):
            self._file.close()


def _account(events: Sequence[Event | Fold]) -> tuple[str, str]:
    first = events[0]
    assert not isinstance(first, Fold)  # it stands behind what has folded
    return first.exchange, first.account


def _count(rows: Rows) -> int:
    return len(rows.updates) + len(rows.states)
