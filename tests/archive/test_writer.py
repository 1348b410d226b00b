"""The thread that writes an archive, and what it does when the disk fails."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Callable, Iterator

import pytest

from assetstream import AssetStreamError, State
from assetstream.archive import inbox, queries, writer
from assetstream.archive.file import WriterFile, open_to_read
from assetstream.archive.inbox import StreamSink
from assetstream.archive.writer import ArchiveWriter
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.waits import Deadline
from tests.support.archives import change, crashed, update
from tests.support.event_recorder import PATIENCE
from tests.support.groups import wait_until

Make = Callable[..., ArchiveWriter]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where an archive is made."""
    return tmp_path / "balances.db"


@pytest.fixture
def reports() -> SimpleQueue[AssetStreamError]:
    """Every error that a writer has reported."""
    return SimpleQueue()


@pytest.fixture
def make(
    path: Path, reports: SimpleQueue[AssetStreamError], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Make]:
    """Start writers that try again at once, and close them."""
    monkeypatch.setattr(writer, "RETRY", 0.001)
    made: list[ArchiveWriter] = []

    def start(keep: timedelta | None = None) -> ArchiveWriter:
        made.append(ArchiveWriter(path, WriterFile(path), keep, reports.put))
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        assert each.close(Deadline(PATIENCE))


def flush(written: ArchiveWriter) -> None:
    """Wait until all is written."""
    assert written.flush(Deadline(PATIENCE))


def begin(written: ArchiveWriter, account: str = "a") -> StreamSink:
    """Begin a stream that is LIVE."""
    sink = StreamSink(written.inbox)
    sink.begin([change(State.LIVE, account=account)])
    return sink


def rows(path: Path, sql: str) -> list[Any]:
    """Ask an archive that may be open elsewhere."""
    with closing(open_to_read(path)) as db:
        return db.execute(sql).fetchall()


def test_h1_rows_stand_in_the_order_of_what_happened(path: Path, make: Make) -> None:
    """Of all streams together."""
    written = make()
    one, other = begin(written), begin(written, "b")
    for n in range(50):
        (one, other)[n % 2].put([update("A", str(n), account="ab"[n % 2])], step=n)
    flush(written)

    assert rows(path, "SELECT available FROM updates ORDER BY id") == [
        (str(n),) for n in range(50)
    ]
    assert rows(path, "SELECT account, count(*) FROM updates GROUP BY 1") == [
        *((1, 25), (2, 25))
    ]
    assert written.rows == 52
    assert written.pending == 0


