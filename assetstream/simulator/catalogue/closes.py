"""Faults that end connections: close frames of every kind, and maintenance."""

from __future__ import annotations

from functools import partial
from typing import Mapping

from assetstream.simulator.account import Account
from assetstream.simulator.catalogue.common import FaultEntry, OncePerConnection
from assetstream.simulator.catalogue.handshake import html
from assetstream.simulator.catalogue.parameters import interval
from assetstream.simulator.connection import Connection
from assetstream.simulator.messages import Kind, Message, Reply, Request
from assetstream.simulator.registry import VENUES

__all__ = ["FAULTS"]

CODES = {
    1000: "the normal one",
    1001: "going away",
    1008: "policy violation",
    1011: "internal error",
    1012: "service restart",
    4001: "the exchange's own",
}


class Close(OncePerConnection):
    """Closes connections by a close frame."""

    def __init__(
        self, account: Account | None = None, *, code: int = 1000, reason: str = ""
    ) -> None:
        super().__init__(account)
        self._code = code
        self._reason = reason

    def strike(self, connection: Connection) -> None:
        """Close ``connection``."""
        connection.close(self._code, self._reason)


class CloseAfterError(Close):
    """Sends an error frame, and closes right behind it."""

    def strike(self, connection: Connection) -> None:
        """Send the error, and close."""
        venue = VENUES[connection.exchange]
        connection.post(Message(Kind.ERROR, venue.error, binary=venue.binary))
        super().strike(connection)


class Maintenance(Close):
    """Closes everything, and answers HTTP with a page of HTML."""

    def __init__(
        self, account: Account | None = None, *, retry_after: float = 1
    ) -> None:
        super().__init__(account, code=1012, reason="maintenance")
        self._page = html(503, retry_after)

    def upgrade(self, request: Request) -> Reply | None:
        """Answer with the page."""
        return self._page if self._strikes_request(request) else None

    def rest(self, request: Request) -> Reply | None:
        """Answer with the page."""
        return self._page if self._strikes_request(request) else None


FAULTS: Mapping[str, FaultEntry] = {
    **{
        f"close_{code}": FaultEntry(
            f"every open connection, and each new one, is closed by {code}, {words}",
            partial(Close, code=code),
        )
        for code, words in CODES.items()
    },
    "close_after_error": FaultEntry(
        "every open connection, and each new one, gets an error frame and is closed",
        CloseAfterError,
    ),
    "maintenance": FaultEntry(
        "connections are closed by 1012; upgrades and REST get 503, HTML and "
        "Retry-After: retry_after=1 seconds",
        Maintenance,
        parameters={"retry_after": interval},
    ),
}
