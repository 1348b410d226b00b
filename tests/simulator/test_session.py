"""The exchange's side of a WebSocket, without a socket."""

from __future__ import annotations

from typing import Callable

from assetstream.simulator import Message, Simulator, UpbitAccount
from assetstream.simulator.session import ExchangeSession
from assetstream.simulator.timers import Timers


class Wire:
    """A connection whose time the test sets."""

    def __init__(self) -> None:
        self.last_received = self.last_sent = self.time = 0.0
        self.timers = Timers()
        self.messages: list[Message] = []
        self.dropped_at: float | None = None

    def now(self) -> float:
        return self.time

    def send(self, message: Message) -> None:
        self.messages.append(message)

    def close(self, code: int = 1000, reason: str = "") -> None:
        raise AssertionError("closed")

    def drop(self, *, reset: bool = False) -> None:
        self.dropped_at = self.time

    def call_later(self, delay: float, action: Callable[[], None]) -> None:
        self.timers.add(self.time + delay, action)

    def pass_to(self, time: float) -> None:
        """Let time pass second by second."""
        while self.time < time:
            self.time += 1
            self.timers.run(self.time)


class Session(ExchangeSession):
    """A session that any frame of the client keeps alive."""

    exchange = "upbit"

    def opened(self) -> None:
        self.watch_idleness()

    def received(self, payload: bytes) -> None:
        raise AssertionError("nothing is received")

    def idle(self, now: float) -> float:
        return now - self.connection.last_received


def test_an_idle_connection_is_dropped(upbit: UpbitAccount) -> None:
    """The timeout counts from the last sign of life."""
    wire = Wire()
    Session(upbit.context, wire).opened()
    wire.pass_to(50)
    wire.last_received = 50
    wire.pass_to(109)
    assert wire.dropped_at is None
    wire.pass_to(120)

    assert wire.dropped_at == 110


def test_a_session_ends_its_subscription_with_itself(
    exchange: Simulator, upbit: UpbitAccount
) -> None:
    """A session without an account has no subscription."""
    wire = Wire()
    session = Session(upbit.context, wire)
    session.closed()
    assert not session.subscribed
    session.account = upbit
    upbit.subscribe(session)
    assert session.subscribed
    upbit.deposit("BTC", 1)
    session.closed()
    upbit.deposit("BTC", 1)

    assert len(wire.messages) == 1
    assert not session.subscribed
