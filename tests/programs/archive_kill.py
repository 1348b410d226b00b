"""Kills a program that records 3,000 rows a second, again and again.

    python -m tests.programs.archive_kill --rounds 100

Each round goes on with the file that the last one left, and is killed (SIGKILL) at a
random moment. Then the file is opened: is it whole, which rows are missing, what does
``at()`` say of the last that was known, and of the moment of the kill? The program
tells us of every row before it records it.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

from assetstream import Archive, AssetUpdate, Source, StaleBalance, State, StateChange
from assetstream.archive.certainty import UNSURE
from assetstream.archive.file import WriterFile
from assetstream.archive.inbox import StreamSink
from assetstream.archive.instants import moment
from assetstream.archive.writer import ArchiveWriter
from tests.support.processes import ROOT, clean_environment

__all__ = ["Findings", "main", "run"]

#: Rows a second, of so many currencies.
PACE, CURRENCIES = 3_000, 20
#: The kill comes so many seconds after the first row.
EARLIEST, LATEST = 0.05, 2.0


@dataclass
class Findings:
    """What the rounds have shown.

    Attributes:
        rounds: kills.
        rows: that were recorded before kills.
        broken: files that were not whole, or could not be read.
        wrong: answers of ``at()`` that were not the truth.
        missing: of each round, rows that were handed over and are not in the file.
        seconds: of each round, from the last that ``at()`` knows to the kill.
    """

    rounds: int = 0
    rows: int = 0
    broken: int = 0
    wrong: list[str] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(
            [
                f"rounds                      {self.rounds}",
                f"rows recorded               {self.rows:,}",
                f"broken files                {self.broken}",
                f"wrong answers of at()       {len(self.wrong)}",
                f"rows missing, most          {max(self.missing)}",
                f"rows missing, median        {sorted(self.missing)[self.rounds // 2]}",
                f"seconds not known, most     {max(self.seconds):.2f}",
            ]
        )


def record(path: Path, number: int) -> None:
    """Record until somebody kills us; each row is told of before it is handed over."""
    writer = ArchiveWriter(path, WriterFile(path), None, print)
    writer.start()
    sink = StreamSink(writer.inbox)
    sink.begin([StateChange("upbit", "a", State.LIVE, State.LIVE, "present")])
    began, done = time.perf_counter(), 0
    while True:
        due = int((time.perf_counter() - began) * PACE)
        updates = [made(number, n) for n in range(done, due)]
        for n, update in enumerate(updates, done):
            sys.stdout.write(f"{n} {update.received.timestamp():.6f}\n")
        sys.stdout.flush()
        for n, update in enumerate(updates, done):
            sink.put((update,), n)
        done = due
        time.sleep(0.001)


def made(number: int, n: int) -> AssetUpdate:
    """Make a row of a round."""
    return AssetUpdate(
        *("upbit", "a", f"C{n % CURRENCIES:02d}"),
        *(Decimal(f"{number}.{n:09d}"), Decimal(0)),
        *(None, datetime.now(timezone.utc), Source.STREAM, f"{number}-{n}"),
    )


def kill_once(path: Path, number: int, after: float) -> list[tuple[int, float]]:
    """Kill a recording program so long after its first row; return what it told."""
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.programs.archive_kill",
            "--record",
            str(path),
            str(number),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=clean_environment(),
    )
    with child:
        assert child.stdout is not None
        lines = [child.stdout.readline()]
        until = time.monotonic() + after
        while time.monotonic() < until:
            lines.append(child.stdout.readline())
        child.kill()
        lines += child.stdout.readlines()
    # The last line may be cut short.
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(int(n), float(at)) for n, at in whole]


def check(
    path: Path, number: int, told: list[tuple[int, float]], found: Findings
) -> None:
    """Look at what a kill has left."""
    killed = told[-1][1]
    with closing(sqlite3.connect(path)) as db:
        (whole,) = db.execute("PRAGMA integrity_check").fetchone()
        found.broken += whole != "ok"
        (rows,) = db.execute(
            "SELECT count(*) FROM updates WHERE update_id LIKE ?", (f"{number}-%",)
        ).fetchone()
        (alive,) = db.execute("SELECT alive FROM runs ORDER BY id DESC").fetchone()
    found.rounds += 1
    found.rows += rows
    found.missing.append(len(told) - rows)
    found.seconds.append(killed - max((alive - UNSURE) / 1e6, told[0][1]))
    with Archive(path) as archive:
        try:
            archive.at(datetime.now(timezone.utc), "a")
            found.wrong.append(f"{number}: at() knows what came after the kill")
        except StaleBalance:
            pass
        sure = alive - UNSURE
        if sure <= told[0][1] * 1e6:
            return  # killed too early to be sure of anything
        truth = {
            f"C{n % CURRENCIES:02d}": Decimal(f"{number}.{n:09d}")
            for n, at in told
            if round(at * 1e6) <= sure
        }
        held = archive.at(moment(sure), "a")
        for currency, amount in truth.items():
            if held[currency].available != amount:
                found.wrong.append(
                    f"{number}: {currency} {held[currency]} not {amount}"
                )


def run(rounds: int, path: Path, chance: random.Random) -> Findings:
    """Kill so many times."""
    found = Findings()
    for number in range(1, rounds + 1):
        told = kill_once(path, number, chance.uniform(EARLIEST, LATEST))
        check(path, number, told, found)
    return found


def main() -> None:
    """Kill, and print the table; or record until killed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.archive_kill",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.record:
        path, number = given.record
        record(Path(path), int(number))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "balances.db"
        found = run(given.rounds, path, random.Random(given.seed))
    print(found)
    for line in found.wrong:
        print(line)
    sys.exit(bool(found.broken or found.wrong))


if __name__ == "__main__":
    main()
