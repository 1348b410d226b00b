"""``Archive``: the history of accounts in a file, which outlives the program."""

from __future__ import annotations

import atexit
import logging
import os
import sqlite3
import threading
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Callable, Iterator, NoReturn
from weakref import WeakSet

from msgspec import Struct

from assetstream.archive import queries
from assetstream.archive.certainty import doubt
from assetstream.archive.file import WriterFile, explained, open_to_read, transaction
from assetstream.archive.inbox import StreamSink
from assetstream.archive.instants import Instant, moment, parsed, shown
from assetstream.archive.writer import ArchiveWriter
from assetstream.display.words import named
from assetstream.model.balances import Balances
from assetstream.model.errors import (
    AssetStreamError,
    ConfigurationError,
    StaleBalance,
    StreamStateError,
)
from assetstream.model.history import History
from assetstream.model.plain import plain_fields
from assetstream.model.public import make_public
from assetstream.runtime import settings
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.log import log
from assetstream.runtime.loop.sigterm import before_end
from assetstream.runtime.loop.waits import Deadline
from assetstream.streams.group import Group
from assetstream.streams.handlers import attach
from assetstream.streams.stream import Stream

__all__ = ["Archive", "ArchiveHealth"]

#: Seconds that a reading waits for what this archive has yet to write.
FLUSH_TIME = 2.0


class ArchiveHealth(Struct, frozen=True):
    """The figures of what an archive records, at one moment.

    Attributes:
        rows: updates and changes of state that were written.
        pending: those that wait to be written.
        folded: updates that newer ones stand for: the disk was too slow for them.
        errors: transactions that failed, and were tried again.
        lost: events that ``close`` could not write any more.
        error: of the last transaction; None if that was written.
    """

    rows: int = 0
    pending: int = 0
    folded: int = 0
    errors: int = 0
    lost: int = 0
    error: AssetStreamError | None = None

    def to_dict(self) -> dict[str, object]:
        """Return its fields in plain values, for ``json.dumps``."""
        return plain_fields(self, self.__struct_fields__)


