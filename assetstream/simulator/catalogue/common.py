"""What the catalogue's faults share: whom they strike, and when they are over."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Mapping

from msgspec import Struct

from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Request

if TYPE_CHECKING:
    from assetstream.simulator.account import Account
    from assetstream.simulator.connection import Connection
    from assetstream.simulator.site import Site

__all__ = ["Entry", "Scoped", "Strike"]


class Entry(Struct, frozen=True):
    """A fault of the catalogue.

    Attributes:
        description: what it does, in one line.
        make: makes it, from ``account=None`` and the fault's own parameters.
        exchange: the only exchange that it can happen to; "" for both.
        parameters: its own, by name, each with what reads it on a command line.
        scoped: False if it cannot be told to strike one account only.
    """

    description: str
    make: Callable[..., Fault]
    exchange: str = ""
    parameters: Mapping[str, Callable[[str], Any]] = {}
    scoped: bool = True

    def check(self, name: str, exchange: str) -> None:
        """Refuse a fault that cannot strike one account of ``exchange``.

        Args:
            name: of the fault, for the message.

        Raises:
            ValueError: it cannot.
        """
        if not self.scoped:
            raise ValueError(f"{name} strikes all: below TLS there are no accounts")
        if self.exchange not in ("", exchange):
            raise ValueError(f"{name} cannot happen at {exchange}")


class Scoped(Fault):
    """A fault of one account, or of all.

    HTTP requests are an account's if they are for its exchange: an upgrade to CoinW
    does not say whose it is.
    """

    def __init__(self, account: Account | None = None) -> None:
        self._account = account
        self._over = threading.Event()

    def ended(self) -> None:
        """Release whoever is held up."""
        self._over.set()

    def _mine(self, connection: Connection) -> bool:
        return self._account in (None, connection.account)

    def _meant(self, request: Request) -> bool:
        return self._account is None or self._account.name == request.exchange


class Strike(Scoped):
    """Strikes every connection once: the open ones at once, and each new one.

    A new one is struck when it opens; for one account at CoinW, when it has logged in.
    """

    def __init__(self, account: Account | None = None) -> None:
        super().__init__(account)
        # Each is added on its own thread, where alone it is looked for.
        self._struck: set[Connection] = set()

    def strike(self, connection: Connection) -> None:
        """Do it; called on the connection's thread."""
        raise NotImplementedError

    def began(self, site: Site) -> None:
        """Strike those that are open."""
        for connection in site.connections():
            connection.post(partial(self._once, connection))

    def opened(self, connection: Connection) -> None:
        """Strike a new one."""
        self._once(connection)

    def identified(self, connection: Connection) -> None:
        """Strike one that is only now known to be the account's."""
        self._once(connection)

    def _once(self, connection: Connection) -> None:
        if self._mine(connection) and connection not in self._struck:
            self._struck.add(connection)
            self.strike(connection)
