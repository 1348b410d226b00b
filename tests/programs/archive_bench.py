"""The speed of an archive, beside what one would write by hand, and its memory.

::

    python -m tests.programs.archive_bench rows at --rows 500000
    python -m tests.programs.archive_bench memory --rows 5000000

``rows``    rows a second, and CPU a row: the archive, a loop of ``sqlite3`` with no
            less safety, and DuckDB if that is installed (extra ``bench``)
``at``      how long ``at()`` takes in a file of that many rows
``memory``  the most resident memory while that many rows are written
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import tempfile
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Callable, Iterator, Sequence

from assetstream import Archive, AssetUpdate, Source, State, StateChange
from assetstream.archive.file import WriterFile
from assetstream.archive.inbox import BATCH, StreamSink
from assetstream.archive.instants import moment
from assetstream.archive.writer import ArchiveWriter
from assetstream.runtime.loop.waits import Deadline

__all__ = ["main"]

KINDS = ["rows", "at", "memory"]
ACCOUNTS, CURRENCIES = 10, 20
#: Steps that may wait: beyond, the benchmark itself does.
BACKLOG = 95_000
#: Of the hand-written loops: what they are given is of the same shape.
COLUMNS = "account, currency, received, time, available, locked, source, update_id"
TABLE = f"CREATE TABLE updates(id INTEGER PRIMARY KEY, {COLUMNS})"
INDEX = "CREATE INDEX updates_at ON updates(account, currency, received)"
#: DuckDB takes half a millisecond for each row.
DUCKDB_ROWS = 4_000


def events(count: int) -> Iterator[AssetUpdate]:
    """Make updates, a millisecond apart, that ended a moment ago."""
    began = round(time.time() * 1e3) - count
    for n in range(count):
        at = began + n
        yield AssetUpdate(
            "upbit",
            f"account-{n % ACCOUNTS}",
            f"C{n // ACCOUNTS % CURRENCIES:02d}",
            Decimal(1000) + Decimal(n) / 8,
            Decimal(0),
            at,  # type: ignore[arg-type]
            moment(at * 1000),
            Source.STREAM,
            f"id-{n}",
        )


def begun(writer: ArchiveWriter) -> list[StreamSink]:
    """Begin a stream of each account that is LIVE."""
    sinks = [StreamSink(writer.inbox) for _ in range(ACCOUNTS)]
    for n, sink in enumerate(sinks):
        live = StateChange("upbit", f"account-{n}", State.LIVE, State.LIVE, "present")
        sink.begin([live])
    return sinks


def written(path: Path, count: int, told: Callable[[int], None] = id) -> ArchiveWriter:
    """Write an archive of so many rows; return its writer, which has ended."""
    writer = ArchiveWriter(path, WriterFile(path), None, print)
    writer.start()
    sinks = begun(writer)
    writer.flush(Deadline(None))
    for n, event in enumerate(events(count)):
        sinks[n % ACCOUNTS].put((event,), n)
        if n % 1_000 == 0:
            while writer.inbox.waiting > BACKLOG:
                time.sleep(0.001)
        if n % (count // 10) == 0:
            told(n)
    writer.close(Deadline(None))
    return writer


def by_hand(path: Path, count: int) -> None:
    """Write as many by a loop of ``sqlite3``: one thread, no bound, no states."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(
            f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {TABLE}; {INDEX}"
        )
        for rows in batches(count):
            db.execute("BEGIN")
            marks = ",".join("?" * 8)
            db.executemany(f"INSERT INTO updates({COLUMNS}) VALUES({marks})", rows)
            db.execute("COMMIT")


def by_duckdb(path: Path, count: int) -> None:
    """Write as many by DuckDB."""
    import duckdb  # type: ignore[import-not-found]

    with duckdb.connect(str(path)) as db:
        kinds = "account TEXT, currency TEXT, received TIMESTAMP, time TIMESTAMP"
        db.execute(
            f"CREATE TABLE updates({kinds}, available TEXT, locked TEXT, source TEXT, "
            "update_id TEXT)"
        )
        for rows in batches(count):
            db.execute("BEGIN")
            marks = ",".join("?" * 8)
            db.executemany(f"INSERT INTO updates VALUES({marks})", rows)
            db.execute("COMMIT")


def batches(count: int) -> Iterator[list[tuple[object, ...]]]:
    """Make rows of updates as one would by hand."""
    rows: list[tuple[object, ...]] = []
    for event in events(count):
        rows.append(
            (
                event.account,
                event.currency,
                event.received.isoformat(),
                event.time and event.time.isoformat(),
                str(event.available),
                str(event.locked),
                event.source.value,
                event.update_id,
            )
        )
        if len(rows) == BATCH:
            yield rows
            rows = []
    if rows:
        yield rows


def measure(name: str, count: int, write: Callable[[Path, int], object]) -> None:
    """Print rows a second, CPU a row and bytes a row; without making the events."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "measured.db"
        began, cpu = time.perf_counter(), time.process_time()
        for _ in events(count):
            pass
        made, made_cpu = time.perf_counter() - began, time.process_time() - cpu
        began, cpu = time.perf_counter(), time.process_time()
        write(path, count)
        took = time.perf_counter() - began - made
        cpu = time.process_time() - cpu - made_cpu
        size = sum(each.stat().st_size for each in Path(folder).iterdir())
    print(
        f"{name:22}{count / took:12,.0f} rows/s{cpu / count * 1e6:8.1f} us CPU/row"
        f"{size / count:7.0f} bytes/row",
        flush=True,
    )


def measure_at(count: int) -> None:
    """Print how long ``at()`` takes, at times all over the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "measured.db"
        written(path, count)
        with closing(sqlite3.connect(path)) as db:
            first, last = db.execute(
                "SELECT min(received), max(received) FROM updates"
            ).fetchone()
            # As if each had been LIVE from the first row on.
            db.execute("UPDATE states SET at = ?", (first,))
            db.commit()
        with Archive(path) as archive:
            times: list[float] = []
            for n in range(2_000):
                at = moment(first + 1 + (last - first - 1) * n // 2_000)
                began = time.perf_counter()
                held = archive.at(at, f"account-{n % ACCOUNTS}")
                times.append(time.perf_counter() - began)
    times.sort()
    print(
        f"at() over {count:,} rows, {len(held)} currencies: p50 "
        f"{times[1_000] * 1e3:.2f} ms, p99 {times[1_980] * 1e3:.2f} ms",
        flush=True,
    )


def measure_memory(count: int) -> None:
    """Print the most resident memory after each tenth of the rows."""

    def told(rows: int) -> None:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{rows:12,} rows{most:8.1f} MB", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        written(Path(folder) / "measured.db", count, told)
        told(count)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.archive_bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kinds", nargs="*", help="rows, at, memory; by default all")
    parser.add_argument("--rows", type=int, default=500_000)
    given = parser.parse_args(arguments)
    kinds = given.kinds or KINDS
    if not {*kinds} <= {*KINDS}:
        parser.error(f"there are only {', '.join(KINDS)}")
    if "rows" in kinds:
        measure("assetstream.Archive", given.rows, written)
        measure("sqlite3 by hand", given.rows, by_hand)
        try:
            measure("DuckDB", min(given.rows, DUCKDB_ROWS), by_duckdb)
        except ModuleNotFoundError:
            print("DuckDB is not installed: pip install duckdb")
    if "at" in kinds:
        measure_at(given.rows)
    if "memory" in kinds:
        measure_memory(given.rows)


if __name__ == "__main__":
    main()
