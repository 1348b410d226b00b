"""Where faults are put in: one seam, consulted by the server at every point.

A fault is a small class that overrides the points it touches. The server asks
``Faults`` and knows no fault by name, so a new one needs no change anywhere else:

    class Greet(Fault):
        def opened(self, connection):
            connection.send(Message(Kind.ERROR, b"hello"))

    with exchange.faults.add(Greet()):
        ...
"""

from __future__ import annotations

import threading
from decimal import Decimal
from functools import partial
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING, Iterable, Mapping

from assetstream.simulator.messages import Kind, Message, Reply, Request

if TYPE_CHECKING:
    from assetstream.simulator.account import Account
    from assetstream.simulator.site import Site
    from assetstream.simulator.websocket import Connection

__all__ = [
    "Answer",
    "Balances",
    "Fault",
    "Faults",
    "Lag",
    "RefuseLogins",
    "Switch",
    "Withhold",
]

#: (available, locked) by currency.
Balances = dict[str, tuple[Decimal, Decimal]]


class Fault:
    """One way to misbehave. Every point does nothing here; override what you need.

    Points are called on the server's threads, several at once. One that was told of a
    client, or asked for an HTTP answer, may raise ``ConnectionAbortedError`` to hang up
    without a word.
    """

    def began(self, site: Site) -> None:
        """The fault was switched on; ``site`` is what the simulator's parts share."""

    def ended(self) -> None:
        """The fault is being switched off; no point is asked once this returned."""

    def accepted(self) -> None:
        """A client has connected; nothing of it is read yet, not even TLS."""

    def ahead(self, exchange: str) -> float:
        """Seconds by which the clock of ``exchange``, as told by ``Date``, is ahead."""
        return 0.0

    def upgrade(self, request: Request) -> Reply | None:
        """Answer ``request`` for a WebSocket with this; None leaves it alone."""
        return None

    def head(self, request: Request, head: bytes) -> Iterable[bytes]:
        """Send these bytes, one after the other, in place of a 101's ``head``.

        Args:
            request: what is answered by it.
        """
        return (head,)

    def rest(self, request: Request) -> Reply | None:
        """Answer ``request`` by REST with this; None leaves it alone."""
        return None

    def login(self, account: Account) -> bool:
        """False refuses the good credentials of ``account`` on the WebSocket."""
        return True

    def subscription(self, account: Account) -> bool:
        """False refuses the good subscription of ``account`` to its balances."""
        return True

    def lag(self, account: Account) -> float:
        """Seconds by which REST shows an older state of ``account``."""
        return 0.0

    def shown(self, account: Account, balances: Balances) -> Balances:
        """Let REST show these (available, locked) in place of ``balances``.

        Args:
            account: whose they are.
        """
        return balances

    def opened(self, connection: Connection) -> None:
        """``connection`` was opened; at Upbit its account is known already."""

    def identified(self, connection: Connection) -> None:
        """A login has said whose ``connection`` it is (CoinW)."""

    def received(self, connection: Connection, payload: bytes) -> bytes | None:
        """Take this for the ``payload`` from ``connection``; None: take no notice."""
        return payload

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """Send these on ``connection`` in place of ``message``."""
        return (message,)

    def wire(self, connection: Connection, frame: bytes) -> bytes:
        """Put these bytes on the wire of ``connection`` in place of ``frame``."""
        return frame

    def portion(self, connection: Connection) -> int | None:
        """Hand the socket of ``connection`` so many bytes at a time; None: all."""
        return None

    def frozen(self, connection: Connection) -> bool:
        """True lets nothing pass on ``connection`` for now, in neither direction."""
        return False

    def pong(self, connection: Connection) -> bool:
        """False leaves a WebSocket ping on ``connection`` unanswered."""
        return True


class Switch:
    """A fault that is on until ``off()`` or the end of its ``with`` block.

    It is made by ``Simulator.fault`` and all that makes a simulator misbehave.
    """

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

    def __init__(self, site: Site) -> None:
        # Replaced, never changed: whoever walks it needs no lock.
        self._on: tuple[Fault, ...] = ()
        self._site = site
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Switch:
        """Switch ``fault`` on, now."""
        with self._lock:
            self._on = (*self._on, fault)
            fault.began(self._site)
        return Switch(self, fault)

    def remove(self, fault: Fault) -> None:
        """Switch ``fault`` off, if it is on."""
        with self._lock:
            if fault in self._on:
                # First of all, so that nothing overtakes what it has held back.
                fault.ended()
                self._on = tuple(each for each in self._on if each is not fault)

    def clear(self) -> None:
        """Switch everything off."""
        for fault in self._on:
            self.remove(fault)

    def accepted(self) -> None:
        """Tell every fault of a client that has connected."""
        for fault in self._on:
            fault.accepted()

    def ahead(self, exchange: str) -> float:
        """By how many seconds an exchange's clock is wrong."""
        return sum((fault.ahead(exchange) for fault in self._on), 0.0)

    def upgrade(self, request: Request) -> Reply | None:
        """The first fault's answer to an upgrade."""
        replies = (fault.upgrade(request) for fault in self._on)
        return next((reply for reply in replies if reply is not None), None)

    def head(self, request: Request, head: bytes) -> Iterable[bytes]:
        """The pieces that a 101's head is sent in, each made when it is asked for."""
        pieces: Iterable[bytes] = (head,)
        for fault in self._on:
            pieces = chain.from_iterable(map(partial(fault.head, request), pieces))
        return pieces

    def rest(self, request: Request) -> Reply | None:
        """The first fault's answer to a REST request."""
        replies = (fault.rest(request) for fault in self._on)
        return next((reply for reply in replies if reply is not None), None)

    def login(self, account: Account) -> bool:
        """Whether good credentials are accepted."""
        return all(fault.login(account) for fault in self._on)

    def subscription(self, account: Account) -> bool:
        """Whether a good subscription is accepted."""
        return all(fault.subscription(account) for fault in self._on)

    def balances(self, account: Account) -> Balances:
        """What REST shows of the account's ledger."""
        lag = sum((fault.lag(account) for fault in self._on), 0.0)
        balances = account.ledger.balances(lag)
        for fault in self._on:
            balances = fault.shown(account, balances)
        return balances

    def opened(self, connection: Connection) -> None:
        """Tell every fault."""
        for fault in self._on:
            fault.opened(connection)

    def identified(self, connection: Connection) -> None:
        """Tell every fault."""
        for fault in self._on:
            fault.identified(connection)

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

    def wire(self, connection: Connection, frame: bytes) -> bytes:
        """The bytes that go out for a frame."""
        for fault in self._on:
            frame = fault.wire(connection, frame)
        return frame

    def portion(self, connection: Connection) -> int | None:
        """The smallest portion that a fault wants."""
        portions = [fault.portion(connection) for fault in self._on]
        return min((size for size in portions if size is not None), default=None)

    def frozen(self, connection: Connection) -> bool:
        """Whether nothing passes."""
        return any(fault.frozen(connection) for fault in self._on)

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
