"""Delivery on running streams: nothing that a user's code does harms one (D1 to D5)."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from typing import Any, Callable, Sequence

import pytest

from assetstream import (
    AssetStream,
    AssetStreamError,
    AssetUpdate,
    AuthenticationError,
    CallbackError,
    ConnectionLost,
    Source,
    State,
    StreamGroup,
)
from assetstream.protocol.observer import Observer
from assetstream.runtime import dispatcher
from assetstream.runtime.loop import log
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from assetstream.streams import registry
from assetstream.streams.stream import run_of
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import streams, wait_until
from tests.support.logging_handlers import (
    HangingHandler,
    RaisingHandler,
    logging_to,
)

pytestmark = pytest.mark.usefixtures("no_rate_limits")


def engine_of(stream: AssetStream) -> Any:
    engine = run_of(stream).engine
    assert engine is not None
    return engine


def subscriptions(stream: AssetStream) -> int:
    """Return how many iterators and waits a stream fills."""
    return len(engine_of(stream)._publisher._sinks)


def test_d4_a_logging_handler_that_raises_ends_no_stream(
    exchange: Simulator, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 11: neither a slow callback nor a reconnect is logged by the reader."""
    monkeypatch.setattr(dispatcher, "SLOW", 0.0)
    handler, entered, go_on = RaisingHandler(), threading.Event(), threading.Event()
    recorder = EventRecorder()

    def slow(update: AssetUpdate) -> None:
        entered.set()
        go_on.wait(PATIENCE)

    with logging_to(handler):
        stream = AssetStream(account.exchange(), on_asset=slow, on_state=recorder)
        with stream:
            assert entered.wait(PATIENCE)
            account.deposit("BTC", "1")
            wait_until(lambda: handler.said("slower than the exchange"))
            go_on.set()
            exchange.drop_connections()
            recorder.wait_for_state(State.LIVE, times=2)
    assert handler.said("LIVE -> STALE")
    assert not [name for name in handler.threads if name.endswith("-reader")]
    assert recorder.states == ["CONNECTING", "LIVE", "STALE", "LIVE", "STOPPED"]


