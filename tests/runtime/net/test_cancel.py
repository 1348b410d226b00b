"""Waits that end at a deadline, or when they are cancelled."""

from __future__ import annotations

import math
import select
import selectors
import socket
import ssl
import threading
from typing import Iterator

import pytest

from assetstream.model.errors import ConnectionLost
from assetstream.runtime.loop import clock
from assetstream.runtime.net.cancel import (
    REMEDY,
    Cancelled,
    CancelScope,
    CancelToken,
    explain,
)
from tests.support.event_recorder import PATIENCE


class Line:
    """A socket of ours, the peer's socket, and the scope of its waits."""

    def __init__(self) -> None:
        self.token = CancelToken()
        self.sock, self.peer = socket.socketpair()
        self.sock.setblocking(False)
        self.scope = self.until(PATIENCE)

    def until(self, seconds: float) -> CancelScope:
        return CancelScope(clock.now() + seconds, self.token, "the peer")


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.sock.close()
    line.peer.close()
    line.token.close()


def test_receives_what_comes(line: Line) -> None:
    """At the end it returns b""."""
    line.peer.send(b"hello")
    assert line.scope.receive(line.sock, 3, "talking") == b"hel"
    line.peer.close()
    assert line.scope.receive(line.sock, 3, "talking") == b"lo"
    assert line.scope.receive(line.sock, 3, "talking") == b""


def test_the_deadline_names_peer_and_phase(line: Line) -> None:
    """The error has a remedy for a second time."""
    with pytest.raises(ConnectionLost) as caught:
        line.until(0.05).receive(line.sock, 1, "talking")
    assert caught.value.problem == "the peer did not answer in time while talking"
    assert caught.value.remedy == REMEDY


def test_a_peer_that_drips_does_not_outlast_it(line: Line) -> None:
    """The deadline holds though there is always something to read."""
    line.peer.send(b"x" * 100)
    scope = line.until(-1)
    with pytest.raises(ConnectionLost, match="in time"):
        scope.receive(line.sock, 1, "dripping")


def test_cancel_ends_the_present_wait_and_every_later_one(line: Line) -> None:
    """Another thread can cancel; after the token's end it does nothing."""
    canceller = threading.Timer(0.02, line.token.cancel)
    canceller.start()
    for _ in range(2):
        with pytest.raises(Cancelled):
            line.scope.wait(line.sock, selectors.EVENT_READ, "waiting")
    line.peer.send(b"x")
    with pytest.raises(Cancelled):
        line.scope.receive(line.sock, 1, "talking")
    canceller.join()
    line.token.close()
    line.token.cancel()


def test_a_cancel_in_the_middle_of_a_look_is_seen(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This wait or the next one ends; the cancel is never overlooked."""
    check = CancelToken.check

    def cancelled_before(token: CancelToken) -> None:
        token.cancel()
        check(token)

    def cancelled_behind(token: CancelToken) -> None:
        check(token)
        token.cancel()

    for each in (cancelled_before, cancelled_behind):
        token = CancelToken()
        scope = CancelScope(clock.now() + PATIENCE, token, "the peer")
        with monkeypatch.context() as patch:
            patch.setattr(CancelToken, "check", each)
            with pytest.raises(Cancelled):
                scope.receive(line.sock, 1, "talking")
        assert scope.left > 0, "it did not wait for its deadline"
        token.close()


def test_a_wake_that_cancels_nothing_is_over_with_the_look(line: Line) -> None:
    """The wait goes on, and the token wakes it no more."""
    line.token._calls.post(lambda: None)
    line.token.woken()
    assert select.select([line.token], [], [], 0) == ([], [], [])
    line.token.cancel()
    with pytest.raises(Cancelled):
        line.token.woken()


def test_an_earlier_deadline_is_taken_a_later_one_not(line: Line) -> None:
    """A step's share of the time never prolongs the whole."""
    deadline = line.scope.deadline
    assert line.scope.until(deadline + 1).deadline == deadline
    assert line.scope.until(deadline - 1).deadline == deadline - 1


def test_explains_without_addresses() -> None:
    """The text has the system's words, or TLS's reason."""
    error = ConnectionRefusedError(111, "Connection refused", "10.0.0.1")
    assert explain(error) == "Connection refused"
    assert explain(TimeoutError()) == "TimeoutError"
    assert explain(ssl.SSLError()) == "TLS error"


@pytest.mark.parametrize("timeout", [1e10, 1e18, math.inf])
def test_a_timeout_of_any_size_is_waited_for(timeout: float) -> None:
    """No selector takes such a wait in one piece."""
    token = CancelToken()
    ours, theirs = socket.socketpair()
    scope = CancelScope(clock.now() + timeout, token, "the peer")
    with ours, theirs:
        timer = threading.Timer(0.01, theirs.send, (b"x",))
        timer.start()
        scope.wait(ours, selectors.EVENT_READ, "answering")
        timer.join()
    token.close()
