"""The history of a running stream: the updates and gaps that are kept."""

from __future__ import annotations

import itertools
import threading
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from assetstream import (
    AssetStream,
    AssetUpdate,
    ConfigurationError,
    Source,
    State,
    StreamGroup,
)
from assetstream.model.history import Recent
from assetstream.runtime.stream_run import GROUP_HISTORY
from assetstream.simulator import Account, Simulator
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.histories import updates
from tests.support.specs import make_upbit


def changes_of(stream: AssetStream) -> list[tuple[str, Decimal]]:
    """Return (currency, total) of each update in the history."""
    return [(update.currency, update.total) for update in stream.history]


def test_history_needs_no_handler(account: Account) -> None:
    """The history has the snapshot and each change, and outlives the stream."""
    stream = AssetStream(account.exchange())
    assert list(stream.history) == []
    with stream:
        with stream.expect(lambda u: u.total == 1002, timeout=PATIENCE):
            account.deposit("USDT", 1)
            account.deposit("USDT", 1)
        kept = stream.history

    assert sorted(changes_of(stream)[:2]) == [("BTC", 1), ("USDT", 1000)]
    assert changes_of(stream)[2:] == [("USDT", 1001), ("USDT", 1002)]
    assert list(stream.history) == list(kept)
    assert kept[-1].change == 1
    assert [update.raw for update in kept] == [b""] * 4


def test_a_handler_finds_its_update_in_the_history(account: Account) -> None:
    """W2: history and handlers get each update in one step, in one order."""
    found: list[bool] = []
    updates: list[AssetUpdate] = []
    delivered = threading.Event()

    def note(update: AssetUpdate) -> None:
        kept = msgspec.structs.replace(update, raw=b"")
        found.append(kept in stream.history)
        updates.append(kept)
        if update.total == 1020:
            delivered.set()

    stream = AssetStream(account.exchange(), on_asset=note)
    with stream:
        for _ in range(20):
            account.deposit("USDT", 1)
        assert delivered.wait(PATIENCE)

    assert found
    assert all(found)
    assert list(stream.history)[: len(updates)] == updates


def test_a_slow_handler_folds_nothing_here(account: Account) -> None:
    """D1 folds updates for handlers only; the history has each one."""
    free = threading.Event()
    recorder = EventRecorder()

    def slow(update: AssetUpdate) -> None:
        assert free.wait(PATIENCE)
        recorder(update)

    with AssetStream(account.exchange(), on_asset=slow, max_pending=1) as stream:
        with stream.expect(lambda u: u.total == 1005, timeout=PATIENCE):
            for _ in range(5):
                account.deposit("USDT", 1)
        usdt = [update for update in stream.history if update.currency == "USDT"]
        free.set()
        recorder.wait_for(lambda update: update.total == 1005)

    assert [update.total for update in usdt] == [1000, 1001, 1002, 1003, 1004, 1005]
    assert [update.folded for update in usdt] == [0] * 6
    assert recorder.updates[-1].folded > 0


@pytest.mark.parametrize(("most", "kept"), [(2, [1001, 1002]), (0, [])])
def test_it_is_bounded(account: Account, most: int, kept: list[int]) -> None:
    """The oldest updates go; with 0 none is kept."""
    with AssetStream(account.exchange(), history=most) as stream:
        with stream.expect(lambda u: u.total == 1002, timeout=PATIENCE):
            account.deposit("USDT", 1)
            account.deposit("USDT", 1)

        assert [update.total for update in stream.history] == kept


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "1000"])
def test_its_bound_is_a_number(wrong: Any) -> None:
    """Any other bound is refused by name."""
    with pytest.raises(ConfigurationError, match="history must be a whole number from"):
        AssetStream(make_upbit(), history=wrong)


def test_an_outage_leaves_a_gap_and_what_was_recovered(
    account: Account,
    exchange: Simulator,
    no_rate_limits: None,
    recorder: EventRecorder,
    time_machine: TimeMachine,
) -> None:
    """The gap is that of the change to LIVE."""
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
        time_machine.jump(12)  # REST has caught up with the first read.
        with exchange.refuse_upgrades():
            exchange.drop_connections()
            recorder.wait_for_state(State.STALE)
            account.deposit("USDT", 1)
        back = recorder.wait_for_state(State.LIVE, times=2)
        history = stream.history

    assert history.gaps == (back.gap,)
    assert history[-1].source is Source.RECOVERED
    assert history.gaps[0].recovered == 1


def test_each_stream_of_a_group_has_its_own(exchange: Simulator) -> None:
    """The group itself has no history."""
    members = {"alice": exchange.upbit({"BTC": 1}), "bob": exchange.coinw({"BTC": 2})}
    streams = [AssetStream(a.exchange(), account=name) for name, a in members.items()]
    with StreamGroup(streams) as group:
        histories = {name: list(s.history) for name, s in group.streams.items()}

    assert [update.total for update in histories["alice"]] == [1]
    assert [update.total for update in histories["bob"]] == [2]


@pytest.mark.parametrize(("wanted", "kept"), [(None, GROUP_HISTORY), (2, 2), (50, 41)])
def test_in_a_group_it_is_short(
    exchange: Simulator, wanted: int | None, kept: int
) -> None:
    """Unless its stream says otherwise: there may be a thousand of them."""
    account = exchange.upbit({"BTC": 1})
    stream = AssetStream(account.exchange(), history=wanted)
    with StreamGroup([stream]):
        with stream.expect(lambda u: u.total == 41, timeout=PATIENCE):
            for _ in range(40):
                account.deposit("BTC", 1)

        assert len(stream.history) == kept


def test_it_may_be_read_while_it_is_written() -> None:
    """A copy made meanwhile is in order and without a hole."""
    recent = Recent(50)
    (first,) = updates((0, "BTC", "0", "0"))
    enough = threading.Event()

    def write() -> None:
        for number in itertools.count():
            made = msgspec.structs.replace(first, available=Decimal(number))
            recent.note(made)
            if enough.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    views = [[int(update.available) for update in recent.view()] for _ in range(500)]
    enough.set()
    writer.join()

    for view in filter(None, views):
        assert view == list(range(view[0], view[0] + len(view)))
    assert len(recent.view()) > 0
