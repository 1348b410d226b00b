"""A log of the connections to a simulator."""

from __future__ import annotations

from typing import Callable, Iterable

from assetstream.display.words import aged
from assetstream.simulator.connection import Connection
from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Kind, Message, Reply, Request

__all__ = ["ConnectionLog"]


class ConnectionLog(Fault):
    """Logs connections through the points of a fault; disturbs nothing.

    Args:
        log: called with the exchange and what happened there, on the server's threads.
    """

    def __init__(self, log: Callable[[str, str], object]) -> None:
        self._log = log
        self._since: dict[Connection, float] = {}

    def refused(self, request: Request, reply: Reply) -> None:
        """Log a refused upgrade."""
        exchange = request.exchange or request.path
        self._log(exchange, f"connection refused with status {reply.status}")

    def opened(self, connection: Connection) -> None:
        """Log a new connection."""
        self._since[connection] = connection.now()
        self._log(connection.exchange, "connected")

    def closed(self, connection: Connection) -> None:
        """Log the end of a connection."""
        began = self._since.pop(connection, None)
        if began is not None:
            lasted = connection.now() - began
            self._log(connection.exchange, f"disconnected after {aged(lasted)}")

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """Log the outcome of a login or a subscription, which its answer has."""
        if message.accepted is not None:
            request = "login" if message.kind is Kind.LOGIN else "subscription"
            outcome = "accepted" if message.accepted else "refused"
            self._log(connection.exchange, f"{request} {outcome}")
        return (message,)
