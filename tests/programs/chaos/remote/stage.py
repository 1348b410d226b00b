"""The exchange, the engines, the workers and the readers; and what strikes them."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, Callable, Sequence

from assetstream.runtime.loop import clock
from assetstream.simulator import Simulator
from assetstream.simulator.catalogue import create
from tests.programs.chaos.remote.proxy import HoldingProxy
from tests.programs.chaos.remote.truth import Reading, Truth
from tests.programs.chaos.remote.watch import TokenWatch
from tests.support.engines import EngineServer
from tests.support.event_recorder import PATIENCE
from tests.support.processes import ROOT

__all__ = ["FAULTS", "OF_THE_ENGINE", "Reader", "Stage", "Worker"]

#: Appended to its file every second, so a kill loses little.
DURABLE = ("--appendonly", "yes", "--appendfsync", "everysec")
#: A replica need not wait for others of its kind.
AT_ONCE = ("--repl-diskless-sync-delay", "0")
#: By how much the clocks of a worker in a namespace are ahead; seconds.
AHEAD = 500_000
LOOK = 0.05


def time_namespace() -> tuple[str, ...]:
    """Return the words that begin a program in another time; () if that cannot be."""
    words = ("unshare", "--time", "--monotonic", str(AHEAD))
    if shutil.which("unshare") is None:
        return ()
    tried = subprocess.run([*words, "true"], capture_output=True, check=False)
    return words if tried.returncode == 0 else ()


class Process:
    """A program, which prints a JSON array a line, behind a proxy of its own."""

    def __init__(
        self,
        name: str,
        module: str,
        path: str,
        config: dict[str, Any],
        prefix: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.lines: list[list[Any]] = []
        self.proxy = HoldingProxy(path)
        config["url"] = self.proxy.url
        self._process = subprocess.Popen(
            [*prefix, sys.executable, "-m", module, json.dumps(config)],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        self._thread = threading.Thread(target=self._read, name=f"reads-{name}")
        self._thread.start()

    def send(self, number: int) -> None:
        """Send a signal."""
        if self._process.poll() is None:
            self._process.send_signal(number)

    @property
    def alive(self) -> bool:
        """True while it has not ended."""
        return self._process.poll() is None

    def end(self, number: int = signal.SIGKILL) -> None:
        """End it by a signal; a proxy that holds its last bytes goes on."""
        self.send(signal.SIGCONT)
        self.send(number)
        self._process.wait(PATIENCE)
        self._thread.join(PATIENCE)

    def close(self) -> None:
        """End it and its proxy."""
        self.end()
        self.proxy.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            for line in pipe:
                self.lines.append(json.loads(line))


class Worker(Process):
    """A worker's process."""


class Reader(Process):
    """A reader's process."""

    def readings(self) -> list[Reading]:
        """Return what it has read LIVE and unmarked so far."""
        return [Reading(*line[1:6]) for line in self.lines if line[0] == "read"]

    def states(self, since: float = 0.0) -> list[tuple[float, str, str]]:
        """Return (when, account, state) since then."""
        return [
            (line[1], line[2], line[3])
            for line in tuple(self.lines)
            if line[0] == "state" and line[1] >= since
        ]

    def shown(self, account: str, since: float) -> tuple[str, str] | None:
        """Return what it has read last of an account since then, and was told last."""
        for line in reversed(self.lines):
            if line[0] == "read":
                if line[1] < since:
                    break
                if line[3] == account:
                    return line[4], line[6]
        return None