def test_h1_a_transaction_is_all_of_a_batch_or_nothing(
    path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that fails at its last row leaves none of the others."""
    written = make()
    sink = begin(written)
    flush(written)
    with monkeypatch.context() as patch:
        wrong = queries.ADD_STATE.replace("states", "nowhere")
        patch.setattr(queries, "ADD_STATE", wrong)
        sink.put([update("A", "1"), update("B", "1"), change(State.STALE)], step=1)
        wait_until(lambda: written.errors > 2)
        assert rows(path, "SELECT count(*) FROM updates") == [(0,)]
        assert written.pending == 3
    flush(written)

    assert rows(path, "SELECT count(*) FROM updates") == [(2,)]


def test_what_comes_is_written_together(path: Path, make: Make) -> None:
    """Without being asked, after a moment."""
    written = make()
    begin(written)
    wait_until(lambda: rows(path, "SELECT count(*) FROM states") == [(1,)])
    assert written.pending == 0


def test_much_is_written_at_once(
    path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the moment is not over."""
    monkeypatch.setattr(writer, "GATHER_TIME", PATIENCE)
    monkeypatch.setattr(inbox, "MANY", 5)
    written = make()
    sink = begin(written)
    for n in range(9):
        sink.put([update("A", str(n))], step=n)
    wait_until(lambda: rows(path, "SELECT count(*) FROM updates") != [(0,)])


def test_a_burst_is_written_when_it_is_over(
    path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But not later than so many moments."""
    monkeypatch.setattr(writer, "GATHER_TIME", 0.001)
    monkeypatch.setattr(writer, "BATCH", 0)
    written = make()
    begin(written)
    wait_until(lambda: rows(path, "SELECT count(*) FROM states") == [(1,)])


def test_h2_a_slow_disk_folds_and_the_archive_says_so(
    path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time that was folded is a gap in what it knows, and no stream waits."""
    monkeypatch.setattr(inbox, "MOST", 10)
    written = make()
    sink = begin(written)
    flush(written)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for n in range(100):
            assert sink.put([update("A", str(n))], step=n)
        wait_until(lambda: written.inbox.folded == 89)
        other.execute("ROLLBACK")
    flush(written)

    values = rows(path, "SELECT available, folded FROM updates ORDER BY id")
    assert values == [*((str(n), 0) for n in range(10)), ("99", 89)]
    assert rows(path, "SELECT reason, recovered FROM states WHERE gap_began") == [
        ("89 updates folded: the disk was too slow", 89)
    ]


def test_h3_a_full_disk_is_one_error_and_tried_again(
    path: Path,
    make: Make,
    reports: SimpleQueue[AssetStreamError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is lost when there is room again."""
    limit = 20
    add_rows = queries.add_rows

    def limited(db: sqlite3.Connection, rows: queries.Rows) -> None:
        # In the writer's thread: a connection that two use mixes up their errors.
        db.execute(f"PRAGMA max_page_count = {limit}")
        add_rows(db, rows)

    monkeypatch.setattr(queries, "add_rows", limited)
    written = make()
    sink = begin(written)
    for n in range(1_000):
        assert sink.put([update("A", str(n))], step=n)
    error = reports.get(timeout=PATIENCE)
    wait_until(lambda: written.errors > 3)

    assert str(error) == str(written.error)
    assert "balances.db cannot be written: database or disk is full" in str(error)
    assert "go on" in error.remedy
    assert reports.empty()
    limit = 100_000
    flush(written)
    assert rows(path, "SELECT count(*) FROM updates") == [(1_000,)]
    assert (written.error, written.lost) == (None, 0)


def test_h3_each_failure_of_a_disk_is_reported_once(
    path: Path,
    make: Make,
    reports: SimpleQueue[AssetStreamError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Anew after it was mended, which is logged."""
    caplog.set_level(logging.WARNING, "assetstream")
    written = make()
    aside = path.with_name("aside.db")
    for account in ("a", "b"):
        caplog.clear()
        path.rename(aside)
        begin(written, account)
        assert "moved, deleted or replaced" in str(reports.get(timeout=PATIENCE))
        aside.rename(path)
        # The error is gone a moment before that is logged.
        wait_until(lambda: "is written again" in caplog.text)
        assert written.error is None


def test_h4_signs_of_life_come_by_themselves(
    path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing happens the archive still learns that nothing did."""
    monkeypatch.setattr(writer, "HEARTBEAT", 0.01)
    make()
    began = rows(path, "SELECT alive FROM runs")
    wait_until(lambda: rows(path, "SELECT alive FROM runs") != began)


def test_h4_a_run_that_is_killed_has_no_end(path: Path, make: Make) -> None:
    """Its last sign of life is that of its last transaction."""
    written = make()
    begin(written)
    before = clock.wall()
    flush(written)
    ((alive, ended),) = rows(crashed(path), "SELECT alive, ended FROM runs")

    assert ended is None
    assert before * 1e6 <= alive <= clock.wall() * 1e6
    assert written.close(Deadline(PATIENCE))
    ((alive, ended),) = rows(path, "SELECT alive, ended FROM runs")
    assert ended >= alive


def test_h6_a_stream_begins_with_what_the_archive_knows(path: Path, make: Make) -> None:
    """Also if that is of a stream of the same account a moment before."""
    written = make()
    one = begin(written)
    one.put([update("A", "1"), update("B", "1"), change(State.STALE)], step=1)
    one.end(None)
    other = StreamSink(written.inbox)
    other.begin([change(State.LIVE), update("A", "2")])
    flush(written)

    assert rows(path, "SELECT currency, available FROM updates ORDER BY id") == [
        *(("A", "1"), ("B", "1"), ("A", "2"), ("B", "0"))
    ]
    ((gap, ended),) = rows(path, "SELECT gap_began, at FROM states WHERE recovered = 2")
    assert gap <= ended


def test_h7_old_rows_are_deleted_when_there_is_nothing_to_write(
    path: Path, make: Make
) -> None:
    """Of each currency the last stays."""
    written = make(keep=timedelta(days=90))
    sink = begin(written)
    sink.put([update("A", str(n), seconds=n) for n in range(9)], step=1)
    flush(written)
    written._clean_at = Deadline(0.0)
    flush(written)
    wait_until(lambda: rows(path, "SELECT count(*) FROM updates") == [(1,)])


def test_h7_a_deletion_that_fails_is_tried_later(
    path: Path,
    make: Make,
    reports: SimpleQueue[AssetStreamError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is reported as any other transaction, and what is new is still written."""

    def fail(*_: object) -> Iterator[int]:
        yield 1
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(writer, "deletions", fail)
    written = make(keep=timedelta(days=90))
    begin(written)
    assert "disk I/O error" in str(reports.get(timeout=PATIENCE))
    flush(written)
    assert rows(path, "SELECT count(*) FROM states") == [(1,)]


def test_an_account_is_recorded_once(
    path: Path, make: Make, reports: SimpleQueue[AssetStreamError]
) -> None:
    """A second stream of it is refused, with one error, until the first has ended."""
    written = make()
    one, other = begin(written), begin(written)
    flush(written)

    error = reports.get(timeout=PATIENCE)
    assert "records this account already" in error.problem
    assert (error.exchange, error.account) == ("x", "a")
    assert not other.put([update("A", "1")], step=1)
    one.end(None)
    begin(written)
    flush(written)
    assert reports.empty()
    assert rows(path, "SELECT count(*) FROM states") == [(2,)]


def test_the_end_of_what_never_began_is_nothing(path: Path, make: Make) -> None:
    """Of a stream that was over before it could be recorded."""
    written = make()
    StreamSink(written.inbox).end(None)
    flush(written)

    assert rows(path, "SELECT count(*) FROM states") == [(0,)]


def test_what_cannot_be_written_at_the_end_is_counted(
    path: Path, make: Make, reports: SimpleQueue[AssetStreamError]
) -> None:
    """The archive closes all the same, and does not say that its run ended well."""
    written = make()
    sink = begin(written)
    flush(written)
    aside = path.with_name("aside.db")
    path.rename(aside)
    sink.put([update("A", "1"), update("A", "2")], step=1)
    assert written.close(Deadline(PATIENCE))
    aside.rename(path)

    errors = [str(reports.get_nowait()) for _ in range(reports.qsize())]
    assert "moved, deleted or replaced" in errors[0]
    assert errors[-1].startswith("2 events could not be written")
    assert written.lost == 2
    assert not written.alive
    assert rows(path, "SELECT ended FROM runs") == [(None,)]


def test_a_wait_in_its_own_thread_does_not_hang(
    path: Path, make: Make, reports: SimpleQueue[AssetStreamError]
) -> None:
    """A handler of errors may ask the archive, and close it."""
    written = make()
    flushed: list[bool] = []

    def report(error: AssetStreamError) -> None:
        flushed.append(written.flush(Deadline(None)))
        flushed.append(written.close(Deadline(None)))
        reports.put(error)

    written._report = report
    begin(written)
    begin(written)
    reports.get(timeout=PATIENCE)

    assert flushed == [False, True]
