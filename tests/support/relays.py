"""A relay's thread with real streams, and an engine in memory."""

from __future__ import annotations

from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, Callable, Iterable, Iterator, Mapping

from assetstream import State, StreamGroup
from assetstream.runtime.loop.waits import Deadline
from assetstream.sharing.address import EngineAddress
from assetstream.sharing.entries import Pulse
from assetstream.sharing.ownership import Acquired, Seat
from assetstream.sharing.relay_machine import RelayMachine
from assetstream.sharing.relay_run import RelayRun
from assetstream.simulator.account import Account
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import wait_until

__all__ = ["PaperEngine", "RelayStage", "running"]


class PaperEngine:
    """An engine that has every account free, and notes what it is told."""

    address = EngineAddress("unix", path="paper")

    def __init__(self) -> None:
        self.pulses: list[Pulse] = []
        self.entries: list[tuple[str, Any]] = []
        self.released: dict[str, str] = {}
        self.tokens: dict[str, int] = {}
        self.policy = "noeviction"
        # Called before each command.
        self.trouble: Callable[[str], None] = lambda command: None
        self.closed = 0

    def connect(self) -> None:
        self.trouble("connect")

    def close(self) -> None:
        self.closed += 1

    def info(self) -> dict[str, str]:
        return {"maxmemory_policy": self.policy}

    def enlist(self, accounts: Iterable[str]) -> None:
        self.trouble("enlist")

    def seats(self, accounts: Iterable[str]) -> list[Seat]:
        self.trouble("seats")
        return [
            Seat(name, "me" if name in self.tokens else "", name in self.tokens)
            for name in accounts
        ]

    def acquire(
        self, worker: str, origins: Mapping[str, tuple[str, str]], connection: int
    ) -> dict[str, Acquired]:
        self.trouble("acquire")
        for name in origins:
            self.tokens[name] = self.tokens.get(name, 0) + 1
        return {name: Acquired(self.tokens[name], "") for name in origins}

    def publish(self, worker: str, batches: Mapping[str, Any]) -> dict[str, bool]:
        self.trouble("publish")
        for name, (token, entries) in batches.items():
            if token == self.tokens[name]:
                self.entries += [(name, entry) for entry, _ in entries]
        return {name: batches[name].token == self.tokens[name] for name in batches}

    def pulse(self, worker: str, pulse: Pulse, *, first: bool = False) -> int:
        self.trouble("pulse")
        self.pulses.append(pulse)
        return 1

    def release(
        self, worker: str, tokens: Mapping[str, int], reason: str, *, last: bool = False
    ) -> None:
        self.trouble("release")
        self.released.update(dict.fromkeys(tokens, reason))
        for name in tokens:
            self.tokens.pop(name, None)


class RelayStage:
    """A relay's run, and what surrounds it."""

    def __init__(self, accounts: Mapping[str, Account], **options: Any) -> None:
        self.engine = PaperEngine()
        self.errors = EventRecorder()
        self.states = EventRecorder()
        self.interrupts: SimpleQueue[BaseException] = SimpleQueue()
        self.group = StreamGroup(on_error=self.errors, on_state=self.states)
        exchanges = {label: each.exchange() for label, each in accounts.items()}
        self.run = RelayRun(
            "me",
            RelayMachine("me", dict.fromkeys(exchanges, ""), **options),
            self.engine,  # type: ignore[arg-type]
            self.group,
            exchanges,
            {"max_pending": 3},
            self.errors,
            self.interrupts.put,
        )

    def live(self, count: int) -> None:
        """Wait until so many accounts are vouched for."""
        wait_until(
            lambda: (
                len(self.group.health().states) == 1
                and self.group.health().states.get(State.LIVE) == count
                and self.engine.pulses[-1].left == {}
            )
        )


@contextmanager
def running(accounts: Mapping[str, Account], **options: Any) -> Iterator[RelayStage]:
    """Run a relay until the end of the block."""
    stage = RelayStage(accounts, **options)
    stage.run.thread.start()
    try:
        yield stage
    finally:
        stage.run.stop()
        assert stage.run.join(Deadline(PATIENCE))
        assert stage.group.stop()
        assert stage.run.over.happened
