"""One warning for a handler that is too slow, with its name and line."""

from __future__ import annotations

import inspect
import logging
import threading
from queue import SimpleQueue
from typing import Any, Callable, Iterator

import pytest

from assetstream import AssetStream, Source
from assetstream.protocol import NEVER
from assetstream.runtime import dispatcher
from assetstream.runtime.dispatcher import SLOW, Dispatcher, Handlers
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.callback_threads import CallbackThreads
from assetstream.runtime.loop.waits import Deadline
from assetstream.runtime.mailbox import CallbackMailbox
from assetstream.simulator.account import Account
from tests.runtime.test_mailbox import update
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder

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
    handlers.asset = (handler,)
    return Dispatcher("x-1", handlers, mailbox, lambda exc: None), mailbox


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
    dispatcher.check(100.0)
    alone = dispatcher.deadline
    mailbox.put([update("BTC", 2)])
    dispatcher.check(101.0)
    dispatcher.check(102.0)
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
    dispatcher.check(100.0)
    mailbox.delivered += 1  # as if the handler had returned from the first
    dispatcher.due(100.0 + SLOW)
    assert dispatcher.deadline == 100.0 + 2 * SLOW
    assert caplog.records == []
    dispatcher.due(100.0 + 2 * SLOW)
    assert dispatcher.deadline == NEVER
    dispatcher.check(200.0)
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
