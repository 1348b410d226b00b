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
from typing import TYPE_CHECKING, Iterable

from assetstream.simulator.messages import Message, Reply, Request

if TYPE_CHECKING:
    from assetstream.simulator.account import Account
    from assetstream.simulator.connection import Connection
    from assetstream.simulator.site import Site

__all__ = ["Balances", "Fault", "Faults", "Switch"]

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

    def read(self, account: Account) -> Reply | None:
        """Answer a good REST request for ``account``'s balances with this instead."""
        return None

    def opened(self, connection: Connection) -> None:
        """``connection`` was opened; at Upbit its account is known already."""

    def identified(self, connection: Connection) -> None:
        """A login has said whose ``connection`` it is (CoinW)."""

    def refused(self, request: Request, reply: Reply) -> None:
        """A WebSocket upgrade, ``request``, is being refused with ``reply``."""

    def closed(self, connection: Connection) -> None:
        """``connection`` is gone, or going; told on the thread that ended it."""

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

    def read(self, account: Account) -> Reply | None:
        """The first fault's answer to a good request for balances."""
        replies = (fault.read(account) for fault in self._on)
        return next((reply for reply in replies if reply is not None), None)

    def opened(self, connection: Connection) -> None:
        """Tell every fault."""
        for fault in self._on:
            fault.opened(connection)

    def identified(self, connection: Connection) -> None:
        """Tell every fault."""
        for fault in self._on:
            fault.identified(connection)

    def refused(self, request: Request, reply: Reply) -> None:
        """Tell every fault."""
        for fault in self._on:
            fault.refused(request, reply)

    def closed(self, connection: Connection) -> None:
        """Tell every fault."""
        for fault in self._on:
            fault.closed(connection)

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
