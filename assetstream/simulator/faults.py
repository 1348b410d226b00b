"""``Fault``: a class of points that the simulator asks, to be overridden.

A fault overrides the points that it disturbs. The simulator asks all faults at every
point and knows no fault by name, so a new fault needs no change anywhere else:

    class Greet(Fault):
        def opened(self, connection):
            connection.send(Message(Kind.ERROR, b"hello"))

    with exchange.faults.add(Greet()):
        ...
"""

from __future__ import annotations

import threading
from typing import Iterable

from assetstream.simulator.account import Account
from assetstream.simulator.connection import Connection
from assetstream.simulator.fault_points import FaultPoints
from assetstream.simulator.ledger import Balances
from assetstream.simulator.messages import Message, Reply, Request
from assetstream.simulator.server import SimulatorServer
from assetstream.simulator.switch import Switch

__all__ = ["Balances", "Fault", "Faults"]


class Fault:
    """One way to misbehave. Every point does nothing here; override what you need.

    Points are called on the server's threads, several at once. ``accepted``,
    ``upgrade`` and ``rest`` may raise ``ConnectionAbortedError`` to hang up on the
    client without an answer.
    """

    def began(self, server: SimulatorServer) -> None:
        """The fault was switched on; ``server`` has the connections that are open."""

    def ended(self) -> None:
        """The fault is being switched off; no point is asked once this returned."""

    def accepted(self) -> None:
        """A client has connected; nothing of it is read yet, not even TLS."""

    def ahead(self, exchange: str) -> float:
        """Seconds by which the clock of ``exchange``, in ``Date`` headers, is ahead."""
        return 0.0

    def upgrade(self, request: Request) -> Reply | None:
        """Answer ``request`` for a WebSocket with this; None leaves it alone."""
        return None

    def head(self, request: Request, head: bytes) -> Iterable[bytes]:
        """Send these bytes, one after the other, in place of a 101's ``head``.

        Args:
            request: the upgrade that the 101 answers.
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
            account: the account that they belong to.
        """
        return balances

    def read(self, account: Account) -> Reply | None:
        """Answer a good REST request for ``account``'s balances with this instead."""
        return None

    def opened(self, connection: Connection) -> None:
        """``connection`` was opened; its account is known if the upgrade names it."""

    def identified(self, connection: Connection) -> None:
        """``connection`` has logged in by a message, and has an account now."""

    def refused(self, request: Request, reply: Reply) -> None:
        """A WebSocket upgrade, ``request``, is being refused with ``reply``."""

    def closed(self, connection: Connection) -> None:
        """``connection`` has ended or is ending; called on the thread that ended it."""

    def received(self, connection: Connection, payload: bytes) -> bytes | None:
        """Take this for the ``payload`` from ``connection``; None: ignore it."""
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


class Faults:
    """Switches faults on and off; made by ``Simulator``."""

    def __init__(self, points: FaultPoints, server: SimulatorServer) -> None:
        self._points = points
        self._server = server
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Switch:
        """Switch ``fault`` on, now."""
        with self._lock:
            self._points.on = (*self._points.on, fault)
            fault.began(self._server)
        return Switch(lambda: self.remove(fault))

    def remove(self, fault: Fault) -> None:
        """Switch ``fault`` off, if it is on."""
        with self._lock:
            if fault in self._points.on:
                # Before it is taken off, so that nothing overtakes what it held back.
                fault.ended()
                self._points.on = tuple(
                    each for each in self._points.on if each is not fault
                )

    def clear(self) -> None:
        """Switch every fault off."""
        for fault in self._points.on:
            self.remove(fault)
