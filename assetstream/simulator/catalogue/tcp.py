"""Faults below the WebSocket: nobody listens, RST, FIN, and packets that vanish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping

from assetstream.simulator.catalogue.common import Entry, Scoped, Strike
from assetstream.simulator.faults import Fault

if TYPE_CHECKING:
    from assetstream.simulator.account import Account
    from assetstream.simulator.site import Site
    from assetstream.simulator.websocket import Connection

__all__ = ["FAULTS"]


class RefuseTCP(Fault):
    """Nobody listens. Open connections go on."""

    def __init__(self, account: Account | None = None) -> None:
        if account is not None:
            raise ValueError("tcp_refused strikes all: TCP knows no accounts")
        self._site: Site | None = None

    def began(self, site: Site) -> None:
        """Stop listening."""
        if site.server is None:
            raise RuntimeError("the simulator was not started: it refuses already")
        self._site = site
        site.server.refuse()

    def ended(self) -> None:
        """Listen again, on the same port."""
        if self._site is not None and self._site.server is not None:
            self._site.server.accept_again()


class Drop(Strike):
    """FIN or RST, and no close frame."""

    def __init__(self, account: Account | None = None, *, reset: bool = False) -> None:
        super().__init__(account)
        self._reset = reset

    def strike(self, connection: Connection) -> None:
        """Cut it."""
        connection.drop(reset=self._reset)


class Reset(Drop):
    """RST."""

    def __init__(self, account: Account | None = None) -> None:
        super().__init__(account, reset=True)


class SilentDrop(Scoped):
    """The network takes everything and delivers nothing, until it is back."""

    def __init__(self, account: Account | None = None) -> None:
        super().__init__(account)
        self._site: Site | None = None

    def began(self, site: Site) -> None:
        """Let the connections notice."""
        self._site = site
        self._wake()

    def ended(self) -> None:
        """Let flow again what TCP has kept for both sides."""
        super().ended()
        self._wake()

    def frozen(self, connection: Connection) -> bool:
        """Nothing passes."""
        return self._mine(connection) and not self._over.is_set()

    def _wake(self) -> None:
        for connection in self._site.connections() if self._site else ():
            connection.post(lambda: None)


FAULTS: Mapping[str, Entry] = {
    "tcp_refused": Entry(
        "nobody listens: connecting is refused; open connections go on, "
        "and it takes no account",
        RefuseTCP,
    ),
    "tcp_reset": Entry("RST to every open connection, and to each new one", Reset),
    "close_1006": Entry(
        "every open connection, and each new one, is cut by FIN, with no close frame",
        Drop,
    ),
    "silent_drop": Entry(
        "packets of WebSockets vanish in both directions, no FIN; at the end the "
        "network is back and delivers them",
        SilentDrop,
    ),
}