class Stage:
    """All of them, inside a ``with`` block.

    Args:
        engine: "redis" or "valkey".
        accounts: how many.
        workers: how many; all may own every account.
        readers: how many; each reads every account.
        seed: of trade and faults.
        control: the readers believe a pulse from when it came.
        durable: the engine keeps what it has when it is killed.
        options: of the relays.
    """

    def __init__(
        self,
        engine: str,
        *,
        accounts: int,
        workers: int,
        readers: int,
        seed: int,
        control: bool = False,
        durable: bool = True,
        options: dict[str, Any] | None = None,
    ) -> None:
        self._stack = ExitStack()
        self._kind = engine
        self._keeps = (*AT_ONCE, *(DURABLE if durable else ()))
        self._counts = workers, readers
        self._control = control
        self._options = options or {}
        self._seed = seed
        self._account_count = accounts
        self._names = 0
        self._prefix = time_namespace()
        self.workers: list[Worker] = []
        self.readers: list[Reader] = []
        self._gone: list[Worker] = []

    def __enter__(self) -> Stage:
        with ExitStack() as stack:
            # Engines first: what is entered last ends first.
            self.engine = stack.enter_context(EngineServer(self._kind, *self._keeps))
            self.replica = stack.enter_context(EngineServer(self._kind, *self._keeps))
            self._bridge = HoldingProxy(self.engine.path)
            stack.callback(self._bridge.close)
            self._follow()
            self.simulator = stack.enter_context(Simulator(rate_limits=False))
            self.truth = stack.enter_context(
                Truth(self.simulator, self._account_count, self._seed)
            )
            stack.callback(self._end)
            labels = list(self.truth.accounts)
            self.watch = stack.enter_context(
                TokenWatch(labels, lambda: self.engine.path)
            )
            for number in range(self._counts[0]):
                self.hire(ahead=number % 2 == 1)
            for number in range(self._counts[1]):
                config = {
                    "accounts": labels,
                    "control": self._control,
                    "group": number % 2 == 0,
                }
                self.readers.append(
                    Reader(
                        f"reader-{number}",
                        "tests.programs.chaos.remote.reader",
                        self.engine.path,
                        config,
                    )
                )
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def hire(self, *, ahead: bool = False) -> Worker:
        """Start a worker; ``ahead``: in another time, where there can be one."""
        self._names += 1
        prefix = self._prefix if ahead else ()
        config = {
            "accounts": {
                label: account.environment()
                for label, account in self.truth.accounts.items()
            },
            "options": self._options,
            "shift": AHEAD if prefix else 0,
        }
        module = "tests.programs.chaos.remote.worker"
        name = f"worker-{self._names}"
        worker = Worker(name, module, self.engine.path, config, prefix)
        self.workers.append(worker)
        return worker

    def dismiss(self, worker: Worker, number: int = signal.SIGKILL) -> None:
        """End a worker; what its proxy holds may still come."""
        self.workers.remove(worker)
        self._gone.append(worker)
        worker.end(number)

    def calm(self) -> None:
        """Take all faults away."""
        self.engine.resume()
        for process in (*self.workers, *self.readers, *self._gone):
            process.send(signal.SIGCONT)
            process.proxy.let_go()
        self._bridge.let_go()

    def troubles(self) -> list[str]:
        """Return what is not LIVE, right and single."""
        since = clock.now() - 2.0
        found: list[str] = []
        for label, account in self.truth.accounts.items():
            if account.subscribers != 1:
                found.append(f"{label} has {account.subscribers} connections")
            for reader in self.readers:
                shown = reader.shown(label, since)
                if shown is None or not all(
                    self.truth.is_good(label, each, since) for each in shown
                ):
                    found.append(f"{reader.name} shows {label} as {shown}")
        return found

    def wait_until_live(self) -> list[str]:
        """Wait until all is LIVE, right and single; return what is not, if it ends."""
        end = time.monotonic() + PATIENCE
        while (wrong := self.troubles()) and time.monotonic() < end:
            time.sleep(LOOK)
        return wrong

    def promote(self) -> None:
        """Let the replica take the engine's place, which it follows from then on."""
        self.engine.kill()
        self.replica.do("REPLICAOF", "NO", "ONE")
        self.engine, self.replica = self.replica, self.engine
        for process in (*self.workers, *self.readers):
            process.proxy.point_at(self.engine.path)
        self._bridge.point_at(self.engine.path)
        self.replica.start()
        self._follow()

    def lag(self) -> None:
        """Let the replica fall behind until ``catch_up``."""
        self._bridge.hold("down")

    def catch_up(self) -> None:
        """Let the replica have what it lacks."""
        self._bridge.let_go()

    def _follow(self) -> None:
        self.replica.do("REPLICAOF", "127.0.0.1", str(self._bridge.port))

    def _end(self) -> None:
        self.engine.resume()
        for process in (*self.readers, *self.workers, *self._gone):
            process.close()


Undo = Callable[[], object]


def _kill(stage: Stage, rng: random.Random) -> Undo:
    stage.dismiss(rng.choice(stage.workers))
    return stage.hire


def _terminate(stage: Stage, rng: random.Random) -> Undo:
    stage.dismiss(rng.choice(stage.workers), signal.SIGTERM)
    return stage.hire


def _kill_late(stage: Stage, rng: random.Random) -> Undo:
    """Kill one whose last words come late."""
    worker = rng.choice(stage.workers)
    worker.proxy.hold("up")
    time.sleep(rng.uniform(0.0, 1.0))
    stage.dismiss(worker)

    def undo() -> None:
        worker.proxy.let_go()
        stage.hire()

    return undo


def _suspend_worker(stage: Stage, rng: random.Random) -> Undo:
    worker = rng.choice(stage.workers)
    worker.send(signal.SIGSTOP)
    return partial(worker.send, signal.SIGCONT)


def _suspend_reader(stage: Stage, rng: random.Random) -> Undo:
    reader = rng.choice(stage.readers)
    reader.send(signal.SIGSTOP)
    return partial(reader.send, signal.SIGCONT)


def _hold(stage: Stage, rng: random.Random) -> Undo:
    process: Process = rng.choice([*stage.workers, *stage.readers])
    way = rng.choice(["up", "down"])
    process.proxy.hold(way)
    return partial(process.proxy.let_go, way)


def _pause_engine(stage: Stage, rng: random.Random) -> Undo:
    engine = stage.engine
    engine.pause()
    return engine.resume


def _kill_engine(stage: Stage, rng: random.Random) -> Undo:
    engine = stage.engine
    engine.kill()

    def undo() -> None:
        if engine is stage.engine:
            engine.start()

    return undo


def _flush(stage: Stage, rng: random.Random) -> Undo:
    stage.engine.do("FLUSHALL")
    return lambda: None


def _promote(stage: Stage, rng: random.Random) -> Undo:
    stage.lag()
    time.sleep(rng.uniform(0.0, 2.0))
    stage.promote()
    return stage.catch_up


def _drop(stage: Stage, rng: random.Random) -> Undo:
    account = rng.choice(list(stage.truth.accounts.values()))
    switch = stage.simulator.faults.add(create("tcp_reset", account=account))
    stage.truth.cut(account)

    def undo() -> None:
        switch.off()
        stage.truth.cut(account)

    return undo


#: Of these, one at a time.
OF_THE_ENGINE = {
    "pause the engine",
    "kill the engine",
    "empty the engine",
    "promote a replica that lags",
}
#: What may strike; each returns what ends it.
FAULTS: dict[str, Callable[[Stage, random.Random], Undo]] = {
    "kill a worker": _kill,
    "end a worker": _terminate,
    "kill a worker whose last words come late": _kill_late,
    "suspend a worker": _suspend_worker,
    "suspend a reader": _suspend_reader,
    "hold bytes": _hold,
    "pause the engine": _pause_engine,
    "kill the engine": _kill_engine,
    "empty the engine": _flush,
    "promote a replica that lags": _promote,
    "cut an exchange's connection": _drop,
}
