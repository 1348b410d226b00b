"""The protocol state of one connection, and the steps that it answers with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Mapping, Sequence, Union

from msgspec import Struct

from assetstream.model.errors import AssetStreamError
from assetstream.protocol.values import NEVER, BalanceReport, Connect, Instant

__all__ = [
    "Alive",
    "Conversation",
    "Fail",
    "Ping",
    "Ready",
    "Renew",
    "Report",
    "Reread",
    "Send",
    "Step",
    "Warn",
]


class Send(Struct, frozen=True):
    """Send a text frame. Its repr hides the text: a login carries the secret."""

    text: str

    def __repr__(self) -> str:
        return "<Send>"


class Ping(Struct, frozen=True):
    """Send a WebSocket ping."""


class Alive(Struct, frozen=True):
    """The exchange answered a ping; ``round_trip`` in seconds, if it is known."""

    round_trip: float | None = None


class Ready(Struct, frozen=True):
    """The subscription is proved (R1): read the snapshot now."""


class Report(Struct, frozen=True):
    """Balances were pushed, in the order of the frames."""

    balances: Sequence[BalanceReport]


class Reread(Struct, frozen=True):
    """A push told that a currency changed, but not both amounts: read them by REST.

    For a push of a total or a difference only. The currency is in doubt until a read
    settles it (K6).
    """

    currency: str


class Renew(Struct, frozen=True):
    """Make another connection: the exchange has announced the end of this one (L7).

    This one goes on, and is hung up when it is the stream's turn to connect; at once,
    as if it were lost, if it was not LIVE for a minute. ``reason`` is the words for the
    state STALE. No error is published.
    """

    reason: str


class Warn(Struct, frozen=True):
    """Report an error to the user; the connection goes on.

    A ``ProtocolError`` puts its currency in doubt, the whole book if it has none (K5).
    """

    error: AssetStreamError


class Fail(Struct, frozen=True):
    """Give this connection up, and the stream too if ``error.fatal``."""

    error: AssetStreamError


Step = Union[Send, Ping, Alive, Ready, Report, Reread, Renew, Warn, Fail]


class Conversation(ABC):
    """The protocol state of one connection; thrown away with it."""

    #: When ``due`` must be called next, in monotonic seconds; ``NEVER`` if not at all.
    deadline: float = NEVER

    @abstractmethod
    def connect(self, instant: Instant, nonce: str) -> Connect:
        """Return where and how to connect; ``nonce`` is a fresh UUID."""

    @abstractmethod
    def refused(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> AssetStreamError:
        """Explain an upgrade answered with another status than 101.

        Header names are in lower case.
        """

    @abstractmethod
    def opened(self, instant: Instant, nonce: str) -> Sequence[Step]:
        """The WebSocket is open; ``nonce`` is another fresh UUID."""

    @abstractmethod
    def received(self, frames: Sequence[bytes], instant: Instant) -> Sequence[Step]:
        """Complete data frames, text or binary, came in this order in one read."""

    @abstractmethod
    def pong(self, instant: Instant) -> Sequence[Step]:
        """A WebSocket pong came."""

    @abstractmethod
    def due(self, instant: Instant) -> Sequence[Step]:
        """``deadline`` has passed."""

    @abstractmethod
    def closing(self, instant: Instant) -> Sequence[Send]:
        """The user stops: take leave of the exchange; no answer will be awaited."""

    @abstractmethod
    def closed(self, code: int | None, reason: str) -> AssetStreamError:
        """Explain a close by the peer (``code`` None: no close frame came)."""
