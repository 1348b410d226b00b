"""The contract between the runtime and an exchange's adapter.

An adapter is pure: it opens no socket, starts no thread, reads no clock, logs nothing.
The runtime brings it frames, pongs, deadlines and replies, each with the present
monotonic time, and carries out the steps it answers with.

``Exchange``      immutable: endpoints, credentials, limits, the REST read as data.
``Conversation``  one connection's protocol state, thrown away with the connection.
``Step``          the closed set of things a conversation may ask for.
"""

from __future__ import annotations

import hashlib
import math
import re
from abc import ABC, abstractmethod
from decimal import Decimal
from typing import Any, Mapping, NoReturn, Sequence, Union

from msgspec import Struct

from assetstream.advising import Advising
from assetstream.errors import AssetStreamError

__all__ = [
    "Alive",
    "BalanceReport",
    "Connect",
    "Conversation",
    "Exchange",
    "Fail",
    "HttpCall",
    "Limits",
    "Memory",
    "Ping",
    "Ready",
    "Report",
    "Send",
    "Snapshot",
    "Step",
    "Warn",
]

#: What an adapter keeps between the connections of one stream.
Memory = dict[str, Any]

NEVER = math.inf


class BalanceReport(Struct, frozen=True, gc=False):
    """What the exchange said about one currency, in one push or one REST item.

    Attributes:
        currency: upper-case code.
        available: amount free for orders, or None if the exchange did not say (K4).
        locked: amount held by orders or withdrawals, or None if it did not say.
        key: the exchange's order of changes, newest greatest; its first item is the
            change's time in milliseconds since 1970, at most the year 9999, both items
            are 0 or more; None if it gave no time (K1).
        update_id: the exchange's identifier of the change, or None.
        raw: the frame's bytes, or the REST item's.
    """

    currency: str
    available: Decimal | None
    locked: Decimal | None
    key: tuple[int, int] | None = None
    update_id: str | None = None
    raw: bytes = b""


class Snapshot(Struct, frozen=True):
    """All balances, read by REST.

    Attributes:
        balances: the entries that were understood.
        unreadable: currencies whose entry was not understood; "" if its currency
            could not be told either.
        empty: True if the exchange sent nothing (null, {} or []): doubtful (S2).
    """

    balances: tuple[BalanceReport, ...]
    unreadable: tuple[str, ...] = ()
    empty: bool = False

    @property
    def complete(self) -> bool:
        """True if what it omits is zero: every entry was understood (S2)."""
        return not self.unreadable


