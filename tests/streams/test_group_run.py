"""Groups that are interrupted, changed and stopped in the middle of other steps."""

from __future__ import annotations

import logging
import threading
from typing import Any, Callable

import pytest

from assetstream import (
    AssetStream,
    AssetUpdate,
    AuthenticationError,
    Progress,
    Source,
    State,
    StateChange,
    StreamGroup,
    StreamStateError,
    Upbit,
)
from assetstream.runtime.engine import StreamEngine
from assetstream.runtime.loop.callback_threads import CallbackThreads
from assetstream.runtime.stream_run import StreamRun
from assetstream.runtime.threads import ThreadSet
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from assetstream.streams import group_run, registry
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import BALANCES, group_threads, streams, wait_until

pytestmark = pytest.mark.usefixtures("no_rate_limits")


def bad_stream(exchange: Simulator, account: Account) -> AssetStream:
    """Make a stream whose key the exchange does not know, so that it fails."""
    urls = {"ws_url": account.exchange().ws_url, "rest_url": exchange.url}
    return AssetStream(Upbit("unknown", "key", region="sg", **urls), account="bad")


def at_the_third(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, act: Callable[[], object]
) -> None:
    """Call ``act`` before the third call of a function, as a signal would."""
    calls, real = [0], getattr(where, name)

    def interrupted(*args: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] == 3:
            act()
        return real(*args, **options)

    monkeypatch.setattr(where, name, interrupted)


MOMENTS = [
    (ThreadSet, "reader_thread"),
    (StreamEngine, "__init__"),
    (StreamEngine, "begin"),
    (CallbackThreads, "serve"),
    (StreamEngine, "post"),
]


