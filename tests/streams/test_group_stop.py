"""Stopping a group in every phase, and what callbacks may do to it."""

from __future__ import annotations

import logging
import threading

import pytest

from assetstream import (
    AssetUpdate,
    Source,
    State,
    StreamGroup,
    StreamStateError,
)
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import group_threads, streams, wait_until

pytestmark = pytest.mark.usefixtures("no_rate_limits")


def test_stop_in_the_middle_of_connecting(
    exchange: Simulator, accounts: dict[str, Account]
) -> None:
    """The group ends however the servers behave."""
    with exchange.fault("handshake_unanswered"):
        group = StreamGroup(streams(accounts, connect_timeout=PATIENCE))
        group.start(wait=False)
        wait_until(lambda: len([n for n in group_threads() if "helper" in n]) > 1)
        assert group.stop(), "it waits for no answer"
    assert not group_threads()
    assert group.health().states == {State.STOPPED: 8}
    with pytest.raises(StreamStateError, match="stopped"):
        group.start()


@pytest.mark.parametrize("where", ["on_state", "on_progress"])
def test_stop_in_a_callback(accounts: dict[str, Account], where: str) -> None:
    """``stop`` returns at once, and everything ends."""
    group = StreamGroup(streams(accounts))
    answers: list[bool] = []
    getattr(group, where)(lambda event: answers.append(group.stop()))
    group.start(wait=False)
    wait_until(lambda: answers)
    assert group.stop()
    assert set(answers) == {True}
    assert not group_threads()


def test_stop_by_many_threads_at_once(accounts: dict[str, Account]) -> None:
    """Each thread gets True."""
    group = StreamGroup(streams(accounts))
    group.start()
    answers: list[bool] = []
    callers = [
        threading.Thread(target=lambda: answers.append(group.stop())) for _ in range(8)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(PATIENCE)
    assert answers == [True] * 8
    assert group.stop()


def test_run_forever_ends_with_stop(accounts: dict[str, Account]) -> None:
    """Another thread stops it; run_forever starts the group if needed."""
    group = StreamGroup(streams(accounts))
    all_live = threading.Event()
    group.on_progress(lambda progress: progress.live == 8 and all_live.set())
    stopper = threading.Thread(target=lambda: all_live.wait(PATIENCE) and group.stop())
    stopper.start()
    group.run_forever()
    stopper.join(PATIENCE)
    assert not group_threads()


def test_what_a_handler_raises_to_end_it_comes_out(
    accounts: dict[str, Account], caplog: pytest.LogCaptureFixture
) -> None:
    """SystemExit of one handler comes out of run_forever()."""

    def leave(update: AssetUpdate) -> None:
        raise SystemExit(3)

    caplog.set_level(logging.CRITICAL, "assetstream")
    group = StreamGroup(streams(accounts), on_asset=leave)
    with pytest.raises(SystemExit):
        group.run_forever()
    assert not group_threads()


def test_waiting_in_a_callback_is_refused(accounts: dict[str, Account]) -> None:
    """A wait for any account would hold up all of them."""
    group = StreamGroup(streams(accounts))
    refused: list[Exception] = []

    def wait(update: AssetUpdate) -> None:
        if update.source is not Source.STREAM:
            return
        for call in (
            group.run_forever,
            lambda: group.streams["coinw-1"].wait_for(lambda u: True, 1),
        ):
            try:
                call()
            except StreamStateError as error:
                refused.append(error)

    group.streams["upbit-0"].on_asset(wait)
    with group:
        accounts["upbit-0"].deposit("BTC", "1")
        wait_until(lambda: len(refused) >= 2)
    assert all("callback" in str(error) for error in refused)


def test_a_slow_handler_holds_up_only_its_own_account(
    accounts: dict[str, Account], recorder: EventRecorder
) -> None:
    """A second worker serves the others; balances are always current."""
    entered, release = threading.Event(), threading.Event()

    def slow(update: AssetUpdate) -> None:
        if update.source is Source.STREAM:
            entered.set()
            release.wait(PATIENCE)

    group = StreamGroup(streams(accounts), on_asset=recorder, workers=2)
    group.streams["upbit-0"].on_asset(slow)
    with group:
        accounts["upbit-0"].deposit("BTC", "1")
        assert entered.wait(PATIENCE)
        for label in list(accounts)[1:]:
            accounts[label].deposit("BTC", "2")
            recorder.wait_for(lambda u, a=label: u.account == a and u.available == 3)
        accounts["upbit-0"].deposit("BTC", "3")
        wait_until(lambda: group.balances["upbit-0"]["BTC"].available == 5)
        assert not group.stop(0.01), "it holds its thread"
        release.set()
        assert group.stop()