class HttpCall(Struct, frozen=True):
    """One HTTPS request. Its repr shows neither headers nor query: both may sign."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""

    def __repr__(self) -> str:
        return f"<HttpCall {self.method} {self.url.partition('?')[0]}>"


class Connect(Struct, frozen=True):
    """Where to open a WebSocket, and with which headers. Its repr shows no header."""

    url: str
    headers: Mapping[str, str] = {}
    #: Sent as ``Origin``; None sends none.
    origin: str | None = None

    def __repr__(self) -> str:
        return f"<Connect {self.url.partition('?')[0]}>"


class Limits(Struct, frozen=True):
    """What the exchange allows, and what its connection needs.

    Attributes:
        connects_per_second: handshakes that one stream may begin; per second.
        reads_per_second: REST reads that one stream may send; per second.
        ping_interval: from one ping to the next; seconds.
        pong_timeout: how long a ping may stay unanswered; seconds (L1).
        audit_interval: between two comparisons with REST, if the user names no other;
            seconds (A1).
        audit_interval_locked: the same while anything is locked; seconds; None: no
            different.
        drift_reconnect_interval: least time between two reconnects for drift, after the
            third in a row; seconds (A5).
        connects_together: handshakes that all streams of a group may begin; per second.
        reads_together: REST reads that all streams of a group may send; per second.
    """

    connects_per_second: float
    reads_per_second: float
    ping_interval: float
    pong_timeout: float
    audit_interval: float
    audit_interval_locked: float | None = None
    drift_reconnect_interval: float = 600.0
    connects_together: float = 1.0
    reads_together: float = 5.0


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


class Warn(Struct, frozen=True):
    """Tell the user; the connection goes on.

    A ``ProtocolError`` puts its currency in doubt, the whole book if it has none (K5).
    """

    error: AssetStreamError


class Fail(Struct, frozen=True):
    """This connection is of no use; ``error.fatal`` says whether the stream is."""

    error: AssetStreamError


Step = Union[Send, Ping, Alive, Ready, Report, Warn, Fail]


class Conversation(ABC):
    """The protocol state of one connection. All times are monotonic seconds."""

    #: When ``due`` must be called next; ``NEVER`` if not at all.
    deadline: float = NEVER

    @abstractmethod
    def connect(self, now: float, nonce: str) -> Connect:
        """Say where and how to connect; ``nonce`` is a fresh UUID."""

    @abstractmethod
    def refused(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> AssetStreamError:
        """Explain an upgrade answered with another status than 101.

        Header names are in lower case.
        """

    @abstractmethod
    def opened(self, now: float) -> Sequence[Step]:
        """The WebSocket is open."""

    @abstractmethod
    def received(self, frames: Sequence[bytes], now: float) -> Sequence[Step]:
        """Complete data frames, text or binary, came in this order in one read."""

    @abstractmethod
    def pong(self, now: float) -> Sequence[Step]:
        """A WebSocket pong came."""

    @abstractmethod
    def due(self, now: float) -> Sequence[Step]:
        """``deadline`` has passed."""

    @abstractmethod
    def closing(self) -> Sequence[Step]:
        """The user stops: say goodbye; no answer will be awaited."""

    @abstractmethod
    def closed(self, code: int | None, reason: str) -> AssetStreamError:
        """Explain a close by the peer (``code`` None: no close frame came)."""


class Exchange(Advising, ABC):
    """An exchange and one account's credentials there; immutable, never pickled.

    Users make an ``Upbit`` or a ``CoinW`` and hand it to a stream. The methods are for
    the stream: none of them opens a socket, waits or logs.

    Attributes:
        name: short lower-case name, the ``exchange`` of every event.
        limits: what the exchange allows.
        ws_url: the URL of the WebSocket in use.
        rest_url: the base URL of REST in use.
    """

    name: str
    limits: Limits
    ws_url: str
    rest_url: str

    @property
    @abstractmethod
    def credentials(self) -> tuple[str, ...]:
        """Every text that must never be shown, the public key first."""

    @abstractmethod
    def conversation(self, memory: Memory) -> Conversation:
        """Begin a conversation; ``memory`` lives as long as the stream."""

    @abstractmethod
    def read(self, nonce: str) -> HttpCall:
        """Describe the REST request for all balances; ``nonce`` is a fresh UUID."""

    @abstractmethod
    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> Snapshot:
        """Understand its answer: ``status``, ``headers`` and ``body``.

        Args:
            headers: with names in lower case.

        Raises:
            AssetStreamError: the exchange refused, or nothing was understood.
        """

    @property
    def fingerprint(self) -> str:
        """Six hex digits that tell keys apart without showing them."""
        return hashlib.sha256(self.credentials[0].encode()).hexdigest()[:6]

    def redacted(self, data: bytes) -> bytes:
        """``data`` with every credential replaced by ``***``, escaped or not."""
        # The longest first: one that holds another must not be cut by it.
        for secret in sorted(self.credentials, key=len, reverse=True):
            data = re.sub(b"".join(map(_written, secret)), b"***", data)
        return data

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}-{self.fingerprint}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} holds credentials and is not pickled; "
            "build it anew in the other process from the same environment"
        )


def _written(character: str) -> bytes:
    """Return a pattern of what URLs and JSON, one in the other too, write for it."""
    if character.isalnum() or character in "-_.~":
        return re.escape(character.encode())
    code = f"{ord(character):02x}".encode()
    plain = re.escape(character.encode())
    # Bounded: what is searched comes from outside.
    return (
        rb"(?:\\{0,7}" + plain + rb"|%(?:25){0,3}(?i:" + code + rb")"
        rb"|\\{1,8}u00(?i:" + code + rb"))"
    )
