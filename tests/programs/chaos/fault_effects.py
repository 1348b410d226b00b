"""A count of what a fault does to clients; a fault without an effect does not count."""

from __future__ import annotations

import errno
import functools
import os
from typing import Any, Callable, Iterable, Mapping, Sequence

from assetstream.simulator.faults import Fault

__all__ = ["SILENCES", "SILENT", "EffectCounter"]

#: Part of the error of a connection lost by L1.
SILENT = "not even a pong"
#: Faults that are met once the client gives a silent connection up: by L1, or because
#: a login or a LIST was not answered.
SILENCES: Mapping[str, tuple[str, ...]] = {
    "silent_drop": (SILENT, "did not answer"),
    # New connections are well: an audit's reconnect ends it as well.
    "dead_path": (SILENT, "did not answer", "reconnecting:"),
    "half_frame": (SILENT, "did not answer"),
    "pong_withheld": (SILENT, "did not answer a ping"),
}
#: The server cannot see these faults; the client's errors show them.
ERRORS: Mapping[str, tuple[str, ...]] = {
    "tcp_refused": (os.strerror(errno.ECONNREFUSED),),
    **SILENCES,
}
#: The points that count, for faults with others that prove little.
POINTS_OF: Mapping[str, frozenset[str]] = {
    # Closing connections is the lesser part of it.
    "maintenance": frozenset({"upgrade", "rest"}),
}
#: Points whose call alone is an effect, as they answer late or never.
ASKED = ("accepted", "upgrade", "rest")
#: Point -> whether its result shows an effect, given its arguments.
ACTED: Mapping[str, Callable[..., bool]] = {
    "login": lambda good, account: not good,
    "received": lambda taken, connection, payload: taken != payload,
    "subscription": lambda good, account: not good,
    "lag": lambda seconds, account: (
        account.ledger.balances(seconds) != account.ledger.balances()
    ),
    "shown": lambda shown, account, balances: shown != balances,
    "wire": lambda sent, connection, frame: sent != frame,
    "portion": lambda size, connection: size is not None and connection.backlog > size,
    "pong": lambda answered, connection: not answered,
}


class EffectCounter:
    """Counts what a fault does to clients, from before it is switched on.

    Args:
        name: the fault's name.
        fault: the fault, whose points are watched from now on.
        clients: for each client, a function that returns the texts of its errors.
    """

    def __init__(
        self, name: str, fault: Fault, clients: Sequence[Callable[[], list[str]]]
    ) -> None:
        self._words = ERRORS.get(name)
        # Each with the number of errors before the fault.
        self._clients = [(errors, len(errors())) for errors in clients]
        #: The number of effects on clients.
        self.count = 0
        for point, acted in ACTED.items():
            self._watch(name, fault, point, functools.partial(self._called, acted))
        for point in ASKED:
            self._watch(name, fault, point, self._asked)
        self._watch(name, fault, "head", self._head)
        self._watch(name, fault, "sending", self._sending)
        silence = name == "first_use_silence"
        self._watch(name, fault, "strike", self._silenced if silence else self._asked)

    @property
    def met(self) -> bool:
        """True if a client has met the fault."""
        if self._words is None:
            return self.count > 0
        texts = [text for errors, old in self._clients for text in errors()[old:]]
        return any(words in text for text in texts for words in self._words)

    def _watch(
        self, name: str, fault: Fault, point: str, watched: Callable[..., Any]
    ) -> None:
        """Replace the fault's method ``point`` by ``watched(inner, *arguments)``."""
        inner = getattr(fault, point, None)
        own = getattr(type(fault), point, None) is not getattr(Fault, point, None)
        if inner is not None and own and point in POINTS_OF.get(name, {point}):
            setattr(fault, point, functools.partial(watched, inner))

    def _called(
        self, acted: Callable[..., bool], inner: Callable[..., Any], *arguments: Any
    ) -> Any:
        result = inner(*arguments)
        self.count += acted(result, *arguments)
        return result

    def _asked(self, inner: Callable[..., Any], *arguments: Any) -> Any:
        self.count += 1
        return inner(*arguments)

    def _head(
        self, inner: Callable[..., Iterable[bytes]], request: Any, head: bytes
    ) -> Iterable[bytes]:
        for piece in inner(request, head):
            self.count += piece != head
            yield piece

    def _sending(
        self,
        inner: Callable[..., Iterable[Any]],
        connection: Any,
        message: Any,
    ) -> Iterable[Any]:
        sent = list(inner(connection, message))
        self.count += sent != [message]
        return sent

    def _silenced(self, inner: Callable[..., None], connection: Any) -> None:
        inner(connection)
        # One that was subscribed before is no first use.
        self.count += connection.session is not None and connection.session.silent
