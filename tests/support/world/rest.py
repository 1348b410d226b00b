"""The REST replicas: behind, slow and unreliable, as the luck decides."""

from __future__ import annotations

from types import MappingProxyType
from typing import Mapping, NamedTuple

from assetstream.core.outcomes import HttpReply, Outcome
from assetstream.model.errors import ConnectionLost
from tests.support.world.clocks import Clocks
from tests.support.world.ledger import Amounts, Ledger
from tests.support.world.wire import Wire

__all__ = ["Answer", "Replicas", "Reply"]


class Reply(NamedTuple):
    """The course of one REST read.

    Attributes:
        duration: from the request to the reply; seconds.
        lag: how far the replica is behind; seconds.
        garbled: a currency whose entry cannot be read, "" for one without a name.
        omitted: a currency that is left out though it is held.
        empty: nothing is named.
        failure: "": none; else "lost", "timeout", "page", "key" (the key is refused)
            or an HTTP status.
        retry_after: seconds that a refusal asks to wait; None: it does not say.
    """

    duration: float = 0.1
    lag: float = 0.0
    garbled: str | None = None
    omitted: str | None = None
    empty: bool = False
    failure: str = ""
    retry_after: int | None = None


class Answer(NamedTuple):
    """An outcome for the machine, and what can be read from it.

    Attributes:
        outcome: the machine's.
        named: the balances named.
        complete: what is not named is zero.
    """

    outcome: Outcome
    named: Mapping[str, Amounts] = MappingProxyType({})
    complete: bool = False


class Replicas:
    """Answers the reads of one account."""

    def __init__(self, ledger: Ledger, wire: Wire, clocks: Clocks) -> None:
        self._ledger = ledger
        self._wire = wire
        self._clocks = clocks

    def answer(self, reply: Reply, now: float) -> Answer:
        """Answer a read that reaches the replica now."""
        if reply.failure == "key":
            status, body = self._wire.unknown_key
            return Answer(HttpReply(status, self._clocks.headers(), body))
        if reply.failure:
            return Answer(self._failure(reply))
        held = self._ledger.as_of(now - reply.lag)
        if reply.omitted:
            del held[reply.omitted]
        garbled = reply.garbled
        if garbled and not any(held.get(garbled, ())):
            garbled = None  # Nothing of it would be there to be garbled.
        if reply.empty:
            held, garbled = {}, None
        body = self._wire.balances(held, garbled)
        named = {code: amounts for code, amounts in held.items() if code != garbled}
        outcome = HttpReply(200, self._clocks.headers(), body)
        return Answer(outcome, named, garbled is None)

    def _failure(self, reply: Reply) -> Outcome:
        if reply.failure in ("lost", "timeout"):
            return ConnectionLost(f"the simulated read: {reply.failure}")
        headers = self._clocks.headers()
        if reply.retry_after is not None:
            headers["retry-after"] = str(reply.retry_after)
        status = 200 if reply.failure == "page" else int(reply.failure)
        return HttpReply(status, headers, b"<html>One moment, please</html>")
