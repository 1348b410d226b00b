"""``python -m tests.programs.chaos`` in small, and that each of its checks can fail."""

from __future__ import annotations

import random
import socket
import sys
import threading
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from assetstream import AssetUpdate, Balance, Health, Source, State, StateChange, Upbit
from assetstream.simulator import Simulator
from assetstream.simulator.catalogue import create
from assetstream.simulator.catalogue.pushes import LosePushes
from tests.programs.chaos import Figures, chaos, injection, ledger_check, run
from tests.programs.chaos.fault_effects import EffectCounter
from tests.programs.chaos.figures import BAD, SEVERAL
from tests.programs.chaos.ledger_check import (
    CheckedAccount,
    Listener,
    Watcher,
    note_live_without_data,
    recovered,
)
from tests.support import leftovers
from tests.support.event_recorder import PATIENCE
from tests.support.processes import Program
from tests.support.sockets import open_sockets


def figures_of(line: str) -> dict[str, str]:
    """Return the figures of a line by their names."""
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


@pytest.mark.programs
def test_the_command_small() -> None:
    """Some faults are met on both exchanges, without a finding."""
    small = ("--faults", "12", "--processes", "4", "--seed", "3")
    with Program("-m", "tests.programs.chaos", *small) as running:
        code = running.finish()

    assert code == 0, running.output
    printed = figures_of(running.out[-1])
    assert int(printed["met"]) >= 12
    assert [printed[what] for what in BAD] == ["0"] * len(BAD)
    assert "fast time: x20" in running.out[-1]


@pytest.mark.programs
def test_a_group_small() -> None:
    """Several accounts in a group meet faults without a finding."""
    figures = chaos("coinw", 3, 2, accounts=5)

    assert figures.met.total() >= 3
    assert not figures.bad, figures.notes


class OneDeposit(injection.Trade):
    """Trade that moves money once, as soon as the fault is on."""

    def __enter__(self) -> OneDeposit:
        self._accounts = [checked.account for checked in self._subjects]
        return self

    def set_trading(self, wanted: bool) -> None:
        while wanted and self._accounts:
            self._accounts.pop().deposit("BTC", "1")


def test_a_change_that_nobody_finds_is_condemned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A push that was lost while audits are off is a finding."""
    monkeypatch.setitem(LosePushes.__init__.__kwdefaults__, "share", 1.0)
    # A later push would mend the balance, and so would a new connection's snapshot: a
    # busy machine may be late with a pong.
    monkeypatch.setattr(injection, "Trade", OneDeposit)
    patient = replace(Upbit.limits, ping_interval=1e6, pong_timeout=1e6)
    monkeypatch.setattr(Upbit, "limits", patient)
    figures = chaos("upbit", 1, 1, ["pushes_lost"], audit_interval=None, bound=10.0)

    assert figures.bad["never_live"] == 1
    assert "pushes_lost" in figures.notes[0]


class Inattentive(Listener):
    """A listener that drops one update in four."""

    def on_asset(self, update: AssetUpdate) -> None:
        if self._rng.random() > 0.25:
            super().on_asset(update)


class Partial(Listener):
    """A listener that drops every update of one currency."""

    def on_asset(self, update: AssetUpdate) -> None:
        if update.currency != "BTC":
            super().on_asset(update)


@pytest.mark.programs
@pytest.mark.parametrize("listener", [Inattentive, Partial])
def test_an_update_that_is_not_delivered_is_condemned(
    listener: type[Listener],
) -> None:
    """The next update does not follow on the last, or the ledger differs in the end."""
    figures = chaos("coinw", 1, 1, ["pushes_duplicated"], listener=listener)

    assert figures.bad["missed"] > 0
    assert set(figures.bad) == {"missed"}


class Shown:
    """A stream that is LIVE and shows one balance, unmarked."""

    state = State.LIVE
    error = None
    reconnects = 0

    def __init__(self, amount: str) -> None:
        now = datetime.now(timezone.utc)
        balance = Balance(
            "upbit",
            "a",
            "BTC",
            Decimal(amount),
            Decimal(0),
            now,
            Source.STREAM,
            lambda balance: (0.0, False),
        )
        self.balances = {"BTC": balance}

    def health(self) -> Health:
        return Health(state=self.state, reconnects=self.reconnects, detection_time=0.01)


class Broken(Shown):
    """A stream whose health raises."""

    def health(self) -> Health:
        raise RuntimeError("broken")


class Noticed(Figures):
    """Figures with an event that is set by the first finding."""

    def __init__(self) -> None:
        super().__init__()
        self.noticed = threading.Event()

    def note(self, what: str, text: str) -> None:
        super().note(what, text)
        self.noticed.set()


def checked(stream: Any, figures: Figures) -> CheckedAccount:
    """Make an account with one BTC, followed by ``stream``."""
    account = Simulator().upbit({"BTC": "1"})
    return CheckedAccount(account, stream, Listener(random.Random(1), figures))


def test_an_unmarked_wrong_balance_is_condemned() -> None:
    """A balance wrong for longer than the detection time is a finding."""
    figures = Noticed()
    with Watcher([checked(Shown("2"), figures)], figures):
        assert figures.noticed.wait(PATIENCE)

    assert figures.bad["wrong"] >= 1
    judged = Figures()
    note_live_without_data([checked(Shown("1"), figures)], judged, "silent_drop")
    assert judged.bad["wrong"] == 1
    assert not recovered(checked(Shown("2"), figures), judged, 0.0, "a test")
    assert judged.bad["never_live"] == 1
    knows = checked(Shown("1"), figures)
    knows.listener.balances["BTC"] = (Decimal(1), Decimal(0))
    assert recovered(knows, judged, 0.0, "a test")
    assert judged.bad.total() == 2


def test_what_only_the_book_knows_is_condemned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A right stream whose listener lacks the update is a finding."""
    monkeypatch.setattr(ledger_check, "DELIVERED_AFTER", 0)
    figures = Figures()
    recovered(checked(Shown("1"), figures), figures, 5.0, "a test")

    assert figures.bad == {"missed": 1}


