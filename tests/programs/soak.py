"""A long run within bounds: memory, threads, sockets, and CPU of a quiet stream.

::

    python -m tests.programs.soak --updates 2000000 --reconnects 1000 --idle 20

A stream of each exchange runs against a server in its own process (``soak_server``), so
that only the SDK is measured:

* quiet: the stream is LIVE without pushes for ``--idle`` seconds; its CPU is measured.
* updates: that many pushes in all reach ``on_asset``, after as many as fill the former
  values that the book keeps (A3).
* reconnects: that many connections in all end, in four ways in turn, and each time the
  stream is LIVE again. Backoff waits as after a healthy connection, but a twentieth as
  long (``fast_time``).

After each tenth a line has memory, threads and file descriptors. The exit code is 1 if
memory grew by more than GROWTH after the second tenth (the first ones warm up), if a
thread or descriptor was gained or left behind, or if the quiet stream took too much
CPU. Linux only.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import Callable, Iterator
from unittest.mock import patch

from assetstream import AssetStream, AssetUpdate, CoinW, State, StateChange, Upbit
from assetstream.core import reconnect
from assetstream.core.past import MOST_KEPT
from assetstream.protocol import Exchange
from tests.programs.soak_server import CURRENCIES, WAYS
from tests.support.clock import fast_time
from tests.support.event_recorder import PATIENCE
from tests.support.processes import ROOT

#: The most that memory may grow from the second tenth to the last, MiB.
GROWTH = 1.0
#: The most that a quiet stream may use of one CPU, and what an audit may use beside it.
IDLE_SHARE, AUDIT_CPU = 0.01, 0.05
#: Pushes under way at the same time; few, or memory would show how far a busy machine
#: lets the mailbox fill.
CHUNK = 500


class Server:
    """The process of ``soak_server``, ended with the ``with`` block."""

    def __enter__(self) -> Server:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.programs.soak_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        self._port = self._process.stdout.readline().strip()
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.communicate(timeout=PATIENCE)  # closes its stdin

    def exchange(self, name: str) -> Exchange:
        """Return the adapter of an account there."""
        at = f"127.0.0.1:{self._port}"
        ws_url, rest_url = f"ws://{at}/ws/{name}", f"http://{at}"
        if name == "upbit":
            return Upbit("k", "s", region="sg", ws_url=ws_url, rest_url=rest_url)
        return CoinW("k", "s", ws_url=ws_url, rest_url=rest_url)

    def send(self, command: str, name: str, argument: object) -> None:
        """Send the server a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command} {name} {argument}\n")
        self._process.stdin.flush()


class Subject:
    """A stream, and counts of its events."""

    def __init__(self, server: Server, name: str) -> None:
        self.name = name
        self._server = server
        self._changed = threading.Condition()
        self._pushed = 0
        self._updates = 0
        self._lives = 0
        self.stream = AssetStream(
            server.exchange(name),
            on_asset=self._on_asset,
            on_error=lambda error: None,
            on_state=self._on_state,
        )
        self.stream.start(timeout=None)
        self._wait(lambda: self._lives == 1)
        self._updates = 0

    def push(self, count: int) -> None:
        """Push that many changes, and wait until each was handed over."""
        self._server.send("push", self.name, count)
        self._pushed += count
        self._wait(lambda: self._updates >= self._pushed)

    def drop(self, way: str) -> None:
        """End the connection."""
        self._server.send("drop", self.name, way)

    def live_again(self, times: int) -> None:
        """Wait until the stream has been LIVE that many times after the first."""
        self._wait(lambda: self._lives > times)

    def _wait(self, met: Callable[[], bool]) -> None:
        with self._changed:
            if not self._changed.wait_for(met, PATIENCE):
                raise SystemExit(f"no update from {self.name}: {self.stream.health()}")

    def _on_asset(self, update: AssetUpdate) -> None:
        self._updates += 1
        if self._updates >= self._pushed:
            with self._changed:
                self._changed.notify()

    def _on_state(self, change: StateChange) -> None:
        if change.current is State.LIVE:
            with self._changed:
                self._lives += 1
                self._changed.notify()


