"""Tells who connects, logs in, is refused and goes; disturbs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Iterable

from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Kind, Message, Reply, Request

if TYPE_CHECKING:
    from assetstream.simulator.connection import Connection

__all__ = ["Witness"]

#: What frames of these kinds answer.
WHAT = {
    Kind.LOGIN: "login",
    Kind.SUBSCRIPTION: "subscription",
    Kind.LIST: "subscription",
}


class Witness(Fault):
    """A fault that is none, put where faults are.

    Args:
        tell: called with the exchange and what happened there, on the server's threads.
    """

    def __init__(self, tell: Callable[[str, str], object]) -> None:
        self._tell = tell
        self._since: dict[Connection, float] = {}

    def refused(self, request: Request, reply: Reply) -> None:
        """An upgrade was refused."""
        exchange = request.exchange or request.path
        self._tell(exchange, f"connection refused with status {reply.status}")

    def opened(self, connection: Connection) -> None:
        """A connection is open."""
        self._since[connection] = connection.now()
        self._tell(connection.exchange, "connected")

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""
        began = self._since.pop(connection, None)
        if began is not None:
            lasted = connection.now() - began
            self._tell(connection.exchange, f"disconnected after {lasted:.1f} s")

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """An answer to a login or a subscription tells how it went."""
        what = WHAT.get(message.kind)
        # The end of a subscription is answered, too.
        if what is not None and b'"channel":"unsub"' not in message.payload:
            refused = b'"result":false' in message.payload
            outcome = "refused" if refused else "accepted"
            self._tell(connection.exchange, f"{what} {outcome}")
        return (message,)