class Archive:
    """The balances of accounts over time, in a SQLite file, exact to the last digit.

        with Archive("balances.db") as archive:
            archive.record(stream)
            with stream:
                print(archive.since_last_run())
                ...
            frame = archive.updates(currency="BTC").to_pandas()

    One archive writes a file, and any number read it, in other processes too. It keeps
    every update and every change of state of what it records, in the order in which
    they happened, and knows what it does not know: it answers for the times at which an
    account was LIVE, and raises for others. No stream ever waits for it. Nothing is
    opened before it is asked for.

    A thread of its own writes, each 0.2 s, in a burst up to 0.7 s, so that handlers
    come first. If the process is killed, or the machine loses power, the file stays
    whole; what was not written yet is missing, and ``at`` says that it does not know.
    If the disk fails, there is one error, and it is tried again each second; more than
    100,000 events that wait fold to the latest of each currency, which is counted, and
    a gap in the archive. At the end of the program, and at a SIGTERM that ends
    ``run_forever``, it is closed in order.

    Every method may be called from any thread. ``docs/reference/archive.md`` describes
    the tables for whoever reads them by other means.

    Args:
        path: of the file; ``record`` makes it if it is not there.
        durable: have the disk confirm each transaction, at about a millisecond each:
            then loss of power costs no more than a kill.
        keep: how long rows are kept; None for ever. The last of each currency stays.
        on_error: called with an ``AssetStreamError`` when the file cannot be written,
            once until that is mended; on the archive's thread, so what takes long holds
            it up. Without it, errors are logged to the logger ``assetstream``.

    Raises:
        ConfigurationError: an argument is wrong; the text says which and why.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        durable: bool = False,
        keep: timedelta | None = None,
        on_error: Callable[[AssetStreamError], object] | None = None,
    ) -> None:
        if keep is not None and not (
            isinstance(keep, timedelta) and keep > timedelta(0)
        ):
            raise ConfigurationError(
                f"keep={keep!r} is no length of time",
                remedy="Write keep=timedelta(days=90), say.",
            )
        if on_error is not None:
            settings.check_handler("on_error", on_error)
        try:
            # Two names of one file are one archive, wherever the program goes.
            self.path = Path(os.path.realpath(path))
        except (TypeError, ValueError):
            raise ConfigurationError(f"path={path!r} is no path of a file") from None
        self._durable, self._keep, self._on_error = durable, keep, on_error
        self._pid = os.getpid()
        # Held while files are opened and closed, and while one is read. Reentrant, as
        # all locks that a signal handler could meet.
        self._lock = threading.RLock()
        self._writer: ArchiveWriter | None = None
        self._reader: sqlite3.Connection | None = None
        # One that is over and that nobody holds is not held here (D5).
        self._sources: WeakSet[Stream | Group[Any]] = WeakSet()
        self._closed = False

    # What it records.

    def record(self, source: Stream | Group[Any]) -> Archive:
        """Record a stream, or all of a group, those that come later included.

        Before its start or after, until its end or that of the archive. Of what runs
        already the present balances come first.

        Args:
            source: the stream, or the group.

        Returns:
            The archive, so that ``with Archive(path).record(stream) as archive`` works.

        Raises:
            ConfigurationError: the file cannot be written, is written by another, or is
                no archive; the text says why.
            StreamStateError: the archive was closed, or this is a forked process.
        """
        if not isinstance(source, (Stream, Group)):
            raise ConfigurationError(
                f"an Archive records a stream or a group, not {type(source).__name__}"
            )
        self._refuse()
        with self._lock:
            if self._writer is None:
                self._writer = self._begin()
            if source not in self._sources:
                self._sources.add(source)
                attach(source, self._sink)
        return self

    def health(self) -> ArchiveHealth:
        """The figures of this moment; all zero before ``record``."""
        writer = self._writer
        if writer is None:
            return ArchiveHealth()
        return ArchiveHealth(
            writer.rows,
            writer.pending,
            writer.inbox.folded,
            writer.errors,
            writer.lost,
            writer.error,
        )

    def close(self, timeout: float | None = 5.0) -> bool:
        """Write what is left, and close the file. Calling it again does no harm.

        The streams go on, unrecorded.

        Args:
            timeout: seconds to wait for the disk; None for ever, 0 not at all.

        Returns:
            True if all is done; False if the disk, or ``on_error``, still holds the
            archive's thread.
        """
        if os.getpid() != self._pid:
            return True  # a forked child has no thread, and must not touch the file
        deadline = Deadline(timeout)
        self._closed = True
        atexit.unregister(self.close)
        before_end.remove(self.close)
        with self._lock:
            # Before the writer: the last to close a file puts SQLite's log away, and
            # only one that may write can.
            if self._reader is not None:
                self._reader.close()
                self._reader = None
        for source in list(self._sources):
            source.off(self._sink)
        return self._writer is None or self._writer.close(deadline)

    def __enter__(self) -> Archive:
        self._refuse()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _begin(self) -> ArchiveWriter:
        file = WriterFile(self.path, self._durable)
        try:
            writer = ArchiveWriter(self.path, file, self._keep, self._report)
            writer.start()
        except sqlite3.Error as error:
            file.close()
            raise ConfigurationError(explained(self.path, "written", error)) from error
        except BaseException:
            file.close()
            raise
        # A program that ends without close() loses nothing either.
        atexit.register(self.close)
        before_end.add(self.close)
        return writer

    def _sink(self) -> StreamSink:
        assert self._writer is not None
        return StreamSink(self._writer.inbox)

    def _report(self, error: AssetStreamError) -> None:
        if self._on_error is None:
            log(logging.ERROR, "%s", error)
            return
        try:
            self._on_error(error)
        except Exception as exc:  # user's code (D4)
            log(logging.ERROR, "on_error of %s raised", self, error=exc)

    # What it knows.

    @property
    def accounts(self) -> list[str]:
        """The labels of all accounts that were ever recorded."""
        self._flush()
        with self._reading() as db:
            return [account.label for account in queries.accounts(db)]

    def at(
        self, time: Instant, account: str | None = None, *, known: bool = True
    ) -> Balances:
        """Return the balances of an account at a time.

        A value counts from our time of receipt. That it was known to be right is what
        LIVE means: the stream's word of then, and none of what was found later but
        gaps. Nobody stands behind a balance of the past: its ``age`` is infinite, and
        it is ``stale``.

        Args:
            time: a datetime, or ISO 8601 text; without a zone it is taken as UTC.
            account: its label; not needed if there is one only.
            known: False gives the last that the archive has of the time before,
                whether or not the account was LIVE then; there may be none.

        Raises:
            StaleBalance: the account was not LIVE then, or the archive does not know;
                the text says why, and between when and when it does not. With
                ``known=False`` only if the archive begins later.
            ConfigurationError: the time is none, or in the future; there is no such
                account, or several and none was named; the file cannot be read.
            StreamStateError: the archive was closed, or this is a forked process.
        """
        instant = parsed("time", time)
        now = round(clock.wall() * 1e6)
        if instant > now:
            raise ConfigurationError(
                f"{shown(instant)} is in the future: it is {shown(now)}",
                remedy="A time without a zone is taken as UTC.",
            )
        self._flush()
        with self._reading() as db:
            found = _chosen(queries.accounts(db), account, self.path)
            own = self._writer.run if self._writer is not None else None
            facts = queries.facts(db, found, instant, own)
            why = doubt(instant, facts)
            nothing = facts.stretch is None
            if why and (known or nothing):
                raise StaleBalance(
                    f"the balances at {shown(instant)} are not known: {why}",
                    remedy="" if nothing else "known=False gives the last before it.",
                    exchange=found.exchange,
                    account=found.label,
                )
            return Balances(queries.balances(db, found, instant))

    def since_last_run(self, account: str | None = None) -> History:
        """Return what changed while nobody recorded: before an account's last run.

        The balances of its first LIVE in the run, compared with the last before: the
        updates have the source RECOVERED, and as ``previous`` the balance before. The
        one gap is the time between. Of the first run of all there is nothing.

        Args:
            account: its label; not needed if there is one only.

        Raises:
            StaleBalance: the account has not been LIVE in the run yet.
            ConfigurationError: as ``at``.
            StreamStateError: as ``at``.
        """
        self._flush()
        with self._reading() as db:
            found = _chosen(queries.accounts(db), account, self.path)
            began, live = queries.last_run(db, found)
            if live is None:
                raise StaleBalance(
                    f"it has not been LIVE since the run of {shown(began)} began",
                    exchange=found.exchange,
                    account=found.label,
                )
            # The gap of the first LIVE of all is the only one that can end there.
            gaps = [
                gap
                for gap in queries.gaps(db, found, live, live)
                if gap.ended == moment(live)
            ]
            if not gaps:
                return History()
            return History(queries.changes(db, found, began - 1, live), gaps)

    def updates(
        self,
        account: str | None = None,
        *,
        since: Instant | None = None,
        until: Instant | None = None,
        currency: str | None = None,
    ) -> History:
        """Return the updates of an account, as ``stream.history`` does.

        All of them in memory, some 0.6 KB each: of a large archive ask for a part.

        Args:
            account: its label; not needed if there is one only.
            since: the first time of receipt; as ``time`` of ``at``.
            until: the last.
            currency: a code, in any case: its updates alone.

        Raises:
            ConfigurationError: as ``at``; or ``since`` comes after ``until``.
            StreamStateError: as ``at``.
        """
        first = 0 if since is None else parsed("since", since)
        last = queries.NOW if until is None else parsed("until", until)
        if first > last:
            raise ConfigurationError(
                f"since={shown(first)} comes after until={shown(last)}"
            )
        code = None if currency is None else settings.check_currency(currency, ())
        self._flush()
        with self._reading() as db:
            found = _chosen(queries.accounts(db), account, self.path)
            return History(
                queries.updates(db, found, first, last, code),
                queries.gaps(db, found, first, last),
            )

    def _flush(self) -> None:
        """Have written what came before, as far as the disk allows."""
        self._refuse()
        writer = self._writer
        if writer is not None and writer.error is None:
            writer.flush(Deadline(FLUSH_TIME))

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection to be read by, in one consistent state."""
        with self._lock:
            self._refuse()
            if self._reader is None:
                self._reader = open_to_read(self.path)
            try:
                with transaction(self._reader, "DEFERRED"):
                    yield self._reader
            except sqlite3.Error as error:
                raise ConfigurationError(explained(self.path, "read", error)) from error

    def _refuse(self) -> None:
        if os.getpid() != self._pid:
            raise StreamStateError(
                "this Archive belongs to the process that made it",
                remedy="After a fork, make a new Archive in the child.",
            )
        if self._closed:
            raise StreamStateError(
                f"the archive {self.path} was closed", remedy="Make a new Archive."
            )

    def __repr__(self) -> str:
        return f"<Archive {self.path}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an Archive holds a thread and a file and is not pickled")


def _chosen(
    found: list[queries.ArchivedAccount], label: str | None, path: Path
) -> queries.ArchivedAccount:
    """Return the account that a user means."""
    chosen = [each for each in found if label is None or each.label == label]
    if len(chosen) == 1:
        return chosen[0]
    labels = named(sorted(each.label for each in found))
    if not found:
        raise ConfigurationError(f"nothing is recorded in {path} yet")
    if not chosen:
        raise ConfigurationError(f"{path} has no account {label!r}; it has {labels}")
    if label is None:
        raise ConfigurationError(
            f"{path} has several accounts: {labels}", remedy="Say which, by its label."
        )
    exchanges = named(sorted(each.exchange for each in chosen))
    raise ConfigurationError(
        f"{path} has an account {label!r} on each of {exchanges}",
        remedy="Give their streams different labels (account=...); what was recorded "
        "can be queried by SQL.",
    )


make_public(Archive, ArchiveHealth)
