"""The REST replicas: behind, slow and unreliable, as the luck decides."""

from __future__ import annotations

from types import MappingProxyType
from typing import Mapping, NamedTuple

from assetstream.core.outcomes import HttpReply, Outcome
from assetstream.model.errors import ConnectionLost
from assetstream.protocol import HttpCall
from tests.support.world.clocks import Clocks
from tests.support.world.ledger import Ledger
from tests.support.world.wire import Wire

__all__ = ["Answer", "Replicas", "Reply"]


class Reply(NamedTuple):
    """The course of one REST read.

    Attributes:
        duration: from the request to the reply; seconds.
        lag: how far the replica is behind; seconds.
        garbled: a currency whose entry cannot be read, "" for one without a name.
        omitted: a currency that is left out though it is held.
        twice: a currency that stands twice in it, each time otherwise.
        biased: a currency of which REST always names one more than there is.
        failure: "": none; "empty": nothing is named; else "null" or another "type"
            instead of balances, "lost", "timeout", "page", "key" (the key is refused)
            or an HTTP status.
        retry_after: seconds that a refusal asks to wait; None: it does not say.
    """

    duration: float = 0.1
    lag: float = 0.0
    garbled: str | None = None
    omitted: str | None = None
    twice: str | None = None
    biased: str | None = None
    failure: str = ""
    retry_after: int | None = None


class Answer(NamedTuple):
    """An outcome for the machine, and what can be read from it.

    Attributes:
        outcome: the machine's.
        seen: where in the ledger's past the balances stand that it says.
    """

    outcome: Outcome
    seen: Mapping[str, int] = MappingProxyType({})


class Replicas:
    """Answers the reads of one account."""

    def __init__(self, ledger: Ledger, wire: Wire, clocks: Clocks) -> None:
        self._ledger = ledger
        self._wire = wire
        self._clocks = clocks

    def answer(self, reply: Reply, call: HttpCall, now: float) -> Answer:
        """Answer a read that reaches the replica now."""
        if not reply.failure and self._clocks.dates:
            ms = self._clocks.host_milliseconds()
            refusal = self._wire.untimely({**call.headers, "url": call.url}, ms)
            if refusal is not None:
                return Answer(HttpReply(refusal[0], self._clocks.headers(), refusal[1]))
        if reply.failure == "key":
            status, body = self._wire.unknown_key
            return Answer(HttpReply(status, self._clocks.headers(), body))
        headers = self._clocks.headers()
        if reply.failure in ("null", "type"):
            return Answer(HttpReply(200, headers, self._wire.without(reply.failure)))
        if reply.failure == "empty":
            return Answer(HttpReply(200, headers, self._wire.balances({}, None, None)))
        if reply.failure:
            return Answer(self._failure(reply))
        seen = self._ledger.seen(now - reply.lag)
        held = {code: self._ledger.past[code][i] for code, i in seen.items()}
        for code, amounts in held.items():
            if code == reply.omitted and any(amounts):
                seen.pop(code)
        held.pop(reply.omitted or "", None)
        if reply.biased and any(held.get(reply.biased, ())):
            available, locked = held[reply.biased]
            held[reply.biased] = available + 1, locked
            del seen[reply.biased]
        garbled = reply.garbled
        if garbled and not any(held.get(garbled, ())):
            garbled = None  # Nothing of it would be there to be garbled.
        twice = reply.twice
        if twice is not None and (twice == garbled or not any(held.get(twice, ()))):
            twice = None
        body = self._wire.balances(held, garbled, twice)
        if garbled == "":
            # What is not named may be the entry that cannot be read.
            seen = {code: i for code, i in seen.items() if any(held.get(code, ()))}
        for code in (garbled, twice):
            seen.pop(code or "", None)
        return Answer(HttpReply(200, headers, body), seen)

    def _failure(self, reply: Reply) -> Outcome:
        if reply.failure in ("lost", "timeout"):
            return ConnectionLost(f"the simulated read: {reply.failure}")
        headers = self._clocks.headers()
        if reply.retry_after is not None:
            headers["retry-after"] = str(reply.retry_after)
        status = 200 if reply.failure == "page" else int(reply.failure)
        return HttpReply(status, headers, b"<html>One moment, please</html>")
