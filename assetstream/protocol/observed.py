"""See what passes between a stream and its exchange, without being in its way.

An exchange that is observed is used like any other; recordings and diagnoses are made
so. The runtime knows nothing of it, and an exchange that nobody observes costs nothing.
"""

from __future__ import annotations

from typing import Mapping, Sequence

from assetstream.model.errors import AssetStreamError
from assetstream.protocol import (
    Connect,
    Conversation,
    Exchange,
    HttpCall,
    Instant,
    Memory,
    Snapshot,
    Step,
)

__all__ = ["Observer", "observed"]


class Observer:
    """Is told of everything, in order, in the session's thread; does nothing by itself.

    What it is told holds credentials: headers, sent texts, and what quotes them. Its
    methods must neither raise nor take their time.
    """

    def connecting(self, connect: Connect) -> None:
        """A connection is begun, from name look-up to upgrade."""

    def refused(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """The upgrade was answered with another status than 101."""

    def opened(self) -> None:
        """The WebSocket is open."""

    def received(self, frames: Sequence[bytes]) -> None:
        """Data frames came, in this order, in one read."""

    def pong(self) -> None:
        """A WebSocket pong came."""

    def answered(self, steps: Sequence[Step]) -> None:
        """This is what the conversation asked for in answer to the latest event."""

    def closed(self, code: int | None, reason: str) -> None:
        """The peer closed; ``code`` is None if no close frame came."""

    def reading(self, call: HttpCall) -> None:
        """A REST read is sent."""

    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """A REST read was answered."""


def observed(exchange: Exchange, observer: Observer) -> Exchange:
    """Return ``exchange`` such that ``observer`` sees all that its stream says."""
    return ObservedExchange(exchange, observer)


class ObservedExchange(Exchange):
    """Tells an observer, and leaves the rest to the exchange itself."""

    def __init__(self, exchange: Exchange, observer: Observer) -> None:
        self.name = exchange.name
        self.limits = exchange.limits
        self.ws_url = exchange.ws_url
        self.rest_url = exchange.rest_url
        self._exchange = exchange
        self._observer = observer

    @property
    def credentials(self) -> tuple[str, ...]:
        return self._exchange.credentials

    def redacted(self, data: bytes) -> bytes:
        return self._exchange.redacted(data)

    def conversation(self, memory: Memory) -> Conversation:
        return ObservedConversation(self._exchange.conversation(memory), self._observer)

    def read(self, instant: Instant, nonce: str) -> HttpCall:
        call = self._exchange.read(instant, nonce)
        self._observer.reading(call)
        return call

    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> Snapshot:
        self._observer.read_replied(status, headers, body)
        return self._exchange.read_replied(status, headers, body)

    def __repr__(self) -> str:
        return repr(self._exchange)


class ObservedConversation(Conversation):
    """Tells the observer first what happened, then what is answered to it."""

    def __init__(self, conversation: Conversation, observer: Observer) -> None:
        self._conversation = conversation
        self._observer = observer

    @property
    def deadline(self) -> float:  # type: ignore[override]
        return self._conversation.deadline

    def connect(self, instant: Instant, nonce: str) -> Connect:
        connect = self._conversation.connect(instant, nonce)
        self._observer.connecting(connect)
        return connect

    def refused(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> AssetStreamError:
        self._observer.refused(status, headers, body)
        return self._conversation.refused(status, headers, body)

    def opened(self, instant: Instant, nonce: str) -> Sequence[Step]:
        self._observer.opened()
        return self._answer(self._conversation.opened(instant, nonce))

    def received(self, frames: Sequence[bytes], instant: Instant) -> Sequence[Step]:
        self._observer.received(frames)
        return self._answer(self._conversation.received(frames, instant))

    def pong(self, instant: Instant) -> Sequence[Step]:
        self._observer.pong()
        return self._answer(self._conversation.pong(instant))

    def due(self, instant: Instant) -> Sequence[Step]:
        return self._answer(self._conversation.due(instant))

    def closing(self, instant: Instant) -> Sequence[Step]:
        return self._answer(self._conversation.closing(instant))

    def closed(self, code: int | None, reason: str) -> AssetStreamError:
        self._observer.closed(code, reason)
        return self._conversation.closed(code, reason)

    def _answer(self, steps: Sequence[Step]) -> Sequence[Step]:
        self._observer.answered(steps)
        return steps
