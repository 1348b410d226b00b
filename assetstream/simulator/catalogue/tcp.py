"""Faults below the WebSocket: nobody listens, RST, FIN, and packets that vanish."""

from __future__ import annotations

from typing import Iterable, Mapping

from assetstream.simulator.account import Account
from assetstream.simulator.catalogue.common import (
    FaultEntry,
    ForAccount,
    OncePerConnection,
)
from assetstream.simulator.connection import Connection
from assetstream.simulator.faults import Fault
from assetstream.simulator.server import SimulatorServer

__all__ = ["FAULTS"]


class RefuseTCP(Fault):
    """Stops listening. Open connections go on."""

    def __init__(self, account: None = None) -> None:
        self._server: SimulatorServer | None = None

    def began(self, server: SimulatorServer) -> None:
        """Stop listening."""
        if not server.started:
            raise RuntimeError("the simulator was not started: it refuses already")
        self._server = server
        server.refuse()

    def ended(self) -> None:
        """Listen again, on the same port."""
        if self._server is not None:
            self._server.accept_again()


class Drop(OncePerConnection):
    """Cuts connections by FIN or RST, without a close frame."""

    def __init__(self, account: Account | None = None, *, reset: bool = False) -> None:
        super().__init__(account)
        self._reset = reset

    def strike(self, connection: Connection) -> None:
        """Cut ``connection``."""
        connection.drop(reset=self._reset)


class Reset(Drop):
    """Cuts connections by RST."""

    def __init__(self, account: Account | None = None) -> None:
        super().__init__(account, reset=True)


class SilentDrop(ForAccount):
    """Lets the network deliver nothing, in neither direction, until it is back."""

    def __init__(self, account: Account | None = None) -> None:
        super().__init__(account)
        # With those that were dropped meanwhile: their end has yet to get through.
        self._frozen: set[Connection] = set()

    def began(self, server: SimulatorServer) -> None:
        """Wake the connections, so that they stop."""
        wake(server.connections())

    def ended(self) -> None:
        """Let the bytes flow again that TCP has kept for both sides."""
        super().ended()
        wake(tuple(self._frozen))

    def frozen(self, connection: Connection) -> bool:
        """Return True while nothing passes."""
        if not self._strikes(connection.account) or self._over.is_set():
            return False
        self._frozen.add(connection)
        return True


class DeadPath(ForAccount):
    """Loses the path of the open connections for good; new ones take another."""

    def began(self, server: SimulatorServer) -> None:
        """Let the open connections vanish."""
        for connection in server.connections():
            if self._strikes(connection.account):
                connection.post(connection.vanish)


def wake(connections: Iterable[Connection]) -> None:
    """Wake the connections: they ask the faults again."""
    for connection in connections:
        connection.post(lambda: None)


FAULTS: Mapping[str, FaultEntry] = {
    "tcp_refused": FaultEntry(
        "nobody listens: connecting is refused; open connections go on",
        RefuseTCP,
        scoped=False,
    ),
    "tcp_reset": FaultEntry("RST to every open connection, and to each new one", Reset),
    "close_1006": FaultEntry(
        "every open connection, and each new one, is cut by FIN, with no close frame",
        Drop,
    ),
    "silent_drop": FaultEntry(
        "packets of WebSockets vanish in both directions, no FIN; at the end the "
        "network is back and delivers them",
        SilentDrop,
    ),
    "dead_path": FaultEntry(
        "packets of the open WebSockets vanish for good, also after the end, no FIN; "
        "new ones are well",
        DeadPath,
    ),
}