@pytest.mark.parametrize(("where", "name"), MOMENTS, ids=[n for _, n in MOMENTS])
def test_ctrl_c_in_the_middle_of_start(
    accounts: dict[str, Account],
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
) -> None:
    """KeyboardInterrupt is raised; every stream and thread has ended."""

    def ctrl_c() -> None:
        raise KeyboardInterrupt

    group = StreamGroup(streams(accounts))
    at_the_third(monkeypatch, where, name, ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        group.start()

    assert not group_threads()
    assert group.health().states == {State.STOPPED: 8}


@pytest.mark.parametrize(("where", "name"), MOMENTS, ids=[n for _, n in MOMENTS])
def test_stop_in_a_signal_handler_in_the_middle_of_start(
    accounts: dict[str, Account],
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
) -> None:
    """``stop`` waits for nothing that it interrupts."""
    answers: list[bool] = []

    def stop() -> None:
        answers.append(group.stop())

    group = StreamGroup(streams(accounts))
    at_the_third(monkeypatch, where, name, stop)
    with pytest.raises(StreamStateError, match="was stopped"):
        group.start()

    assert answers == [True]
    assert not group_threads()
    assert group.health().states == {State.STOPPED: 8}


def test_a_stream_added_in_the_middle_of_start_is_begun(
    exchange: Simulator, accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream is added between two steps of the start."""
    (first,) = streams({"first": exchange.coinw(BALANCES)})
    (second,) = streams({"second": exchange.coinw(BALANCES)})
    group = StreamGroup(streams(accounts))
    start, announce = ThreadSet.start, registry.announce

    def adding_start(this: ThreadSet) -> None:
        group.add(first)
        start(this)

    def adding_announce(runner: Any, found: list[StreamRun]) -> None:
        if second.account not in group.streams:
            group.add(second)
        announce(runner, found)

    monkeypatch.setattr(ThreadSet, "start", adding_start)
    monkeypatch.setattr(registry, "announce", adding_announce)
    with group:
        assert group.health().states == {State.LIVE: 10}


def test_a_stream_added_in_the_middle_of_stop_is_stopped(
    exchange: Simulator, accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream does not stay NEW in a stopped group."""
    late = AssetStream(exchange.coinw(BALANCES).exchange())
    group = StreamGroup(streams(accounts))
    adopt = StreamRun.adopt

    def stopping(this: StreamRun) -> None:
        adopt(this)
        group.stop()

    group.start()
    monkeypatch.setattr(StreamRun, "adopt", stopping)
    group.add(late)

    assert late.state is State.STOPPED
    assert not group_threads()


def test_the_end_of_an_account_that_is_removed_is_not_the_groups(
    exchange: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a handler that replaces the only account finds the group stopped."""
    (old,) = streams({"a": exchange.coinw(BALANCES)})
    over = list[bool]()
    stop = AssetStream.stop

    def stopped(stream: AssetStream, timeout: float | None = 5.0) -> bool:
        ended = stop(stream, timeout)
        over.append(group._run.progress.over)
        return ended

    with StreamGroup([old]) as group:
        monkeypatch.setattr(AssetStream, "stop", stopped)
        assert group.remove("a")
        monkeypatch.undo()

    assert over == [False]


def test_an_account_is_replaced_in_its_own_handler(exchange: Simulator) -> None:
    """The old stream's end does not count for the new one."""
    account = exchange.coinw(BALANCES)
    (old,) = streams({"a": account})
    (new,) = streams({"a": account})
    recorder, removed = EventRecorder(), list[bool]()
    group = StreamGroup([old], on_asset=recorder)

    @old.on_asset
    def replace_it(update: AssetUpdate) -> None:
        if update.source is Source.STREAM and not removed:
            removed.append(group.remove("a"))
            group.add(new)

    runner = threading.Thread(target=group.run_forever)
    runner.start()
    wait_until(lambda: old.state is State.LIVE)
    account.deposit("BTC", "1")
    wait_until(lambda: new.state is State.LIVE)
    wait_until(lambda: old.state is State.STOPPED)
    account.deposit("BTC", "1")
    recorder.wait_for(lambda u: u.available == 3)

    assert removed == [True]
    assert runner.is_alive()
    assert group.stop()
    runner.join(PATIENCE)
    assert not runner.is_alive()


def test_run_forever_ends_when_the_last_one_that_goes_on_is_removed(
    exchange: Simulator, accounts: dict[str, Account]
) -> None:
    """All others have failed, so it raises their reason."""
    group = StreamGroup(
        [
            bad_stream(exchange, accounts["upbit-0"]),
            *streams({"good": accounts["coinw-0"]}),
        ],
        on_error=lambda error: None,
    )
    group.start()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            group.run_forever()
        except AuthenticationError as error:
            raised.append(error)

    runner = threading.Thread(target=run)
    runner.start()
    group.remove("good")
    runner.join(PATIENCE)

    assert not runner.is_alive()
    assert len(raised) == 1
    assert not group_threads()


def test_a_group_without_accounts_goes_on(accounts: dict[str, Account]) -> None:
    """All accounts were removed; new ones can be added."""
    first = {"upbit-0": accounts["upbit-0"]}
    with StreamGroup(streams(first)) as group:
        assert group.remove("upbit-0")
        assert group.health().states == {}
        assert group.total("BTC") == 0
        group.add(AssetStream(accounts["upbit-0"].exchange(), account="again"))
        wait_until(lambda: group.health().states == {State.LIVE: 1})


def test_accounts_that_are_stopped_before_or_while_it_starts(
    accounts: dict[str, Account],
) -> None:
    """Such accounts count as ended; if all are, ``start`` says so."""
    group = StreamGroup(streams(accounts))
    assert group.streams["upbit-0"].stop()
    with group:
        assert group.health().states == {State.LIVE: 7, State.STOPPED: 1}

    group = StreamGroup(streams(accounts))
    for stream in group.streams.values():
        stream.stop()
    with pytest.raises(StreamStateError, match="every account of the group was st"):
        group.start()
    assert not group_threads()


def test_live_once_is_enough_to_have_started(
    exchange: Simulator, accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection may be lost again before ``start`` returns."""
    group = StreamGroup(streams({"a": accounts["coinw-0"]}))
    get = group_run.get_interruptibly

    def slow_get(*args: Any) -> Any:
        item = get(*args)
        with exchange.refuse_upgrades(503):
            exchange.drop_connections()
            wait_until(lambda: group.streams["a"].state is State.STALE)
        return item

    monkeypatch.setattr(group_run, "get_interruptibly", slow_get)
    group.start(timeout=None)
    assert group.stop()


def test_what_a_handler_raises_comes_out_of_start(
    accounts: dict[str, Account], caplog: pytest.LogCaptureFixture
) -> None:
    """The exception itself is raised, and every thread has ended."""

    def leave(change: StateChange) -> None:
        raise SystemExit(3)

    caplog.set_level(logging.CRITICAL, "assetstream")
    group = StreamGroup(streams(accounts), on_state=leave)
    with pytest.raises(SystemExit):
        group.start()
    assert not group_threads()


def test_progress_is_delivered_to_the_end_and_when_accounts_leave(
    accounts: dict[str, Account],
) -> None:
    """Each progress differs from the one before."""
    progress = EventRecorder()
    with StreamGroup(streams(accounts), on_progress=progress) as group:
        progress.wait_for(lambda event: event == Progress(8, 0, 8, 8))
        group.remove("upbit-0")
        progress.wait_for(lambda event: event == Progress(7, 0, 7, 7))

    assert progress.events[-1] == Progress(0, 7, 7, 7)
    assert all(
        a != b for a, b in zip(progress.events, progress.events[1:], strict=False)
    )


def test_nothing_is_called_after_stop(
    accounts: dict[str, Account], recorder: EventRecorder
) -> None:
    """The last event of each account is its end."""
    group = StreamGroup(
        streams(accounts), **recorder.handlers(), on_progress=recorder, workers=3
    )
    with group:
        for account in accounts.values():
            account.deposit("BTC", "1")
    events = list(recorder.events)

    for label in accounts:
        last = [e for e in events if getattr(e, "account", "") == label][-1]
        assert isinstance(last, StateChange)
        assert last.current is State.STOPPED
    assert recorder.events == events


def test_two_groups_do_not_touch_each_other(accounts: dict[str, Account]) -> None:
    """A handler of one group stops the other."""
    upbit = {label: a for label, a in accounts.items() if label.startswith("upbit")}
    coinw = {label: a for label, a in accounts.items() if label.startswith("coinw")}
    answers: list[bool] = []
    one, two = StreamGroup(streams(upbit)), StreamGroup(streams(coinw))
    with one, two:
        two.on_asset(lambda update: answers.append(one.stop()))
        accounts["coinw-0"].deposit("BTC", "1")
        wait_until(lambda: answers)

        assert answers == [True]
        assert one.health().states == {State.STOPPED: 4}
        assert two.health().states == {State.LIVE: 4}
