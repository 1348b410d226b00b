"""One warning for a handler that is too slow, with its name and line."""

from __future__ import annotations

import inspect
import logging
import pickle
import threading
from functools import partial
from queue import SimpleQueue
from typing import Any, AsyncIterator, Callable, Iterator

import pytest

from assetstream import (
    AssetStream,
    CallbackError,
    ConnectionLost,
    Source,
    State,
    StateChange,
)
from assetstream.protocol import NEVER
from assetstream.runtime import dispatcher
from assetstream.runtime.dispatcher import SLOW, Dispatcher, Handlers
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.callback_threads import CallbackThreads
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.mailbox import CallbackMailbox, Item
from assetstream.simulator.account import Account
from tests.runtime.test_mailbox import CHANGE, update
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.groups import wait_until
from tests.support.logging_handlers import RaisingHandler, logging_to

pytestmark = pytest.mark.usefixtures("no_rate_limits")


class Stuck:
    """A handler that waits until it is released."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.released = threading.Event()

    def handle(self, event: object) -> None:
        self.entered.set()
        self.released.wait(PATIENCE)

    @property
    def line(self) -> int:
        """Return the number of the line that waits."""
        lines, first = inspect.getsourcelines(self.handle)
        return first + len(lines) - 1


class Warned(logging.Handler):
    """A log handler for the warnings of ``assetstream``."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []
        self.one = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())
        self.one.set()


@pytest.fixture
def warned() -> Iterator[Warned]:
    """Give the warnings from now on."""
    handler = Warned()
    logging.getLogger("assetstream").addHandler(handler)
    yield handler
    logging.getLogger("assetstream").removeHandler(handler)


def dispatcher_of(
    handler: Callable[[Any], object],
) -> tuple[Dispatcher, CallbackMailbox]:
    """Make a dispatcher with that handler, and a mailbox for three updates."""
    handlers, mailbox = Handlers(), CallbackMailbox(3)
    handlers.asset.add(handler)
    made = Dispatcher("x-1", handlers, mailbox, lambda exc: None, lambda act: act())
    return made, mailbox


@pytest.fixture
def threads() -> Iterator[CallbackThreads]:
    """Give one callback thread, ended when its workers have left."""
    threads = CallbackThreads(["callbacks"])
    threads.start()
    yield threads
    threads.end()
    threads.threads[0].join(PATIENCE)


def test_one_warning_names_function_and_line(
    account: Account, warned: Warned, time_machine: TimeMachine
) -> None:
    """The warning comes once, after others have waited for long."""
    stuck = Stuck()
    with AssetStream(account.exchange(), on_asset=stuck.handle) as stream:
        assert stuck.entered.wait(PATIENCE)
        time_machine.jump(SLOW, stream)
        assert warned.one.wait(PATIENCE)
        time_machine.jump(SLOW, stream)
        with stream.expect(lambda u: True, PATIENCE):
            account.deposit("BTC", "1")
        stuck.released.set()

    (text,) = warned.texts
    assert f'handle, file "{__file__}", line {stuck.line}, in ' in text


