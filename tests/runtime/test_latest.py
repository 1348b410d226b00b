"""Handlers that get the latest value."""

from __future__ import annotations

import logging
import threading
from typing import Iterator

import pytest

from assetstream.runtime.latest import LatestValueDispatcher
from assetstream.runtime.loop.callback_threads import CallbackThreads
from tests.support.event_recorder import PATIENCE, EventRecorder
from tests.support.logging_handlers import RaisingHandler, logging_to


class Value:
    """A number, its dispatcher, and the thread that serves it."""

    def __init__(self) -> None:
        self.number = 0
        self.interrupts: list[BaseException] = []
        self.dispatcher: LatestValueDispatcher[int] = LatestValueDispatcher(
            lambda: self.number, self.interrupts.append
        )
        self.threads = CallbackThreads(["test-callbacks"])
        self.threads.serve(self.dispatcher)
        self.threads.start()

    def set(self, number: int) -> None:
        self.number = number
        self.dispatcher.changed()


@pytest.fixture
def value() -> Iterator[Value]:
    value = Value()
    yield value
    value.dispatcher.close()
    value.threads.end()
    for thread in value.threads.threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_what_is_overtaken_is_left_out(value: Value) -> None:
    """No value is delivered twice."""
    recorder, entered, go_on = EventRecorder(), threading.Event(), threading.Event()

    def slow(number: int) -> None:
        entered.set()
        go_on.wait(PATIENCE)

    value.dispatcher.handlers.add(recorder)
    value.dispatcher.handlers.add(slow)
    value.set(1)
    assert entered.wait(PATIENCE)
    assert value.dispatcher.calling
    assert "slow" in value.dispatcher.where()
    for number in (2, 3, 4):
        value.set(number)
    go_on.set()
    recorder.wait_for(lambda number: number == 4)
    value.set(4)
    value.set(5)
    recorder.wait_for(lambda number: number == 5)
    assert recorder.events == [1, 4, 5]


def test_the_last_change_is_delivered_after_the_end(value: Value) -> None:
    """The thread then ends."""
    recorder = EventRecorder()
    value.dispatcher.handlers.add(recorder)
    value.set(1)
    value.dispatcher.close()
    value.threads.end()
    for thread in value.threads.threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert recorder.events == [1]


def test_a_handler_may_raise_and_leave(
    value: Value, caplog: pytest.LogCaptureFixture
) -> None:
    """The other handlers are still called."""
    caplog.set_level(logging.CRITICAL + 1, "assetstream")
    recorder = EventRecorder()

    def once(number: int) -> None:
        value.dispatcher.handlers.remove(once)
        raise ValueError

    def leave(number: int) -> None:
        if number == 2:
            raise SystemExit(3)

    for handler in (once, leave, recorder):
        value.dispatcher.handlers.add(handler)
    for number in (1, 2):
        value.set(number)
        recorder.wait_for(lambda seen, number=number: seen == number)
    value.dispatcher.handlers.remove(once)
    assert list(value.dispatcher.handlers.values()) == [leave, recorder]
    assert [type(each) for each in value.interrupts] == [SystemExit]


def test_it_is_woken_once(value: Value) -> None:
    """Many changes before a thread comes wake it once."""
    wakes: list[None] = []
    dispatcher: LatestValueDispatcher[int] = LatestValueDispatcher(
        lambda: 1, lambda error: None
    )
    dispatcher.wake = lambda: wakes.append(None)
    dispatcher.changed()
    assert wakes == [], "nobody is to be called"
    dispatcher.handlers.add(lambda number: None)
    dispatcher.changed()
    dispatcher.changed()
    assert len(wakes) == 1
    assert dispatcher.work()
    assert not dispatcher.work()
    dispatcher.close()
    assert len(wakes) == 2


class Odd:
    """A handler that raises, and has no name."""

    def __call__(self, number: int) -> None:
        raise ValueError

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def test_d4_neither_an_odd_handler_nor_a_logging_handler_costs_a_call(
    value: Value,
) -> None:
    """Fault 11, 18: whatever they raise, the other handlers are called."""
    recorder, handler = EventRecorder(), RaisingHandler()
    value.dispatcher.handlers.add(Odd())
    value.dispatcher.handlers.add(recorder)
    with logging_to(handler):
        for number in (1, 2):
            value.set(number)
            recorder.wait_for(lambda seen, number=number: seen == number)
    assert handler.texts == ["handler an object of Odd raised"] * 2


def test_d4_a_logging_handler_may_exit(value: Value) -> None:
    """It stops the group, as a handler that does."""
    recorder = EventRecorder()
    value.dispatcher.handlers.add(Odd())
    value.dispatcher.handlers.add(recorder)
    with logging_to(RaisingHandler(SystemExit)):
        value.set(1)
        recorder.wait_for(lambda seen: seen == 1)
    assert [type(each) for each in value.interrupts] == [SystemExit]