def test_a_loss_that_is_not_reported_is_condemned() -> None:
    """A reconnect without a change to STALE is a finding."""
    stream = Shown("1")
    stream.reconnects = 1
    figures = Figures()
    silent = checked(stream, figures)
    silent.listener.balances["BTC"] = (Decimal(1), Decimal(0))
    recovered(silent, figures, 5.0, "a test")
    stream.reconnects = 2
    silent.listener.stale = 1
    recovered(silent, figures, 5.0, "a test")

    assert figures.bad == {"illegal": 1}


def test_a_watcher_that_dies_is_condemned() -> None:
    """The death of the watching thread is a finding."""
    figures = Figures()
    with Watcher([checked(Broken("2"), figures)], figures) as watcher:
        watcher.join(PATIENCE)

    assert figures.notes == ["died: chaos-watcher: RuntimeError('broken')"]


def test_any_other_thread_that_dies_is_condemned() -> None:
    """The death of a trader's thread is a finding."""
    figures = Figures()
    with run.note_deaths(figures):
        thread = threading.Thread(target=Broken("1").health, name="trader")
        thread.start()
        thread.join()

    assert figures.notes == ["died: trader: RuntimeError('broken')"]


def test_an_illegal_change_of_state_is_condemned() -> None:
    """A change outside the table, or that does not follow the last, is a finding."""
    figures = Figures()
    listener = Listener(random.Random(0), figures)
    for previous, current in [
        (State.NEW, State.CONNECTING),
        (State.LIVE, State.STALE),
        (State.STALE, State.CONNECTING),
    ]:
        listener.on_state(StateChange("upbit", "a", previous, current, "a test"))

    assert figures.bad["illegal"] == 2


def test_folded_changes_of_state_are_judged_as_what_they_stand_for() -> None:
    """A slow handler is told of a start and a loss at once, never of half of it."""
    for folded, illegal in ((0, 1), (1, 0)):
        figures = Figures()
        listener = Listener(random.Random(0), figures)
        listener.state = State.CONNECTING
        listener.on_state(
            StateChange(
                *("upbit", "a", State.CONNECTING, State.STALE, "a test"), folded=folded
            )
        )
        assert figures.bad["illegal"] == illegal


def test_what_is_left_behind_is_condemned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leaked thread and a leaked socket are findings."""
    monkeypatch.setattr(leftovers, "END_TIME", 0.0)
    figures = Figures()
    threads, sockets = set(threading.enumerate()), open_sockets()
    over = threading.Event()
    thread = threading.Thread(target=over.wait, name="left")
    thread.start()
    with socket.socket():
        run.note_leaks(figures, threads, sockets)
    over.set()
    thread.join()

    assert figures.bad["leaked_threads"] == 1
    assert figures.bad["leaked_sockets"] == (sys.platform == "linux")
    if sys.platform == "linux":
        assert "family=" in figures.notes[-1]


def test_a_fault_that_nobody_meets_does_not_count() -> None:
    """An old error with the same words is no effect; a kind never met is a finding."""
    errors = ["127.0.0.1 cannot be reached (Connection refused)"]
    counter = EffectCounter("tcp_refused", create("tcp_refused"), [lambda: errors])
    assert not counter.met
    errors.append(errors[0])
    assert counter.met

    figures = Figures()
    figures.injected["upbit", "rest_slow"] = figures.injected["coinw", "rest_slow"] = (
        SEVERAL
    )
    figures.met["coinw", "rest_slow"] = 1
    figures.injected["upbit", "tcp_refused"] = SEVERAL - 1
    figures.note_never_met()
    assert figures.notes == [f"never_met: rest_slow struck upbit {SEVERAL} times"]
    assert figures.bad["never_met"] == 1
