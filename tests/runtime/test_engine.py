"""One started stream: its states, its figures, and its failure by a fault of ours."""

from __future__ import annotations

import logging
import threading
from typing import Any, Callable, Iterator

import pytest

from assetstream import AssetStreamError, State, StateChange
from assetstream.model.history import Recent
from assetstream.runtime.dispatcher import Handlers
from assetstream.runtime.engine import StreamEngine
from assetstream.runtime.exchange_origin import ExchangeOrigin
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.registrations import registered
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.mailbox import End, Subscription
from assetstream.runtime.settings import make_settings
from assetstream.runtime.threads import ThreadSet
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.event_recorder import PATIENCE, EventRecorder

pytestmark = pytest.mark.usefixtures("no_rate_limits")


class Bench:
    """Threads, and engines on them."""

    def __init__(self, exchange: Simulator) -> None:
        self.exchange = exchange
        self.threads = ThreadSet("test")
        self.threads.start()

    def engine(
        self,
        recorder: EventRecorder,
        account: Account | None = None,
        changed: Callable[[StateChange], None] = lambda change: None,
    ) -> StreamEngine:
        account = account or self.exchange.upbit({"BTC": "1"})
        adapter = account.exchange()
        settings = make_settings(
            adapter,
            account="mine",
            audit_interval="exchange",
            connect_timeout=5.0,
            max_pending=100,
            history=None,
            proxy=None,
            ssl_context=None,
        )
        handlers = Handlers(*(registered(recorder) for _ in range(3)))
        reader = self.threads.reader_thread()
        assert reader is not None
        return StreamEngine(
            ExchangeOrigin(adapter),
            settings,
            handlers,
            self.threads.shared,
            reader,
            changed,
            Recent(10),
        )


@pytest.fixture
def bench(exchange: Simulator) -> Iterator[Bench]:
    bench = Bench(exchange)
    yield bench
    bench.threads.stop()
    assert bench.threads.join(Deadline(PATIENCE))


def test_nothing_was_heard_in_the_future(bench: Bench, recorder: EventRecorder) -> None:
    """A frame may come after the time was read, and before it is looked for."""
    engine = bench.engine(recorder)
    engine.present.heard_at = clock.now() + 60.0
    assert engine.health().last_proof == 0.0
    engine.abort()


def test_it_is_connecting_from_the_very_start(
    bench: Bench, recorder: EventRecorder
) -> None:
    """A started engine is never NEW."""
    engine = bench.engine(recorder)
    assert engine.state is State.CONNECTING
    assert engine.health().state is State.CONNECTING
    assert engine.health().last_proof is None
    engine.begin()
    recorder.wait_for_state(State.LIVE)
    assert engine.state is State.LIVE
    assert engine.health().reconnects == 0
    assert engine.present.balances["BTC"].total == 1
    engine.stop()
    assert engine.join(Deadline(PATIENCE))
    assert engine.state is State.STOPPED
    assert recorder.states[-1] == "STOPPED"


def test_stopped_before_it_begins_it_ends_when_it_does(
    bench: Bench, recorder: EventRecorder
) -> None:
    """A signal handler may stop it before it begins."""
    engine = bench.engine(recorder)
    engine.stop("too early")
    engine.begin()
    assert engine.join(Deadline(PATIENCE))
    assert recorder.of(StateChange)[-1].reason == "too early"
    assert recorder.states == ["STOPPED"]


def test_one_that_cannot_be_added_has_ended(
    bench: Bench, recorder: EventRecorder
) -> None:
    """An engine whose threads were stopped is STOPPED."""
    engine = bench.engine(recorder)
    bench.threads.stop()
    with pytest.raises(AssetStreamError, match="stopped meanwhile"):
        engine.begin()
    engine.abort()
    assert engine.join(Deadline(0))
    assert engine.state is State.STOPPED


