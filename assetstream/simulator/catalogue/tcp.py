"""Faults below the WebSocket: nobody listens, RST, FIN, and packets that vanish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Mapping

from assetstream.simulator.catalogue.common import Entry, Scoped, Strike
from assetstream.simulator.faults import Fault

if TYPE_CHECKING:
    from assetstream.simulator.account import Account
    from assetstream.simulator.connection import Connection
    from assetstream.simulator.site import Site

__all__ = ["FAULTS"]


class RefuseTCP(Fault):
    """Nobody listens. Open connections go on."""

    def __init__(self, account: None = None) -> None:
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
        # Those that were dropped meanwhile included: they have yet to say so.
        self._frozen: set[Connection] = set()

    def began(self, site: Site) -> None:
        """Let the connections notice."""
        wake(site.connections())

    def ended(self) -> None:
        """Let flow again what TCP has kept for both sides."""
        super().ended()
        wake(tuple(self._frozen))

    def frozen(self, connection: Connection) -> bool:
        """Nothing passes."""
        if not self._mine(connection) or self._over.is_set():
            return False
        self._frozen.add(connection)
        return True


class DeadPath(Scoped):
    """The way that open connections take is gone for good; new ones take another."""

    def began(self, site: Site) -> None:
        """Lose it."""
        for connection in site.connections():
            if self._mine(connection):
                connection.post(connection.vanish)


def wake(connections: Iterable[Connection]) -> None:
    """Have them look at what is on and off."""
    for connection in connections:
        connection.post(lambda: None)


FAULTS: Mapping[str, Entry] = {
    "tcp_refused": Entry(
        "nobody listens: connecting is refused; open connections go on",
        RefuseTCP,
        scoped=False,
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
    "dead_path": Entry(
        "packets of the open WebSockets vanish for good, also after the end, no FIN; "
        "new ones are well",
        DeadPath,
    ),
}
