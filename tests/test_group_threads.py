"""Groups under attack: interrupts, races and faults at the moments that hurt."""

from __future__ import annotations

import logging
import threading
import weakref
from typing import Any, Callable

import pytest
from msgspec.structs import replace

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
    group_life,
    siblings,
)
from assetstream.runtime import clock, fleet, launch
from assetstream.runtime.callbacks import CallbackThreads
from assetstream.runtime.fleet import Fleet
from assetstream.runtime.life import Life
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.groups import BALANCES, group_threads, open_accounts, streams, wait_until
from tests.programs import Program
from tests.support import PATIENCE, Recorder, open_sockets

pytestmark = pytest.mark.usefixtures("hasty")


@pytest.fixture
def accounts(exchange: Simulator) -> dict[str, Account]:
    """Four accounts on each of the exchanges, by the labels of their streams."""
    return open_accounts(exchange)


@pytest.fixture
def heard() -> Recorder:
    """What the handlers are called with."""
    return Recorder()


def bad_stream(exchange: Simulator, account: Account) -> AssetStream:
    """One whose key is not known where ``account`` is: it fails."""
    urls = {"ws_url": account.exchange().ws_url, "rest_url": exchange.url}
    return AssetStream(Upbit("unknown", "key", region="sg", **urls), account="bad")


def at_the_third(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, act: Callable[[], object]
) -> None:
    """Have ``act`` called before the third call of something: a signal came then."""
    calls, real = [0], getattr(where, name)

    def interrupted(*args: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] == 3:
            act()
        return real(*args, **options)

    monkeypatch.setattr(where, name, interrupted)


MOMENTS = [
    (Fleet, "home"),
    (launch, "Life"),
    (Life, "begin"),
    (CallbackThreads, "serve"),
    (Life, "post"),
]


@pytest.mark.parametrize(("where", "name"), MOMENTS, ids=[n for _, n in MOMENTS])
def test_ctrl_c_in_the_middle_of_start(
    accounts: dict[str, Account],
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
) -> None:
    """It comes out at once, and every stream and thread has ended."""

    def ctrl_c() -> None:
        raise KeyboardInterrupt

    group = StreamGroup(streams(accounts))
    at_the_third(monkeypatch, where, name, ctrl_c)
    began = clock.now()
    with pytest.raises(KeyboardInterrupt):
        group.start()

    assert clock.now() - began < 2
    assert not group_threads()
    assert group.health().states == {State.STOPPED: 8}


@pytest.mark.parametrize(("where", "name"), MOMENTS, ids=[n for _, n in MOMENTS])
def test_stop_in_a_signal_handler_in_the_middle_of_start(
    accounts: dict[str, Account],
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
) -> None:
    """It waits for nothing that it has interrupted."""
    answers: list[bool] = []
    took: list[float] = []

    def stop() -> None:
        began = clock.now()
        answers.append(group.stop())
        took.append(clock.now() - began)

    group = StreamGroup(streams(accounts))
    at_the_third(monkeypatch, where, name, stop)
    with pytest.raises(StreamStateError, match="was stopped"):
        group.start()

    assert answers == [True]
    assert took[0] < 1
    assert not group_threads()
    assert group.health().states == {State.STOPPED: 8}