def test_the_session_wakes_for_it(
    account: Account, warned: Warned, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The warning needs no frame to arrive."""
    monkeypatch.setattr(dispatcher, "SLOW", 0.05)
    stuck = Stuck()
    with AssetStream(account.exchange(), on_asset=stuck.handle, audit_interval=None):
        assert warned.one.wait(PATIENCE)
        stuck.released.set()

    assert len(warned.texts) == 1


def test_folding_warns_at_once_and_health_counts_it(
    account: Account, warned: Warned
) -> None:
    """Folded updates are logged and counted."""
    stuck = Stuck()
    updates_recorder = EventRecorder()
    stream = AssetStream(account.exchange(), on_asset=stuck.handle, max_pending=2)
    stream.on_asset(updates_recorder)
    with stream:
        assert stuck.entered.wait(PATIENCE)
        for _ in range(6):
            with stream.expect(lambda u: True, PATIENCE):
                account.deposit("BTC", "1")
        assert warned.one.wait(PATIENCE)
        folded = stream.health().folded
        stuck.released.set()
        updates_recorder.wait_for(lambda u: u.available == 7)

    pushed = [u for u in updates_recorder.updates if u.source is Source.STREAM]
    assert folded == sum(u.folded for u in pushed) == 6 - len(pushed) > 0
    (text,) = warned.texts
    assert f"line {stuck.line}" in text


def test_a_handler_that_delays_nobody_may_take_its_time(
    threads: CallbackThreads, caplog: pytest.LogCaptureFixture
) -> None:
    """The handler's time counts from when a second event waits."""
    stuck = Stuck()
    dispatcher, mailbox = dispatcher_of(stuck.handle)
    threads.serve(dispatcher)
    mailbox.put([update("BTC", 1)])
    assert stuck.entered.wait(PATIENCE)
    dispatcher.check(dispatcher.mailbox.pending, lambda: 100.0)
    alone = dispatcher.deadline
    mailbox.put([update("BTC", 2)])
    dispatcher.check(dispatcher.mailbox.pending, lambda: 101.0)
    dispatcher.check(dispatcher.mailbox.pending, lambda: 102.0)
    watched = dispatcher.deadline
    stuck.released.set()
    mailbox.close()
    assert dispatcher.finished.wait(Deadline(PATIENCE))
    dispatcher.due(watched)

    assert alone == NEVER
    assert watched == 101.0 + SLOW
    assert dispatcher.deadline == NEVER
    assert caplog.records == []


def test_a_handler_that_goes_on_begins_its_time_anew(
    threads: CallbackThreads, caplog: pytest.LogCaptureFixture
) -> None:
    """Only a handler that never returns is warned of, once."""
    stuck = Stuck()
    dispatcher, mailbox = dispatcher_of(stuck.handle)
    threads.serve(dispatcher)
    mailbox.put([update("BTC", n) for n in range(3)])
    assert stuck.entered.wait(PATIENCE)
    dispatcher.check(dispatcher.mailbox.pending, lambda: 100.0)
    mailbox.delivered += 1  # as if the handler had returned from the first
    dispatcher.due(100.0 + SLOW)
    assert dispatcher.deadline == 100.0 + 2 * SLOW
    assert caplog.records == []
    dispatcher.due(100.0 + 2 * SLOW)
    assert dispatcher.deadline == NEVER
    dispatcher.check(dispatcher.mailbox.pending, lambda: 200.0)
    assert dispatcher.deadline == NEVER
    mailbox.delivered -= 1
    stuck.released.set()
    mailbox.close()
    assert dispatcher.finished.wait(Deadline(PATIENCE))
    assert len(caplog.records) == 1


def test_a_handler_not_written_in_python_is_named(threads: CallbackThreads) -> None:
    """``on_asset=print`` has no line to name."""
    queue: SimpleQueue[None] = SimpleQueue()
    dispatcher, mailbox = dispatcher_of(queue.get)
    threads.serve(dispatcher)
    mailbox.put([update("BTC", 1)])
    deadline = clock.now() + PATIENCE
    while (where := dispatcher.where()) != "in SimpleQueue.get":
        assert clock.now() < deadline, where
    queue.put(None)
    mailbox.close()
    assert dispatcher.finished.wait(Deadline(PATIENCE))


class Odd:
    """A handler of which nothing can be asked, and which raises."""

    def __call__(self, event: object) -> None:
        raise OddError

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __getattr__(self, name: str) -> object:
        raise RuntimeError("no name")


class OddError(Exception):
    """An error without words."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Calls:
    """A dispatcher whose handlers are called by the test's own thread."""

    def __init__(self, *handlers: Callable[[Any], object]) -> None:
        self.got: list[Any] = []
        self.errors: list[Any] = []
        self.states: list[Any] = []
        self.interrupts: list[BaseException] = []
        self.mailbox = CallbackMailbox(1000)
        self.handlers = Handlers()
        for handler in (*handlers, self.got.append):
            self.handlers.asset.add(handler)
        self.handlers.state.add(self.states.append)
        self.dispatcher = Dispatcher(
            "x-1", self.handlers, self.mailbox, self.interrupts.append, self.refuse
        )

    def refuse(self, act: Callable[[], None]) -> None:
        raise RuntimeError("no thread is to be had")

    def deliver(self, *items: Item) -> None:
        self.mailbox.put(items)
        while self.dispatcher.work():
            pass


def test_d4_an_odd_handler_costs_the_others_nothing() -> None:
    """Fault 18: it cannot be named, nor can its error; it is reported all the same."""
    calls = Calls(Odd())
    calls.handlers.error.add(calls.errors.append)
    calls.deliver(update("BTC", 1), CHANGE)

    assert calls.got == [update("BTC", 1)]
    assert calls.states == [CHANGE]
    (error,) = calls.errors
    assert isinstance(error, CallbackError)
    assert error.problem == "handler an object of Odd raised OddError"
    assert "an object of Odd" in pickle.loads(pickle.dumps(error)).callback


@pytest.mark.parametrize("kind", ["error", "state"])
def test_d4_odd_handlers_of_errors_and_states(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What they raise is logged, and the next handler is called."""
    calls, seen = Calls(), list[object]()
    for handler in (Odd(), seen.append):
        getattr(calls.handlers, kind).add(handler)
    error = ConnectionLost("gone")
    calls.deliver(error, CHANGE)
    assert seen == [error if kind == "error" else CHANGE]
    assert "handler an object of Odd raised" in caplog.text
    assert calls.dispatcher.callback_errors == 1


def test_d4_a_logging_handler_that_raises_costs_no_event() -> None:
    """Fault 11: every update, state and error behind it is delivered."""

    def once(event: object) -> None:
        if not calls.got:
            raise ValueError

    calls, handler = Calls(once), RaisingHandler()
    with logging_to(handler):
        calls.deliver(
            *[update("BTC", n) for n in range(5)], ConnectionLost("x"), CHANGE
        )
    assert len(calls.got) == 5
    assert calls.states == [CHANGE]
    assert [text.split(": ")[1] for text in handler.texts] == [
        "CallbackError",
        "ConnectionLost",
        "<StateChange x-1 LIVE -> STALE",
    ]
    assert calls.interrupts == []


def test_d4_a_logging_handler_that_exits_stops_the_stream() -> None:
    """As a handler that does; what waits is delivered, and no thread is lost."""
    calls = Calls()
    with logging_to(RaisingHandler(SystemExit)):
        calls.deliver(ConnectionLost("x"), update("BTC", 1))
    assert [type(each) for each in calls.interrupts] == [SystemExit]
    assert calls.got == [update("BTC", 1)]
    assert calls.mailbox.pending == 0


def test_d4_a_warning_without_a_thread_of_its_own_is_an_item() -> None:
    """Where no thread is to be had it comes behind what the slow handler keeps."""
    calls, handler = Calls(), RaisingHandler()
    calls.mailbox.put([update("BTC", n) for n in range(3)])
    calls.dispatcher.check(calls.dispatcher.mailbox.pending, lambda: 100.0)
    with logging_to(handler):
        calls.dispatcher.due(100.0 + SLOW)
        assert handler.texts == []
        calls.deliver()
    (text,) = handler.texts
    assert "slower than the exchange" in text


def test_d4_a_handler_that_cannot_be_named_is_warned_of(
    threads: CallbackThreads, warned: Warned
) -> None:
    """The reader thread asks nothing of it that could raise."""

    class Unnamed(SimpleQueue[None]):
        def __getattr__(self, name: str) -> object:
            raise RuntimeError

        __call__ = SimpleQueue.get

    queue = Unnamed()
    dispatcher, mailbox = dispatcher_of(queue)
    threads.serve(dispatcher)
    mailbox.put([update("BTC", n) for n in range(2)])
    wait_until(lambda: dispatcher.where().endswith(".Unnamed"))
    dispatcher.check(dispatcher.mailbox.pending, lambda: 100.0)
    dispatcher.due(100.0 + SLOW)
    assert "Unnamed, and 1 events wait" in warned.texts[0]
    for _ in range(2):
        queue.put(None)
    mailbox.close()
    assert dispatcher.finished.wait(Deadline(PATIENCE))


def test_d1_what_is_like_an_error_is_counted_in_its_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without an ``on_error`` the log says how often it came."""
    Calls().deliver(*[ConnectionLost("gone") for _ in range(3)])
    (record,) = caplog.records
    assert record.getMessage() == ("x-1: ConnectionLost: gone (2 more like it)")


def test_the_remedy_is_logged_once_until_it_is_live_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each attempt through a dead proxy ends alike; what to do stands above."""
    calls = Calls()
    lost = partial(ConnectionLost, "no proxy", remedy="Start it.", fatal=True)
    live = StateChange("x", "x-1", State.STALE, State.LIVE, "")
    for item in (lost(), lost(), ConnectionLost("other"), lost(), lost(), live, lost()):
        calls.deliver(item)
    full, again = "no proxy. Start it.", "no proxy, again"
    assert [record.getMessage() for record in caplog.records] == [
        f"x-1: ConnectionLost: {text}"
        for text in (full, again, "other", full, again, full)
    ]


def test_a_handler_that_is_never_run_is_reported() -> None:
    """A generator function may hide behind a callable that looks well."""

    def generator(event: object) -> Iterator[object]:
        yield event

    async def stream(event: object) -> AsyncIterator[object]:
        yield event

    async def coroutine(event: object) -> None: ...

    for function in (generator, stream, coroutine):
        calls = Calls(lambda event, function=function: function(event))
        calls.handlers.error.add(calls.errors.append)
        calls.deliver(update("BTC", 1))
        (error,) = calls.errors
        assert isinstance(error.__cause__, TypeError)
        assert "run" in str(error.__cause__)
        assert len(calls.got) == 1
