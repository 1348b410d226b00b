"""An exchange whose traffic an observer sees; recordings and the doctor use it.

An observed exchange is used like any other. The runtime knows nothing of it, and an
exchange that nobody observes costs nothing.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

from assetstream.model.errors import AssetStreamError
from assetstream.protocol.conversation import Conversation, Send, Step
from assetstream.protocol.exchange import Exchange
from assetstream.protocol.values import Connect, HttpCall, Instant, Memory, Snapshot

__all__ = ["GuardedObserver", "Observer", "observed"]


class Observer:
    """Receives everything, in order, in the reader thread; ignores it by default.

    The arguments hold credentials: headers, sent texts, and what quotes them. The
    methods must not block. A stream's observer that raises sees no more.
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
        """The conversation answered the latest event with these steps."""

    def closed(self, code: int | None, reason: str) -> None:
        """The peer closed; ``code`` is None if no close frame came."""

    def reading(self, call: HttpCall) -> None:
        """A REST read is sent."""

    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """A REST read was answered."""


class GuardedObserver(Observer):
    """Passes everything on to an observer until that raises: it is user's code (D4).

    Args:
        observer: the user's.
        failed: called with the observer and what it raised.
    """

    def __init__(
        self, observer: Observer, failed: Callable[[Observer, Exception], None]
    ) -> None:
        self._observer: Observer | None = observer
        self._failed = failed

    def _show(self, name: str, *what: Any) -> None:
        observer = self._observer
        if observer is None:
            return
        try:
            getattr(observer, name)(*what)
        except Exception as exc:
            self._observer = None
            self._failed(observer, exc)

    def connecting(self, connect: Connect) -> None:
        self._show("connecting", connect)

    def refused(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self._show("refused", status, headers, body)

    def opened(self) -> None:
        self._show("opened")

    def received(self, frames: Sequence[bytes]) -> None:
        self._show("received", frames)

    def pong(self) -> None:
        self._show("pong")

    def answered(self, steps: Sequence[Step]) -> None:
        self._show("answered", steps)

    def closed(self, code: int | None, reason: str) -> None:
        self._show("closed", code, reason)

    def reading(self, call: HttpCall) -> None:
        self._show("reading", call)

    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        self._show("read_replied", status, headers, body)


def observed(exchange: Exchange, observer: Observer) -> Exchange:
    """Return ``exchange`` such that ``observer`` sees all of its stream's traffic."""
    return ObservedExchange(exchange, observer)


class ObservedExchange(Exchange):
    """Passes the runtime's calls on to the exchange, and shows it to the observer."""

    def __init__(self, exchange: Exchange, observer: Observer) -> None:
        # All that it declares: the core judges by some of it.
        for name in Exchange.__annotations__:
            setattr(self, name, getattr(exchange, name))
        self._exchange = exchange
        self._observer = observer

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
    """Shows the observer first the event, then the steps that answer it."""

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

    def closing(self, instant: Instant) -> Sequence[Send]:
        steps = self._conversation.closing(instant)
        self._observer.answered(steps)
        return steps

    def closed(self, code: int | None, reason: str) -> AssetStreamError:
        self._observer.closed(code, reason)
        return self._conversation.closed(code, reason)

    def _answer(self, steps: Sequence[Step]) -> Sequence[Step]:
        self._observer.answered(steps)
        return steps