def test_a_stream_added_in_the_middle_of_start_is_begun(
    exchange: Simulator, accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the group knows that it runs, and after it looked whom to begin."""
    (first,) = streams({"first": exchange.coinw(BALANCES)})
    (second,) = streams({"second": exchange.coinw(BALANCES)})
    group = StreamGroup(streams(accounts))
    start, announce = Fleet.start, siblings.announce

    def adding_start(this: Fleet) -> None:
        group.add(first)
        start(this)

    def adding_announce(runner: Any, found: list[AssetStream]) -> None:
        if second.account not in group.streams:
            group.add(second)
        announce(runner, found)

    monkeypatch.setattr(Fleet, "start", adding_start)
    monkeypatch.setattr(siblings, "announce", adding_announce)
    with group:
        assert group.health().states == {State.LIVE: 10}


def test_a_stream_added_in_the_middle_of_stop_is_stopped(
    exchange: Simulator, accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not stay NEW in a group that will never begin it."""
    late = AssetStream(exchange.coinw(BALANCES).exchange())
    group = StreamGroup(streams(accounts))
    adopt = launch.Launch.adopt

    def stopping(this: launch.Launch) -> None:
        adopt(this)
        group.stop()

    group.start()
    monkeypatch.setattr(launch.Launch, "adopt", stopping)
    group.add(late)

    assert late.state is State.STOPPED
    assert not group_threads()


def test_an_account_is_replaced_in_its_own_handler(exchange: Simulator) -> None:
    """The end of the old stream does not count for the new one of the same label."""
    account = exchange.coinw(BALANCES)
    (old,) = streams({"a": account})
    (new,) = streams({"a": account})
    heard, removed = Recorder(), list[bool]()
    group = StreamGroup([old], on_asset=heard)

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
    heard.wait_for(lambda u: u.available == 3)

    assert removed == [True]
    assert runner.is_alive()
    assert group.stop()
    runner.join(PATIENCE)
    assert not runner.is_alive()


def test_run_forever_ends_when_the_last_one_that_goes_on_is_removed(
    exchange: Simulator, accounts: dict[str, Account]
) -> None:
    """All others have failed: it raises why."""
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
    """All were removed; others may come."""
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
    """They are counted as ended; if that holds for all, it is said so."""
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
    """Though the connection was lost again before anybody looked."""
    group = StreamGroup(streams({"a": accounts["coinw-0"]}))
    get = group_life.patient_get

    def slow_get(*args: Any) -> Any:
        item = get(*args)
        exchange.drop_connections()
        wait_until(lambda: group.streams["a"].state is State.STALE)
        return item

    monkeypatch.setattr(group_life, "patient_get", slow_get)
    group.start(timeout=None)
    assert group.stop()


def test_what_a_handler_raises_comes_out_of_start(
    accounts: dict[str, Account], caplog: pytest.LogCaptureFixture
) -> None:
    """Not an error that hides it; and every thread has ended."""

    def leave(change: StateChange) -> None:
        raise SystemExit(3)

    caplog.set_level(logging.CRITICAL, "assetstream")
    group = StreamGroup(streams(accounts), on_state=leave)
    with pytest.raises(SystemExit):
        group.start()
    assert not group_threads()


def test_progress_is_told_to_the_end_and_when_accounts_leave(
    accounts: dict[str, Account],
) -> None:
    """Each different from the one before; the last is what is left in the end."""
    told = Recorder()
    with StreamGroup(streams(accounts), on_progress=told) as group:
        told.wait_for(lambda progress: progress == Progress(8, 0, 8))
        group.remove("upbit-0")
        told.wait_for(lambda progress: progress == Progress(7, 0, 7))

    assert told.events[-1] == Progress(0, 7, 7)
    assert all(a != b for a, b in zip(told.events, told.events[1:], strict=False))


def test_nothing_is_called_after_stop(
    accounts: dict[str, Account], heard: Recorder
) -> None:
    """And the last word on each account is that it has ended."""
    group = StreamGroup(
        streams(accounts), **heard.handlers(), on_progress=heard, workers=3
    )
    with group:
        for account in accounts.values():
            account.deposit("BTC", "1")
    told = list(heard.events)

    for label in accounts:
        last = [e for e in told if getattr(e, "account", "") == label][-1]
        assert isinstance(last, StateChange)
        assert last.current is State.STOPPED
    assert heard.events == told


@pytest.mark.parametrize("kind", ["on_asset", "on_progress"])
def test_only_what_holds_it_up_is_named(
    accounts: dict[str, Account], caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """Not the accounts that wait for the same thread, and soon."""
    entered, release = threading.Event(), threading.Event()

    def sit(event: object) -> None:
        entered.set()
        release.wait(PATIENCE)

    group = StreamGroup(streams(accounts), **{kind: sit})  # type: ignore[arg-type]
    group.start(wait=False)
    assert entered.wait(PATIENCE)
    began = clock.now()
    assert not group.stop(0.05)
    took = clock.now() - began
    release.set()
    assert group.stop()

    said = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
    assert len(said) == 1
    assert "a callback still runs" in said[0]
    assert ".sit, " in said[0]
    assert took < 0.5


def test_a_removed_account_frees_its_key(
    accounts: dict[str, Account],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A stream of its own with that key is no competitor of the group's."""
    monkeypatch.setattr("assetstream.siblings._in_ipython", lambda: True)
    with StreamGroup(streams(accounts)) as group:
        group.remove("upbit-0")
        group.streams["upbit-1"].stop()
        with (
            AssetStream(accounts["upbit-0"].exchange()),
            AssetStream(accounts["upbit-1"].exchange()),
        ):
            assert group.health().states == {State.LIVE: 6, State.STOPPED: 1}
    assert not [r for r in caplog.records if "same key" in r.getMessage()]


def test_no_thread_for_one_that_is_added(
    accounts: dict[str, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, and is not in the group; the next one may find a thread."""
    monkeypatch.setattr(fleet, "most_channels", lambda: 1)
    one, two = streams({"a": accounts["upbit-0"], "b": accounts["upbit-1"]})

    def no_thread(thread: object) -> None:
        raise RuntimeError("can't start new thread")

    with StreamGroup([one]) as group:
        before = open_sockets()
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", no_thread)
            with pytest.raises(RuntimeError):
                group.add(two)
        assert open_sockets() == before
        assert list(group.streams) == ["a"]
        assert two.state is State.STOPPED
        (again,) = streams({"b": accounts["upbit-1"]})
        group.add(again)
        wait_until(lambda: again.state is State.LIVE)


def test_stop_in_a_callback_leaves_nothing_behind(accounts: dict[str, Account]) -> None:
    """Nobody stops it once more: no thread, no socket, no reference."""
    before = open_sockets()
    group = StreamGroup(streams(accounts))
    group.start()
    group.on_asset(lambda update: group.stop())
    accounts["coinw-3"].deposit("BTC", "1")
    wait_until(lambda: not group_threads())
    # The simulator hangs up when it notices.
    wait_until(lambda: open_sockets() <= before)

    assert group not in siblings._running.values()
    assert group.health().states == {State.STOPPED: 8}


def test_a_dead_reader_fails_its_accounts_and_is_replaced(
    exchange: Simulator, accounts: dict[str, Account], caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours in the loop itself: nothing waits for ever."""
    caplog.set_level(logging.CRITICAL + 1, "assetstream")
    group = StreamGroup(streams(accounts), on_error=lambda error: None)
    group.start()
    (berths,) = group._life._fleet._berths
    berths.inbox.post(lambda: 1 // 0)  # type: ignore[arg-type]
    wait_until(lambda: group.health().states == {State.FAILED: 8})
    (late,) = streams({"late": exchange.coinw(BALANCES)})
    group.add(late)
    wait_until(lambda: late.state is State.LIVE)

    assert group.stop()
    assert not group_threads()


def test_a_logging_handler_that_raises_takes_no_thread_along(
    accounts: dict[str, Account], heard: Recorder
) -> None:
    """The callback thread goes on with the other accounts."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("no space left")

    def fail(progress: Progress) -> None:
        raise ValueError

    handler, logger = Broken(logging.ERROR), logging.getLogger("assetstream")
    logger.addHandler(handler)
    try:
        with StreamGroup(streams(accounts), on_asset=heard, on_progress=fail):
            accounts["coinw-0"].deposit("BTC", "1")
            heard.wait_for(lambda u: u.available == 2)
    finally:
        logger.removeHandler(handler)


def test_rest_connections_are_never_shared_across_contexts(
    accounts: dict[str, Account],
) -> None:
    """Not even with one whose predecessor at the same address is gone."""

    class Context:
        pass

    (stream,) = streams({"a": accounts["upbit-0"]})
    group = StreamGroup([stream])
    context = Context()
    kept = weakref.ref(context)
    settings = replace(stream._settings, ssl_context=context)
    group._life._fleet.adapter(settings)
    del context, settings

    assert kept() is not None


def test_two_groups_do_not_touch_each_other(accounts: dict[str, Account]) -> None:
    """Stopping one, in a handler of the other, leaves the other as it is."""
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


EXIT = """
import os, sys, threading
from assetstream import AssetStream, CoinW, StreamGroup, StreamStateError, Upbit

group = StreamGroup(
    [AssetStream(Upbit(region="sg"), account="a"), AssetStream(CoinW(), account="b")]
)
group.start()
if "fork" in sys.argv:
    child = os.fork()
    if not child:
        for use in (group.stop, group.health, lambda: group.remove("a"), group.start):
            try:
                use()
            except StreamStateError as error:
                print("refused:", "after a fork" in str(error))
        print(repr(group), flush=True)
        sys.exit(0)
    os.waitpid(child, 0)
if "stuck" in sys.argv:
    group.on_state(lambda change: threading.Event().wait())
print(group.health().states["LIVE"], "LIVE")
"""


@pytest.mark.parametrize("how", ["plain", "fork", "stuck"])
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_the_interpreter_ends_while_a_group_runs(exchange: Simulator, how: str) -> None:
    """Cleanly, in a child process, too, and with a handler that never returns."""
    environment = {
        **exchange.upbit(BALANCES).environment(),
        **exchange.coinw(BALANCES).environment(),
    }
    if how == "fork" and not hasattr(__import__("os"), "fork"):
        pytest.skip("Windows has no fork")
    with Program("-W", "ignore", "-c", EXIT, how, environment=environment) as program:
        assert program.finish() == 0, program.told

    assert program.out[-1] == "2 LIVE"
    if how == "fork":
        assert program.out[:-1] == [
            *["refused: True"] * 4,
            "<StreamGroup of another process>",
        ]
    if how == "stuck":
        assert "a callback still runs" in program.told
    else:
        assert program.err == []
