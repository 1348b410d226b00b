"""``ExchangeSession``: the exchange's side of one WebSocket."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Callable, Protocol

from assetstream.simulator.account import Account
from assetstream.simulator.context import Context
from assetstream.simulator.messages import Message

__all__ = ["ExchangeSession", "Transport"]


class Transport(Protocol):
    """The connection that a session talks over.

    Attributes:
        last_received: when a frame came last; monotonic seconds.
        last_sent: when a frame was sent last; monotonic seconds.
    """

    last_received: float
    last_sent: float

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def send(self, message: Message) -> None:
        """Send ``message``; from any thread, never blocks."""

    def ping(self, payload: bytes) -> None:
        """Send a ping with ``payload``. Call it on the connection's thread."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send what is queued and a close frame."""

    def drop(self, *, reset: bool = False) -> None:
        """Cut the connection without a close frame."""

    def call_later(self, delay: float, action: Callable[[], None]) -> None:
        """Call ``action`` on the connection's thread in ``delay`` seconds."""


class ExchangeSession(ABC):
    """The exchange's side of one WebSocket; lives and dies with the connection.

    Attributes:
        context: what all parts of the simulator share.
        connection: sends to the client.
        account: the account that the client has logged in to.
        style: the form in which the client wants its balances.
        silent: the client is subscribed, and gets no balances.
    """

    #: Name of the exchange.
    exchange: str

    def __init__(self, context: Context, connection: Transport) -> None:
        self.context = context
        self.connection = connection
        self.style = ""
        self.silent = False
        self.account: Account | None = None

    @abstractmethod
    def opened(self) -> None:
        """Begin: the connection is open."""

    @abstractmethod
    def received(self, payload: bytes) -> None:
        """Answer the data frame ``payload``."""

    def ponged(self, payload: bytes) -> None:  # noqa: B027 - few of them ask
        """Take note of a WebSocket pong with ``payload``."""

    @abstractmethod
    def idle(self, now: float) -> float:
        """Seconds since anything happened that keeps the connection alive."""

    def send(self, message: Message) -> None:
        """Send ``message`` to the client; from any thread, never blocks."""
        self.connection.send(message)

    @property
    def subscribed(self) -> bool:
        """True if it is subscribed to its account's balances."""
        return self.account is not None and self.account.has_subscriber(self)

    def closed(self) -> None:
        """End all pushes: the connection is gone, or about to go."""
        if self.account is not None:
            self.account.unsubscribe(self)

    def watch_idleness(self) -> None:
        """Drop the connection, with no close frame, once it was idle for too long."""
        left = self.context.idle_timeout - self.idle(self.connection.now())
        if left <= 0:
            self.connection.drop()
        else:
            self.connection.call_later(left, self.watch_idleness)
