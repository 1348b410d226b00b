"""``ExchangeSession``: the exchange's side of one WebSocket."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Callable, Generic, Protocol, TypeVar

import msgspec

from assetstream.simulator.account import Account
from assetstream.simulator.context import Context
from assetstream.simulator.messages import Kind, Message

__all__ = ["ExchangeSession", "LoginSession", "Transport"]

A = TypeVar("A", bound=Account)


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
        account: the account that the client has logged in to; None: to none yet.
        style: the form in which the client wants its balances.
        silent: the client is subscribed, and gets no balances.
    """

    #: Name of the exchange.
    exchange: str
    #: Its frames are binary.
    binary = False

    def __init__(
        self,
        context: Context,
        connection: Transport,
        account: Account | None = None,
    ) -> None:
        self.context = context
        self.connection = connection
        self.style = ""
        self.silent = False
        self.account = account

    def opened(self) -> None:
        """Begin: the connection is open, and the client speaks first."""
        if self.account is not None:
            self.context.signal.count("connections", self.account.seen)
        self.watch_idleness()

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

    def _send(self, kind: Kind, content: object, accepted: bool | None = None) -> None:
        """Send ``content`` as JSON."""
        payload = msgspec.json.encode(content)
        self.send(Message(kind, payload, self.binary, accepted))

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


class LoginSession(ExchangeSession, Generic[A]):
    """A session whose client says by message whose it is.

    Args:
        context: what all parts of the simulator share.
        connection: sends to the client.
        account_of: returns the account of a public key, None if nobody knows it.
        address: the client's.
    """

    account: A | None

    def __init__(
        self,
        context: Context,
        connection: Transport,
        account_of: Callable[[str], A | None],
        address: str,
    ) -> None:
        super().__init__(context, connection)
        self._account_of = account_of
        self._address = address

    def _identify(self, account: A) -> None:
        """Make the connection the account's; nothing is left of one before."""
        self.closed()
        self.account = account
        self.context.signal.count("connections", account.seen)
        self.context.points.notify("identified", self.connection)
