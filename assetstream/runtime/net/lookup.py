"""Look up names, in threads that may be left behind.

The system's look-up cannot be interrupted, and takes minutes where no name server
answers. So it has a thread of its own, which all share who ask for the same name, and
however many ask, a few such threads are the most.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
from typing import Any, NamedTuple, Union

from assetstream.runtime.loop import clock
from assetstream.runtime.loop.call_queue import CallQueue
from assetstream.runtime.net.cancel import CancelScope

__all__ = ["Address", "forget_all", "look_up", "lookups_left_behind"]

#: A look-up that has taken so long is not relied on: the next who asks begins another.
SLOW = 10.0
#: The most look-ups of one name at a time.
MOST_LOOKUPS = 4

REMEDY = "Check the network connection, the name server and the spelling."


class Address(NamedTuple):
    """One way to reach a host."""

    family: int
    sockaddr: Any


Answer = Union[list[Address], Exception]


class Waiter:
    """Waits for the answer to one question.

    Attributes:
        answer: the answer, once it is there.
        woken: what ends the wait.
    """

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.woken = CallQueue()


class Question:
    """One name, its look-ups under way, and those who wait for the first answer.

    Attributes:
        begun: monotonic time at which each look-up began, the oldest first.
        waiters: those who wait.
    """

    def __init__(self) -> None:
        self.begun: list[float] = []
        self.waiters: list[Waiter] = []

    @property
    def needs_another(self) -> bool:
        """True if no look-up can be relied on, and one more is allowed."""
        if len(self.begun) >= MOST_LOOKUPS:
            return False
        return not self.begun or clock.now() - self.begun[-1] >= SLOW


_questions: dict[tuple[str, int], Question] = {}
# Reentrant: a signal handler may come in between.
_lock = threading.RLock()


def look_up(host: str, port: int, scope: CancelScope) -> list[Address]:
    """Return the addresses of ``host``; the first step of ``dial``, and as that.

    Raises:
        RuntimeError: no thread could be made.
    """
    try:
        # A numeric address needs no thread, for nobody is asked.
        return _addresses(host, port, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        pass
    waiter = Waiter()
    try:
        _ask(host, port, waiter)
        asking = scope.about(scope.peer, REMEDY)
        while waiter.answer is None:
            asking.wait(waiter.woken, selectors.EVENT_READ, "its name was looked up")
            waiter.woken.run()
    finally:
        _give_up(host, port, waiter)
        waiter.woken.close()
    if isinstance(waiter.answer, Exception):
        name = scope.about(f"the name {host}", REMEDY)
        raise name.lost("cannot be looked up")
    return waiter.answer


def lookups_left_behind() -> int:
    """Return how many name look-ups have a thread that nobody relies on any more."""
    if not _questions:  # most of the time; the figures of a thousand streams ask
        return 0
    with _lock:
        questions = tuple(_questions.values())
        return sum(len(q.begun) - bool(q.waiters) for q in questions)


def forget_all() -> None:
    """Begin anew in a forked child, which has none of the threads."""
    global _lock
    _lock = threading.RLock()
    _questions.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_all)


def _ask(host: str, port: int, waiter: Waiter) -> None:
    """Wait with others for the answer, with a new look-up if there is need."""
    with _lock:
        question = _questions.setdefault((host, port), Question())
        question.waiters.append(waiter)
        if not question.needs_another:
            return
        began = clock.now()
        thread = threading.Thread(
            target=_answer,
            args=(host, port, question, began),
            name="assetstream-lookup",
            daemon=True,  # nothing waits for it
        )
        try:
            thread.start()
        except RuntimeError:
            if not question.begun:
                raise
        else:
            question.begun.append(began)


def _give_up(host: str, port: int, waiter: Waiter) -> None:
    """Wait for the answer no longer."""
    with _lock:
        question = _questions.get((host, port))
        if question is not None and waiter in question.waiters:
            question.waiters.remove(waiter)
            if not question.begun:  # no thread could be made
                del _questions[host, port]


def _answer(host: str, port: int, question: Question, began: float) -> None:
    """Look up in a thread of its own, and answer all who wait."""
    answer: Answer
    try:
        answer = _addresses(host, port)
    except (OSError, UnicodeError) as error:
        answer = error
    with _lock:
        waiters, question.waiters = question.waiters, []
        question.begun.remove(began)
        if not question.begun:
            _questions.pop((host, port), None)
    for waiter in waiters:
        waiter.answer = answer
        waiter.woken.post(_wake)


def _wake() -> None:
    """Do nothing: the post itself ends the wait."""


def _addresses(host: str, port: int, flags: int = 0) -> list[Address]:
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [Address(entry[0], entry[4]) for entry in entries]
