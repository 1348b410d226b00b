"""Base classes of the catalogue's faults."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any, Callable, Iterable, Mapping

import msgspec
from msgspec import Struct

from assetstream.exchanges import EXCHANGES
from assetstream.simulator.account import Account
from assetstream.simulator.connection import Connection
from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Kind, Message, Reply, Request
from assetstream.simulator.server import SimulatorServer

__all__ = [
    "AnnounceEnd",
    "AnswerLogins",
    "FaultEntry",
    "FixedReply",
    "ForAccount",
    "OncePerConnection",
    "Withhold",
    "withholds",
]


class FaultEntry(Struct, frozen=True):
    """A fault of the catalogue.

    Attributes:
        description: its effect, in one line.
        make: makes it, from ``account=None`` and the fault's own parameters.
        exchange: the only exchange that it can happen to; "" for all.
        parameters: its own, by name, each with its reader for command lines.
        scoped: False if it always strikes all accounts.
        harmless: what an exchange declares where it is nothing unusual; "": nothing.
    """

    description: str
    make: Callable[..., Fault]
    exchange: str = ""
    parameters: Mapping[str, Callable[[str], Any]] = {}
    scoped: bool = True
    harmless: str = ""

    def check(self, name: str, exchange: str) -> None:
        """Refuse a fault that cannot strike one account of ``exchange``.

        Args:
            name: the fault's name, for the message.

        Raises:
            ValueError: the fault cannot strike such an account.
        """
        if not self.scoped:
            raise ValueError(f"{name} strikes all: below TLS there are no accounts")
        if self.exchange not in ("", exchange):
            raise ValueError(f"{name} cannot happen at {exchange}")
        if self.harmless and getattr(EXCHANGES[exchange], self.harmless):
            raise ValueError(f"{name} is nothing unusual at {exchange}")


class ForAccount(Fault):
    """A fault of one account, of one exchange, or of all.

    HTTP requests are an account's if they are for its exchange: where the login is a
    message, an upgrade names no account.
    """

    def __init__(
        self, account: Account | None = None, exchange: str | None = None
    ) -> None:
        self._account = account
        self._exchange = exchange if account is None else account.name
        self._over = threading.Event()

    def ended(self) -> None:
        """Release the threads that the fault holds up."""
        self._over.set()

    def _strikes(self, account: Account | None) -> bool:
        return self._account in (None, account)

    def _strikes_request(self, request: Request) -> bool:
        return self._exchange in (None, request.exchange)


class FixedReply(ForAccount):
    """Has one reply to HTTP requests."""

    def __init__(
        self,
        account: Account | None = None,
        *,
        reply: Reply,
        exchange: str | None = None,
    ) -> None:
        super().__init__(account, exchange)
        self._reply = reply

    def _answer(self, request: Request) -> Reply | None:
        return self._reply if self._strikes_request(request) else None


class OncePerConnection(ForAccount):
    """Strikes every connection once: the open ones at once, and each new one.

    A new connection is struck when it opens; for one account, where the login is a
    message, when it has logged in.
    """

    def __init__(
        self, account: Account | None = None, exchange: str | None = None
    ) -> None:
        super().__init__(account, exchange)
        # A connection is added and looked for on its own thread only.
        self._struck: set[Connection] = set()

    def strike(self, connection: Connection) -> None:
        """Disturb ``connection``; called on its thread."""
        raise NotImplementedError

    def began(self, server: SimulatorServer) -> None:
        """Strike the connections that are open."""
        for connection in server.connections():
            connection.post(partial(self._strike_once, connection))

    def opened(self, connection: Connection) -> None:
        """Strike a new connection."""
        self._strike_once(connection)

    def identified(self, connection: Connection) -> None:
        """Strike a connection that a login has made the account's."""
        self._strike_once(connection)

    def _strike_once(self, connection: Connection) -> None:
        if (
            self._exchange in (None, connection.exchange)
            and self._strikes(connection.account)
            and connection not in self._struck
        ):
            self._struck.add(connection)
            self.strike(connection)


class AnnounceEnd(OncePerConnection):
    """Tells each connection at one exchange that it will be closed, and closes it.

    Args:
        notice: the exchange's own announcement.
        exchange: its name.
        seconds: from the announcement to the close.
        code: of the close frame.
    """

    def __init__(
        self,
        account: Account | None = None,
        *,
        notice: Mapping[str, Any],
        exchange: str,
        seconds: float,
        code: int = 1000,
    ) -> None:
        super().__init__(account, exchange)
        self._notice = Message(Kind.ERROR, msgspec.json.encode(notice))
        self._seconds = seconds
        self._code = code

    def strike(self, connection: Connection) -> None:
        """Send the announcement; the close follows."""
        connection.send(self._notice)
        connection.call_later(self._seconds, partial(connection.close, self._code))


class AnswerLogins(ForAccount):
    """Refuses good logins at one exchange, where they are messages, by an answer."""

    def __init__(
        self,
        account: Account | None = None,
        *,
        answer: Mapping[str, Any],
        exchange: str,
    ) -> None:
        super().__init__(account, exchange)
        self._answer = Message(Kind.LOGIN, msgspec.json.encode(answer), accepted=False)
        # Threads of the connections that are about to send the answer.
        self._refusing: set[int] = set()

    def login(self, account: Account) -> bool:
        """Return False."""
        if account.name != self._exchange or not self._strikes(account):
            return True
        self._refusing.add(threading.get_ident())
        return False

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """Replace the answer; bad credentials are refused as ever."""
        here = threading.get_ident()
        if message.kind is not Kind.LOGIN or here not in self._refusing:
            return (message,)
        self._refusing.discard(here)
        return (self._answer,)


class Withhold(ForAccount):
    """Sends no frames of some kinds."""

    def __init__(
        self, account: Account | None = None, *, kinds: Iterable[Kind]
    ) -> None:
        super().__init__(account)
        self._kinds = frozenset(kinds)

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """Drop ``message`` if its kind is withheld."""
        return () if self._withheld(connection, message.kind) else (message,)

    def pong(self, connection: Connection) -> bool:
        """Return False if pongs are withheld."""
        return not self._withheld(connection, Kind.PONG)

    def _withheld(self, connection: Connection, kind: Kind) -> bool:
        return kind in self._kinds and self._strikes(connection.account)


def withholds(*kinds: Kind) -> partial[Withhold]:
    """Make the maker of a fault that sends nothing of these kinds."""
    return partial(Withhold, kinds=kinds)
