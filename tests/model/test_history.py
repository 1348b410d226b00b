"""The last updates and gaps of a stream, as a table and as a chart."""

from __future__ import annotations

import itertools
import pickle
import sys
import threading
from decimal import Decimal
from typing import Any, Sequence

import msgspec
import pytest

from assetstream import (
    AssetStream,
    AssetUpdate,
    ConfigurationError,
    Gap,
    History,
    Source,
    State,
    StreamGroup,
)
from assetstream.model.history import MAX_GAPS, Recent
from assetstream.simulator import Account, Simulator
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.histories import NOON, at, updates


def changes_of(stream: AssetStream) -> list[tuple[str, Decimal]]:
    """Return (currency, total) of each update in the history."""
    return [(update.currency, update.total) for update in stream.history]


# The updates and gaps that are kept


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
    assert kept[-1].raw


def test_a_handler_finds_its_update_in_the_history(account: Account) -> None:
    """W2: history and handlers get each update in one step, in one order."""
    found: list[bool] = []
    updates: list[AssetUpdate] = []
    delivered = threading.Event()

    def note(update: AssetUpdate) -> None:
        found.append(update in stream.history)
        updates.append(update)
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


@pytest.mark.parametrize("wrong", [-1, 1.5, None, True, "1000"])
def test_its_bound_is_a_number(account: Account, wrong: Any) -> None:
    """Any other bound is refused by name."""
    with pytest.raises(ConfigurationError, match="history must be a whole number from"):
        AssetStream(account.exchange(), history=wrong)


def test_an_outage_leaves_a_gap_and_what_was_recovered(
    account: Account, exchange: Simulator, no_rate_limits: None, recorder: EventRecorder
) -> None:
    """The gap is that of the change to LIVE."""
    with AssetStream(account.exchange(), **recorder.handlers()) as stream:
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


# Sequence, repr and pickling


def test_it_is_a_sequence() -> None:
    """The oldest comes first; a slice is a history with its gaps."""
    made = updates((0, "BTC", "1", "0"), (1, "BTC", "2", "0"), (2, "BTC", "3", "0"))
    first, second = Gap(at(0.2), at(0.8), 0), Gap(at(1.2), at(1.8), 0)
    history = History(made, [first, second])

    assert isinstance(history, Sequence)
    assert history[-1] is made[-1]
    assert list(reversed(history)) == made[::-1]
    assert made[1] in history
    assert isinstance(history[1:], History)
    assert list(history[1:]) == made[1:]
    assert history[1:].gaps == (second,)
    assert history[:2].gaps == (first,)
    assert history[:0].gaps == ()
    assert not History()


def test_its_repr_counts_and_dates_its_updates() -> None:
    """The repr has the count and both ends of the time."""
    made = updates((0, "BTC", "1", "0"), (65, "BTC", "2", "0"))

    assert repr(History()) == "<History 0 updates, 0 gaps>"
    assert repr(History(made, [Gap(at(1), at(2), 0)])) == (
        "<History 2 updates from 2026-01-01 12:00:00 to 2026-01-01 12:01:05 UTC, 1 gap>"
    )


def test_it_pickles() -> None:
    """The history can be kept, or sent to another process."""
    history = History(updates((0, "BTC", "1", "0")), [Gap(at(1), at(2), 0)])
    again = pickle.loads(pickle.dumps(history))

    assert list(again) == list(history)
    assert again.gaps == history.gaps


def test_gaps_are_bounded() -> None:
    """The last gaps are kept."""
    recent = Recent(0)
    for second in range(MAX_GAPS + 1):
        recent.add_gap(Gap(at(second), at(second + 0.5), 0))

    assert len(recent.view().gaps) == MAX_GAPS
    assert recent.view().gaps[-1].began == at(MAX_GAPS)


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


# As a table.


def test_a_table_has_a_row_for_each_update() -> None:
    """Amounts are exact, times are aware, and absent values stay absent."""
    tiny = "0.000000000000000001"
    made = updates((0, "BTC", "1", "0"), (1, "BTC", tiny, "2"), (1, "ETH", "3", "0"))
    made[2] = msgspec.structs.replace(made[2], time=None, update_id=None)
    frame = History(made).to_pandas()

    assert list(frame.columns) == [
        *("exchange", "account", "currency", "available", "locked", "total", "change"),
        *("source", "time", "update_id"),
    ]
    assert list(frame.index) == [at(0), at(1), at(1)]
    assert frame.index.name == "received"
    assert str(frame.index.tz) == "UTC"
    assert list(frame["total"]) == [1, Decimal("2.000000000000000001"), 3]
    assert {type(total) for total in frame["total"]} == {Decimal}
    assert list(frame["change"]) == [0, Decimal("1.000000000000000001"), 0]
    assert frame["total"].astype(float).iloc[0] == 1.0
    assert list(frame["source"]) == ["SNAPSHOT", "STREAM", "SNAPSHOT"]
    assert frame["time"].iloc[0] == NOON
    assert frame["time"].isna().tolist() == [False, False, True]
    assert list(frame["update_id"]) == ["7", "7", None]


def test_a_table_shows_a_zero_as_zero() -> None:
    """The difference of two equal amounts is 0, not 0E-18."""
    amount = "1.000000000000000000"
    frame = History(
        updates((0, "BTC", amount, "0"), (1, "BTC", "0", amount))
    ).to_pandas()

    assert [str(change) for change in frame["change"]] == ["0", "0"]


def test_an_empty_table_has_its_columns() -> None:
    """The columns have the types of a full table."""
    empty = History().to_pandas()
    full = History(updates((0, "BTC", "1", "0"))).to_pandas()

    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)
    assert str(empty.index.tz) == "UTC"
    assert set(empty.dtypes.drop("time")) == set(full.dtypes.drop("time"))


@pytest.mark.parametrize(
    ("method", "library"), [("plot", "matplotlib"), ("to_pandas", "pandas")]
)
def test_without_the_extra_the_error_names_what_to_install(
    method: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The typed error has the command."""
    monkeypatch.delitem(sys.modules, "assetstream.model.chart", raising=False)
    loaded = [name for name in sys.modules if name.startswith(f"{library}.")]
    for name in (library, *loaded):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(ConfigurationError, match=rf'{library}.*"assetstream\[plot\]"'):
        getattr(History(), method)()