def test_d4_a_fault_is_published_before_it_is_logged(account: Account) -> None:
    """Fault 11: waits end at once with the reason; the log comes last."""
    handler, raised = RaisingHandler(), EventRecorder()
    order: list[object] = []
    stream = AssetStream(account.exchange(), on_error=order.append)
    stream.on_state(lambda change: order.append(change.current))

    def wait() -> None:
        with pytest.raises(AssetStreamError) as caught:
            stream.wait_for(lambda u: False)
        raised(caught.value)

    with logging_to(handler):
        stream.start()
        thread = threading.Thread(target=wait)
        thread.start()
        wait_until(lambda: subscriptions(stream) == 1)
        engine_of(stream).post(lambda: 1 // 0)
        error = raised.wait_for(lambda e: True)
        thread.join()
        with pytest.raises(AssetStreamError, match="internal error"):
            stream.run_forever()
        assert stream.stop()
    assert error is stream.error
    assert stream.state is State.FAILED
    assert order[-2:] == [error, State.FAILED]
    assert handler.texts[-1].endswith("internal error")
    assert not [name for name in handler.threads if name.endswith("-reader")]


def test_d4_a_logging_handler_that_raises_ends_no_start(account: Account) -> None:
    """Fault 11 at the start: another stream of the key is warned of, and both run."""
    handler = RaisingHandler()
    with (
        logging_to(handler),
        AssetStream(account.exchange()) as one,
        AssetStream(account.exchange()) as two,
    ):
        assert one.state is two.state is State.LIVE
    assert handler.said("another stream with the same key")


def test_d4_a_logging_handler_that_raises_ends_no_group(
    exchange: Simulator, accounts: dict[str, Account]
) -> None:
    """Fault 11 in a group: one that fails is logged, and the others are LIVE."""
    handler = RaisingHandler()
    refused = accounts["coinw-0"]
    with (
        logging_to(handler),
        exchange.refuse_logins(refused),
        StreamGroup(streams(accounts)) as group,
    ):
        assert group.health().states == {State.LIVE: 7, State.FAILED: 1}
    assert handler.said("7 of 8 accounts are LIVE")
    assert not [name for name in handler.threads if "-reader" in name]


@pytest.mark.parametrize("grouped", [False, True], ids=["alone", "group"])
def test_d4_stop_returns_though_a_logging_handler_hangs(
    account: Account, monkeypatch: pytest.MonkeyPatch, grouped: bool
) -> None:
    """It holds the lock that a line about it would have to wait for."""
    monkeypatch.setattr(log, "PATIENCE", 0.01)
    handler = HangingHandler()

    def fail(update: AssetUpdate) -> None:
        raise ValueError

    stream = AssetStream(account.exchange(), on_asset=fail)
    made = StreamGroup([stream]) if grouped else stream
    with logging_to(handler):
        made.start(wait=False)
        assert handler.entered.wait(PATIENCE)
        assert not made.stop(0.01)
        handler.released.set()
        assert made.stop(PATIENCE)


def test_d4_a_logging_handler_may_stop_the_stream(
    account: Account, time_machine: TimeMachine
) -> None:
    """It is called by one of the stream's threads, which does not wait for itself."""
    answers, entered, go_on = EventRecorder(), threading.Event(), threading.Event()

    def slow(update: AssetUpdate) -> None:
        entered.set()
        go_on.wait(PATIENCE)

    class Stopping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "slower" in record.getMessage():
                answers(stream.stop(None))

    stream = AssetStream(account.exchange(), on_asset=slow)
    with logging_to(Stopping()):
        stream.start()
        assert entered.wait(PATIENCE)
        time_machine.jump(dispatcher.SLOW, stream)
        assert answers.wait_for(lambda answer: True)
        go_on.set()
        assert stream.stop(PATIENCE)


class Unsure:
    """The answer of a predicate; whether it is true cannot be said."""

    def __bool__(self) -> bool:
        raise ValueError("neither")


@pytest.mark.parametrize("predicate", [lambda u: 1 // 0, lambda u: Unsure()])
def test_d4_a_predicate_that_raises_ends_its_own_wait(
    account: Account, predicate: Callable[[AssetUpdate], object]
) -> None:
    """It runs in the waiting thread, which gets what it raised."""
    with AssetStream(account.exchange()) as stream:
        with (
            pytest.raises((ZeroDivisionError, ValueError)),
            stream.expect(predicate, PATIENCE),
        ):
            account.deposit("BTC", "1")
        wait_until(lambda: subscriptions(stream) == 0)
        assert stream.state is State.LIVE
        assert stream.health().callback_errors == 0


def test_d2_many_changes_found_at_once_end_no_iterator(
    exchange: Simulator, account: Account, time_machine: TimeMachine
) -> None:
    """Fault 21: a gap may have changed more currencies than may wait."""
    codes = {f"C{n}" for n in range(40)}
    for code in codes:
        account.deposit(code, "1")
    recorder = EventRecorder()
    with AssetStream(account.exchange(), on_state=recorder, max_pending=1) as stream:
        updates = stream.updates()
        time_machine.jump(12)  # REST has caught up with the first read.
        with exchange.refuse_upgrades(503):
            exchange.drop_connections()
            recorder.wait_for_state(State.STALE)
            for code in codes:
                account.deposit(code, "1")
        recorder.wait_for_state(State.LIVE, times=2)
        found = set()
        while found != codes:
            update = updates.get(PATIENCE)
            if update.source is Source.RECOVERED:
                found.add(update.currency)


def test_d2_an_iterator_that_nobody_reads_is_let_go_of(account: Account) -> None:
    """Fault 38: it is kept and costs nothing; what it has may still be taken."""
    recorder = EventRecorder()
    with AssetStream(account.exchange(), on_asset=recorder, max_pending=1) as stream:
        updates = stream.updates()
        assert subscriptions(stream) == 1
        number = 1
        while subscriptions(stream):
            account.deposit("BTC", "1")
            number += 1
            recorder.wait_for(lambda e, number=number: e.available == number)
        assert updates.get(0).source is Source.SNAPSHOT


def test_d2_a_block_that_is_never_left_is_let_go_of(account: Account) -> None:
    """As is an iteration that was left by ``break``."""
    with AssetStream(account.exchange()) as stream:
        abandoned = stream.expect(lambda u: True, PATIENCE)
        abandoned.__enter__()
        updates = stream.updates()
        assert subscriptions(stream) == 2
        del abandoned, updates
        wait_until(lambda: subscriptions(stream) == 0)


@pytest.mark.parametrize("grouped", [False, True], ids=["alone", "group"])
def test_d5_a_stream_that_fails_by_itself_is_held_by_nothing(
    exchange: Simulator, account: Account, grouped: bool
) -> None:
    """Nobody stops it, and nobody removes it; its last callbacks are called."""
    recorder = EventRecorder()
    with exchange.refuse_logins():
        stream = AssetStream(account.exchange(), **recorder.handlers())
        group = StreamGroup([stream]) if grouped else None
        (group or stream).start(wait=False)
        recorder.wait_for_state(State.FAILED)
    assert recorder.of(AuthenticationError)
    account_label, gone = stream.account, weakref.ref(engine_of(stream).session)
    wait_until(
        lambda: (
            not any(
                run.account == account_label
                for runs in registry._uses.values()
                for run in runs
            )
        )
    )
    if group is not None:
        group.remove(account_label)
    del stream
    wait_until(lambda: gc.collect() >= 0 and gone() is None)
    if group is not None:
        assert group.stop()


class RaisingObserver(Observer):
    """Raises when it sees the first frame."""

    def received(self, frames: Sequence[bytes]) -> None:
        raise ValueError


def test_d4_neither_an_observer_nor_a_subscriber_harms_a_stream(
    account: Account,
) -> None:
    """They raise in the reader thread: the stream goes on, and says so."""
    recorder = EventRecorder()
    stream = AssetStream(account.exchange(), on_error=recorder, on_asset=recorder)
    for subscriber in (lambda event: 1 // 0, lambda event: None):
        stream.observe(RaisingObserver(), subscriber)
    with stream:
        account.deposit("BTC", "1")
        recorder.wait_for(lambda e: getattr(e, "available", 0) == 2)
        assert stream.state is State.LIVE
    errors = recorder.of(CallbackError)
    assert sorted(error.problem.partition(" ")[0] for error in errors) == [
        "observer",
        "observer",
        "subscriber",
    ]


@pytest.mark.parametrize("level", [logging.DEBUG, logging.WARNING])
def test_d4_what_the_libraries_log_harms_no_stream(
    exchange: Simulator,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    level: int,
) -> None:
    """A handler of the root logger raises in the threads that dial, read and close."""
    handler, recorder = RaisingHandler(), EventRecorder()
    root = logging.getLogger()
    monkeypatch.setattr(logging, "raiseExceptions", False)
    monkeypatch.setattr(root, "handlers", [handler])
    monkeypatch.setattr(logging.getLogger("websockets"), "propagate", False)
    for name in ("websocket", "urllib3"):
        caplog.set_level(level, name)
    stream = AssetStream(account.exchange(), **recorder.handlers())
    with stream:
        exchange.close_connections()
        recorder.wait_for_state(State.LIVE, times=2)
    assert [type(error) for error in recorder.of(AssetStreamError)] == [ConnectionLost]
    if level == logging.DEBUG:
        assert handler.said("Websocket connected")
        assert handler.said(" HTTP/"), "urllib3's line about a call"
    assert not handler.said("goodbye")
    assert not [name for name in handler.threads if name.endswith("-reader")]
