"""The faults behind the simulator's own methods: refusals, silence and lag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Mapping

from assetstream.simulator.faults import Fault
from assetstream.simulator.messages import Kind, Message, Reply, Request

if TYPE_CHECKING:
    from assetstream.simulator.account import Account
    from assetstream.simulator.connection import Connection

__all__ = ["Answer", "Lag", "RefuseLogins", "Withhold", "refusal"]


class Answer(Fault):
    """Answers upgrades, or REST requests, with one reply."""

    def __init__(self, reply: Reply, *, to: str, exchange: str | None = None) -> None:
        self._reply = reply
        self._to = to
        self._exchange = exchange

    def upgrade(self, request: Request) -> Reply | None:
        """The reply, if it is meant for upgrades."""
        return self._matching("upgrade", request)

    def rest(self, request: Request) -> Reply | None:
        """The reply, if it is meant for REST."""
        return self._matching("rest", request)

    def _matching(self, to: str, request: Request) -> Reply | None:
        mine = self._to == to and self._exchange in (None, request.exchange)
        return self._reply if mine else None


class Withhold(Fault):
    """Sends nothing of some kinds, on all connections or on one account's."""

    def __init__(self, kinds: Iterable[Kind], account: Account | None = None) -> None:
        self._kinds = frozenset(kinds)
        self._account = account

    def sending(self, connection: Connection, message: Message) -> Iterable[Message]:
        """Nothing, if it is of a kind withheld."""
        return () if self._mine(connection, message.kind) else (message,)

    def pong(self, connection: Connection) -> bool:
        """False if pongs are withheld."""
        return not self._mine(connection, Kind.PONG)

    def _mine(self, connection: Connection, kind: Kind) -> bool:
        return kind in self._kinds and self._account in (None, connection.account)


class Lag(Fault):
    """REST shows the state of some seconds ago."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def lag(self, account: Account) -> float:
        """The seconds."""
        return self._seconds


class RefuseLogins(Fault):
    """Good credentials are refused."""

    def __init__(self, account: Account | None = None) -> None:
        self._account = account

    def login(self, account: Account) -> bool:
        """False for the account meant."""
        return self._account not in (None, account)


def refusal(status: int, body: bytes | str, headers: Mapping[str, str] | None) -> Reply:
    """The reply a user described."""
    content = body.encode() if isinstance(body, str) else body
    return Reply(status, content, headers or {})
