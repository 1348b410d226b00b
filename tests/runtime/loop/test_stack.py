"""The place where a handler stands, in words for a log line."""

from __future__ import annotations

import threading
from functools import partial
from queue import SimpleQueue
from typing import Any, Callable

from assetstream.runtime.loop.clock import now
from assetstream.runtime.loop.stack import describe_stack, handler_name
from tests.support.event_recorder import PATIENCE


def call(handler: Callable[[], object]) -> None:
    """Stand for the code that calls handlers."""
    handler()


def described(handler: Any, expected: str, caller: Callable[..., object]) -> str:
    """Describe a thread that runs the handler, once that reads as expected."""
    thread = threading.Thread(target=call, args=(handler,))
    thread.start()
    deadline = now() + PATIENCE
    while True:
        words = describe_stack(thread.ident, caller.__code__, handler)
        if expected in words or now() > deadline:
            return words


def test_a_handler_is_named_with_the_line_where_it_stands() -> None:
    """The innermost function that it has called is named, too."""
    release = threading.Event()

    def handler() -> None:
        release.wait(PATIENCE)

    try:
        words = described(handler, "wait", call)
    finally:
        release.set()
    handler_part, innermost = words.split(", in ", 1)
    assert "handler, file " in handler_part
    assert __file__ in handler_part
    assert innermost.startswith(("wait,", "Event.wait,", "Condition.wait,"))
    assert ", line " in innermost


def test_one_without_frames_of_its_own() -> None:
    """A handler that is not written in Python has no line."""
    queue: SimpleQueue[None] = SimpleQueue()
    try:
        assert described(queue.get, "SimpleQueue", call) == "in SimpleQueue.get"
    finally:
        queue.put(None)


def test_a_thread_that_calls_no_handler() -> None:
    """The thread may be in a logging handler, or have ended."""
    release = threading.Event()
    try:
        words = described(lambda: release.wait(PATIENCE), "wait", described)
    finally:
        release.set()
    assert words.startswith("in ")
    assert words.count(", in ") == 0
    assert describe_stack(None, call.__code__, None) == "at an unknown place"


class Odd:
    """An object that answers no question."""

    def __repr__(self) -> str:
        raise RuntimeError

    def __getattr__(self, name: str) -> object:
        raise RuntimeError


def test_d4_whatever_is_asked_of_a_handler_may_raise() -> None:
    """Fault 18: it is named by its class then."""
    assert handler_name(Odd()) == "an object of Odd"
    assert handler_name(call) == "call"
    assert handler_name(partial(call, print)).startswith("functools.partial(")


def test_d4_a_name_that_is_no_text_is_none() -> None:
    """Nobody knows what it does when it is shown."""
    odd = type("Named", (), {"__repr__": lambda self: "shown"})()
    odd.__qualname__ = Odd()
    assert handler_name(odd) == "shown"
