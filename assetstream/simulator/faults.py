"""Where faults are put in: one seam, consulted by the server at every point.

A fault is a small class that overrides the points it touches. The server asks
``Faults`` and knows no fault by name, so a new one needs no change anywhere else::

    class Greet(Fault):
        def opened(self, connection):
            connection.send(Message(Kind.ERROR, b"hello"))

    with exchange.faults.add(Greet()):
        ...
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Iterable, Mapping

from assetstream.simulator.messages import Kind, Message, Reply, Request

if TYPE_CHECKING:
    from assetstream.simulator.account import Account
    from assetstream.simulator.websocket import Connection

__all__ = [
    "Answer",
    "Fault",
    "Faults",
    "Lag",
    "RefuseLogins",
    "Switch",
    "Withhold",
]


class Fault:
    """One way to misbehave. Every point does nothing here; override what you need.

    Points are called on the server's threads, several at once.
    """

    def upgrade(self, request: Request) -> Reply | None:
        """Answer a WebSocket upgrade with this instead; None leaves it alone."""
        return None

    def rest(self, request: Request) -> Reply | None:
        """Answer a REST request with this instead; None leaves it alone."""
        return None

    def login(self, account: Account) -> bool:
        """False refuses this account's good credentials on the WebSocket."""
        return True

    def lag(self, account: Account) -> float:
        """Seconds by which REST shows an older state of the account."""
        return 0.0

    def opened(self, connection: Connection) -> None:
        """A WebSocket was opened."""

    def received(self, connection: Connection, payload: bytes) -> bytes | None:
        """Take this for what the client sent; None: take no notice of it."""
        return payload

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """Send these in place of ``message``."""
        return (message,)

    def pong(self, connection: Connection) -> bool:
        """False leaves a WebSocket ping unanswered."""
        return True


class Switch:
    """A fault that is on until ``off()`` or the end of its ``with`` block."""

    def __init__(self, faults: Faults, fault: Fault) -> None:
        self._faults = faults
        self._fault = fault

    def off(self) -> None:
        """Behave again. May be called twice."""
        self._faults.remove(self._fault)

    def __enter__(self) -> Switch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.off()


class Faults:
    """The faults that are on, asked in the order in which they were added."""

    def __init__(self) -> None:
        # Replaced, never changed: whoever walks it needs no lock.
        self._on: tuple[Fault, ...] = ()
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Switch:
        """Switch ``fault`` on, now."""
        with self._lock:
            self._on = (*self._on, fault)
        return Switch(self, fault)

    def remove(self, fault: Fault) -> None:
        """Switch ``fault`` off, if it is on."""
        with self._lock:
            self._on = tuple(each for each in self._on if each is not fault)

    def upgrade(self, request: Request) -> Reply | None:
        """The first fault's answer to an upgrade."""
        replies = (fault.upgrade(request) for fault in self._on)
        return next((reply for reply in replies if reply is not None), None)

    def rest(self, request: Request) -> Reply | None:
        """The first fault's answer to a REST request."""
        replies = (fault.rest(request) for fault in self._on)
        return next((reply for reply in replies if reply is not None), None)

    def login(self, account: Account) -> bool:
        """Whether good credentials are accepted."""
        return all(fault.login(account) for fault in self._on)

    def lag(self, account: Account) -> float:
        """How many seconds REST is behind."""
        return sum((fault.lag(account) for fault in self._on), 0.0)

    def opened(self, connection: Connection) -> None:
        """Tell every fault."""
        for fault in self._on:
            fault.opened(connection)

    def received(self, connection: Connection, payload: bytes) -> bytes | None:
        """What is taken for received, after every fault had its say."""
        for fault in self._on:
            changed = fault.received(connection, payload)
            if changed is None:
                return None
            payload = changed
        return payload

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """What is sent, after every fault had its say."""
        messages: Iterable[Message] = (message,)
        for fault in self._on:
            messages = [
                out for one in messages for out in fault.sending(connection, one)
            ]
        return messages

    def pong(self, connection: Connection) -> bool:
        """Whether a WebSocket ping is answered."""
        return all(fault.pong(connection) for fault in self._on)


class Answer(Fault):
    """Answers upgrades, or REST requests, with one reply."""

    def __init__(self, reply: Reply, *, to: str, exchange: str | None = None) -> None:
        self._reply = reply
        self._to = to
        self._exchange = exchange

    def upgrade(self, request: Request) -> Reply | None:
        """The reply, if it is meant for upgrades."""
        return self._matching("upgrade", request)

    def rest(self, request: Request) -> Reply | None:
        """The reply, if it is meant for REST."""
        return self._matching("rest", request)

    def _matching(self, to: str, request: Request) -> Reply | None:
        mine = self._to == to and self._exchange in (None, request.exchange)
        return self._reply if mine else None


class Withhold(Fault):
    """Sends nothing of some kinds, on all connections or on one account's."""

    def __init__(self, kinds: Iterable[Kind], account: Account | None = None) -> None:
        self._kinds = frozenset(kinds)
        self._account = account

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """Nothing, if it is of a kind withheld."""
        return () if self._mine(connection, message.kind) else (message,)

    def pong(self, connection: Connection) -> bool:
        """False if pongs are withheld."""
        return not self._mine(connection, Kind.PONG)

    def _mine(self, connection: Connection, kind: Kind) -> bool:
        return kind in self._kinds and self._account in (None, connection.account)


class Lag(Fault):
    """REST shows the state of some seconds ago."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def lag(self, account: Account) -> float:
        """The seconds."""
        return self._seconds


class RefuseLogins(Fault):
    """Good credentials are refused."""

    def __init__(self, account: Account | None = None) -> None:
        self._account = account

    def login(self, account: Account) -> bool:
        """False for the account meant."""
        return self._account not in (None, account)


def refusal(status: int, body: bytes | str, headers: Mapping[str, str] | None) -> Reply:
    """The reply a user described."""
    content = body.encode() if isinstance(body, str) else body
    return Reply(status, content, headers or {})
