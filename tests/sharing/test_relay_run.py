"""A relay's thread, with an engine in memory."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, Callable, Iterable, Iterator, Mapping

import pytest

from assetstream import AssetStreamError, ConnectionLost, State, StreamGroup
from assetstream.runtime import threads
from assetstream.runtime.loop.waits import Deadline
from assetstream.sharing.address import EngineAddress
from assetstream.sharing.entries import Pulse, ResetEntry, UpdateEntry
from assetstream.sharing.ownership import Acquired, Seat
from assetstream.sharing.relay_machine import STRICT, RelayMachine
from assetstream.sharing.relay_run import RelayRun
from assetstream.simulator.account import Account
from assetstream.streams.stream import run_of
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import wait_until

pytestmark = pytest.mark.usefixtures("no_rate_limits")


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


class Stage:
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
def running(accounts: Mapping[str, Account], **options: Any) -> Iterator[Stage]:
    """Run a relay until the end of the block."""
    stage = Stage(accounts, **options)
    stage.run.thread.start()
    try:
        yield stage
    finally:
        stage.run.stop()
        assert stage.run.join(Deadline(PATIENCE))
        assert stage.group.stop()
        assert stage.run.over.happened


def test_o5_accounts_are_owned_until_the_end(accounts: dict[str, Account]) -> None:
    """The whole book is written first, and everything is given back."""
    with running(accounts) as stage:
        stage.live(8)
        accounts["upbit-1"].deposit("BTC", "2")
        wait_until(
            lambda: any(
                isinstance(entry, UpdateEntry) and entry.available == "3"
                for _, entry in stage.engine.entries
            )
        )

    assert set(stage.engine.released) == set(accounts)
    firsts = {name: entry for name, entry in reversed(stage.engine.entries)}
    assert all(isinstance(entry, ResetEntry) for entry in firsts.values())
    assert stage.run.published == len(stage.engine.entries)
    assert stage.run.failure is None
    assert stage.engine.closed


def test_p2_every_thread_of_streams_says_its_part(
    accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one cannot serve them all; and one that is stuck silences the worker."""
    monkeypatch.setattr(threads, "most_streams", lambda: 3)
    with running(accounts) as stage:
        stage.live(8)
        streams = [run_of(stream).started() for stream in stage.group]
        assert len({stream.reader_thread for stream in streams}) == 3
        free, stuck = threading.Event(), threading.Event()

        def stand_still() -> None:
            stuck.set()
            assert free.wait(PATIENCE)

        streams[0].post(stand_still)
        assert stuck.wait(PATIENCE)
        before = len(stage.engine.pulses)
        for _ in range(3):  # those of another thread are written all the same
            written = len(stage.engine.entries)
            accounts[streams[-1].present.account].deposit("BTC", "1")
            wait_until(lambda n=written: len(stage.engine.entries) > n)
        # One may have been composed before.
        assert len(stage.engine.pulses) <= before + 1
        free.set()

        wait_until(lambda: len(stage.engine.pulses) > before + 2)
        assert stage.engine.pulses[-1].left == {}


def test_p3_nothing_is_kept_while_the_engine_is_away(
    accounts: dict[str, Account],
) -> None:
    """Then the whole books are written; and the user is told once."""
    away = threading.Event()

    def trouble(command: str) -> None:
        if away.is_set():
            raise ConnectionLost("the engine is away")

    with running({"upbit-0": accounts["upbit-0"]}) as stage:
        stage.live(1)
        stage.engine.trouble = trouble
        away.set()
        stage.errors.wait_for(lambda e: isinstance(e, ConnectionLost))
        before = len(stage.engine.entries)
        accounts["upbit-0"].deposit("BTC", "1")
        wait_until(lambda: stage.group.total("BTC") == 2)
        away.clear()
        wait_until(lambda: stage.run.machine.resets == 2)

        first = stage.engine.entries[before][1]
        assert isinstance(first, ResetEntry)
        assert first.book["BTC"].available == "2"
    assert len(stage.errors.of(ConnectionLost)) == 1


def test_o3_a_stream_ends_though_the_engine_does_not_answer(
    accounts: dict[str, Account], time_machine: TimeMachine
) -> None:
    """The relay's own thread is waiting just then."""
    free = threading.Event()
    asked = threading.Event()

    def trouble(command: str) -> None:
        asked.set()
        assert free.wait(PATIENCE)

    with running({"upbit-0": accounts["upbit-0"]}, hold=STRICT) as stage:
        stage.live(1)
        stage.engine.trouble = trouble
        assert asked.wait(PATIENCE)
        time_machine.jump(STRICT + 0.1, *stage.group)
        change = stage.states.wait_for_state(State.STOPPED)
        assert "cut off" in change.reason
        free.set()
        stage.states.wait_for_state(State.LIVE, times=2)


def test_a_stream_that_cannot_be_begun_is_given_back(
    accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told of, and the others run."""
    add = StreamGroup.add

    def refuse(group: StreamGroup, stream: Any) -> None:
        if stream.account == "upbit-1":
            raise RuntimeError("can't start new thread")
        add(group, stream)

    monkeypatch.setattr(StreamGroup, "add", refuse)
    two = {label: accounts[label] for label in ("upbit-0", "upbit-1")}
    with running(two) as stage:
        error = stage.errors.wait_for(lambda e: isinstance(e, AssetStreamError))
        assert error.account == "upbit-1"
        assert "can't start" in error.problem
        stage.live(1)

        wait_until(lambda: "upbit-1" in stage.engine.released)


def test_what_is_not_understood_ends_it(
    accounts: dict[str, Account], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is left running, and it says so."""

    def trouble(command: str) -> None:
        if command == "publish":
            raise ZeroDivisionError

    stage = Stage({"upbit-0": accounts["upbit-0"]})
    stage.engine.trouble = trouble
    with caplog.at_level(logging.ERROR):
        stage.run.thread.start()
        assert stage.run.over.wait(Deadline(PATIENCE))
    assert stage.run.join(Deadline(PATIENCE))
    assert stage.group.stop()

    assert stage.run.failure is not None
    assert isinstance(stage.run.failure.__cause__, ZeroDivisionError)
    assert "internal error" in caplog.text


def test_a_handler_that_exits_is_told_of(accounts: dict[str, Account]) -> None:
    """It ends the group, and is to end the relay."""
    with running({"upbit-0": accounts["upbit-0"]}) as stage:

        def leave(change: object) -> None:
            raise SystemExit(3)

        stage.group.on_state(leave)

        assert isinstance(stage.interrupts.get(timeout=PATIENCE), SystemExit)


def test_an_engine_that_drops_data_is_told_of_once(
    accounts: dict[str, Account],
) -> None:
    """However often it is connected to."""
    stage = Stage({"upbit-0": accounts["upbit-0"]})
    stage.engine.policy = "allkeys-lru"
    stage.run.thread.start()
    error = stage.errors.wait_for(lambda e: "allkeys-lru" in str(e))
    stage.run.stop()
    assert stage.run.join(Deadline(PATIENCE))
    stage.group.stop()

    assert not error.fatal
    assert "noeviction" in error.remedy


def test_a_stream_that_the_user_has_removed_does_no_harm(
    accounts: dict[str, Account],
) -> None:
    """The group is the user's as well."""
    with running({"upbit-0": accounts["upbit-0"]}) as stage:
        stage.live(1)
        stage.group.remove("upbit-0")
        wait_until(lambda: stage.engine.pulses[-1].left == {"upbit-0": 0.0})

    assert set(stage.engine.released) == {"upbit-0"}
