"""A relay's thread, with an engine in memory."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from assetstream import AssetStreamError, ConnectionLost, State, StreamGroup
from assetstream.runtime import threads
from assetstream.runtime.loop.waits import Deadline
from assetstream.sharing.entries import ResetEntry, UpdateEntry
from assetstream.sharing.relay_machine import STRICT
from assetstream.simulator.account import Account
from assetstream.streams.stream import run_of
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE
from tests.support.groups import wait_until
from tests.support.relays import RelayStage, running

pytestmark = pytest.mark.usefixtures("no_rate_limits")


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

    stage = RelayStage({"upbit-0": accounts["upbit-0"]})
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
    stage = RelayStage({"upbit-0": accounts["upbit-0"]})
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