def test_a_fault_of_ours_fails_it_and_no_other(
    bench: Bench, recorder: EventRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    """The stream gets an error, the log a traceback."""
    caplog.set_level(logging.CRITICAL, "assetstream")
    other = EventRecorder()
    one, two = bench.engine(recorder), bench.engine(other)
    for engine in (one, two):
        engine.begin()
    recorder.wait_for_state(State.LIVE)
    other.wait_for_state(State.LIVE)
    one.post(lambda: 1 // 0)  # type: ignore[arg-type, return-value]
    recorder.wait_for_state(State.FAILED)
    assert one.join(Deadline(PATIENCE))
    assert isinstance(one.error, AssetStreamError)
    assert "ZeroDivisionError" in one.error.problem
    assert two.state is State.LIVE
    two.stop()
    assert two.join(Deadline(PATIENCE))


@pytest.mark.parametrize("patient", [False, True], ids=["always", "once"])
def test_whoever_raises_in_the_middle_of_a_step_leaves_nothing_open(
    bench: Bench,
    recorder: EventRecorder,
    caplog: pytest.LogCaptureFixture,
    patient: bool,
) -> None:
    """The effects behind are lost, the connection is not; nor are other streams."""
    caplog.set_level(logging.CRITICAL + 1, "assetstream")
    account, other = bench.exchange.upbit({"BTC": "1"}), EventRecorder()
    raised: list[object] = []

    def changed(change: StateChange) -> None:
        if change.previous is State.LIVE and not (patient and raised):
            raised.append(change)
            raise ValueError("ours")

    one, two = bench.engine(recorder, account, changed), bench.engine(other)
    for engine in (one, two):
        engine.begin()
    recorder.wait_for_state(State.LIVE)
    other.wait_for_state(State.LIVE)
    account.wait_for_subscribers(1)
    waits = Subscription(100)
    one.subscribe(waits)

    def suspend() -> None:
        one.present.dead_at = 0.0
        one.session.pong()  # which gives the connection up

    one.post(suspend)
    assert one.join(Deadline(PATIENCE))
    assert raised
    assert one.state is State.FAILED
    assert "ValueError" in str(one.error)
    account.wait_for_subscribers(0)
    item: Any = None
    while not isinstance(item, End):
        item = waits.get(Deadline(PATIENCE))
    assert item.error is one.error
    assert two.state is State.LIVE
    two.stop()
    assert two.join(Deadline(PATIENCE))


def test_a_fault_before_the_session_has_started_ends_it_too(
    bench: Bench,
    recorder: EventRecorder,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every callback has been called, and no thread waits for more."""
    caplog.set_level(logging.CRITICAL, "assetstream")
    engine = bench.engine(recorder)

    def shared(least_interval: float) -> None:
        raise ValueError("ours")

    monkeypatch.setattr(engine.session.machine, "shared", shared)
    engine.begin()
    assert engine.join(Deadline(PATIENCE))
    assert engine.state is State.FAILED
    assert recorder.states == ["CONNECTING", "FAILED"]


def test_a_logging_handler_that_raises_ends_one_stream_only(
    bench: Bench, recorder: EventRecorder
) -> None:
    """A fault of ours is logged; who listens to that cannot keep it from its end."""
    other = EventRecorder()
    one, two = bench.engine(recorder), bench.engine(other)
    for engine in (one, two):
        engine.begin()
    recorder.wait_for_state(State.LIVE)
    other.wait_for_state(State.LIVE)

    class Raising(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise ValueError("not mine")

    handler = Raising(logging.ERROR)
    logging.getLogger("assetstream").addHandler(handler)
    try:
        one.post(lambda: 1 // 0)  # type: ignore[arg-type, return-value]
        assert one.join(Deadline(PATIENCE))
    finally:
        logging.getLogger("assetstream").removeHandler(handler)
    assert one.state is State.FAILED
    assert two.state is State.LIVE
    two.stop()
    assert two.join(Deadline(PATIENCE))


def test_a_subscription_sees_the_end_whenever_it_comes(
    bench: Bench, recorder: EventRecorder
) -> None:
    """The end may come before, during or after the subscription."""
    engine = bench.engine(recorder)
    engine.begin()
    recorder.wait_for_state(State.LIVE)
    subscriptions = [Subscription(100) for _ in range(50)]
    go = threading.Event()

    def subscribe(subscription: Subscription) -> None:
        go.wait(PATIENCE)
        engine.subscribe(subscription)

    threads = [threading.Thread(target=subscribe, args=(s,)) for s in subscriptions]
    for thread in threads:
        thread.start()
    go.set()
    engine.stop()
    for thread in threads:
        thread.join()
    late = Subscription(100)
    assert engine.join(Deadline(PATIENCE))
    engine.subscribe(late)
    for subscription in (*subscriptions, late):
        item: Any = None
        while not isinstance(item, End):
            item = subscription.get(Deadline(PATIENCE))