class Gauge:
    """Samples of this process."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._memory: list[float] = []
        self._kept: tuple[int, int] | None = None
        self.complaints: list[str] = []

    def sample(self, done: int) -> None:
        """Print a line."""
        # What is lost once is complained of once.
        kept = settled(None if self.complaints else self._kept)
        self._kept = self._kept or kept
        if kept != self._kept:
            self.complaints.append(
                f"{self._what}: (threads, descriptors) {self._kept} became {kept}"
            )
        self._memory.append(memory())
        print(
            f"{self._what:12}{done:9}{self._memory[-1]:9.2f} MiB"
            f"{kept[0]:5} threads{kept[1]:5} descriptors",
            flush=True,
        )

    def finish(self) -> list[str]:
        """Return the findings."""
        grown = self._memory[-1] - self._memory[1]
        print(f"{self._what}: {grown:+.2f} MiB from the second tenth to the last")
        if grown > GROWTH:
            self.complaints.append(f"{self._what}: memory grew by {grown:.2f} MiB")
        return self.complaints


def memory() -> float:
    """Return the process's resident memory, MiB."""
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def kept_now() -> tuple[int, int]:
    """Return the numbers of threads and file descriptors."""
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


def settled(expected: tuple[int, int] | None) -> tuple[int, int]:
    """Return the same numbers once the helpers of REST calls have ended."""
    deadline = time.monotonic() + PATIENCE
    while any("-rest" in t.name or "lookup" in t.name for t in threading.enumerate()):
        time.sleep(0.001)
        if time.monotonic() > deadline:
            break
    while (kept := kept_now()) != expected and expected and time.monotonic() < deadline:
        time.sleep(0.001)
    return kept


@contextmanager
def streams(server: Server) -> Iterator[list[Subject]]:
    """Start one stream of each exchange, to LIVE."""
    with ExitStack() as stack:
        subjects = []
        for name in ("upbit", "coinw"):
            subject = Subject(server, name)
            stack.callback(subject.stream.stop, timeout=None)
            subjects.append(subject)
        yield subjects


def quiet(server: Server, seconds: float) -> list[str]:
    """Leave each stream without anything to do."""
    complaints = []
    for name in ("upbit", "coinw"):
        subject = Subject(server, name)
        began = time.process_time()
        threading.Event().wait(seconds)
        used = time.process_time() - began
        state = subject.stream.state
        subject.stream.stop(timeout=None)
        print(f"quiet {name}: {used:.3f} s of CPU in {seconds:g} s, {state}")
        if used > IDLE_SHARE * seconds + AUDIT_CPU or state is not State.LIVE:
            complaints.append(f"quiet {name}: {used:.3f} s of CPU, {state}")
    return complaints


def updates(server: Server, count: int) -> list[str]:
    """Push that many updates."""
    gauge = Gauge("updates")
    with streams(server) as subjects:
        push(subjects, MOST_KEPT * len(CURRENCIES))
        for tenth in range(1, 11):
            push(subjects, count // 10 // len(subjects))
            gauge.sample(count * tenth // 10)
        for subject in subjects:
            health = subject.stream.health()
            if health.reconnects or health.folded or health.ignored or health.drifts:
                gauge.complaints.append(f"updates: {subject.name}: {health}")
    return gauge.finish()


def push(subjects: list[Subject], count: int) -> None:
    """Push that many updates to each stream in turn."""
    for begin in range(0, count, CHUNK):
        for subject in subjects:
            subject.push(min(CHUNK, count - begin))


def reconnects(server: Server, count: int) -> list[str]:
    """End that many connections."""
    gauge = Gauge("reconnects")
    rounds = 0
    # Each of these connections counts as healthy, or delays would grow to a minute.
    healthy = patch.object(reconnect, "HEALTHY", 0.0)
    with fast_time(), healthy, streams(server) as subjects:
        for tenth in range(1, 11):
            for _ in range(count // 10 // len(subjects)):
                way = WAYS[rounds % len(WAYS)]
                rounds += 1
                for subject in subjects:
                    subject.drop(way)
                for subject in subjects:
                    subject.live_again(rounds)
            gauge.sample(count * tenth // 10)
        for subject in subjects:
            # Time is fast: a busy machine may lose one more, by a pong that is late.
            health = subject.stream.health()
            if health.reconnects < rounds:
                gauge.complaints.append(f"reconnects: {subject.name}: {health}")
    return gauge.finish()


def main() -> int:
    """Run the soak that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--updates", type=int, default=2_000_000, help="in all")
    parser.add_argument("--reconnects", type=int, default=1000, help="in all")
    parser.add_argument("--idle", type=float, default=20.0, help="seconds of quiet")
    options = parser.parse_args()
    logging.getLogger("assetstream").setLevel(logging.CRITICAL)
    with Server() as server:
        before = settled(None)
        complaints = quiet(server, options.idle)
        complaints += updates(server, options.updates)
        complaints += reconnects(server, options.reconnects)
        after = settled(before)
    if after != before:
        complaints.append(f"(threads, descriptors) {before} are {after} in the end")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
