"""What an exchange is to the runtime: endpoints, credentials, limits, the REST read."""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from typing import Mapping, NoReturn, TypeVar

from assetstream.model.errors import AssetStreamError
from assetstream.protocol.conversation import Conversation
from assetstream.protocol.values import HttpCall, Instant, Limits, Memory, Snapshot

__all__ = ["Exchange"]

Self = TypeVar("Self", bound="Exchange")


class Exchange(ABC):
    """An exchange and one account's credentials there; immutable, never pickled.

    Users make an ``Upbit`` or a ``CoinW`` and hand it to a stream. The methods are for
    the stream: none of them opens a socket, waits or logs.

    Attributes:
        name: short lower-case name, the ``exchange`` of every event.
        limits: what the exchange allows.
        ws_url: the URL of the WebSocket in use.
        rest_url: the base URL of REST in use.
        title: the name as people write it.
        proof: what of the exchange's own proves a subscription.
        silence: what it means that nothing is pushed though the subscription is proved.
    """

    name: str
    limits: Limits
    ws_url: str
    rest_url: str
    title: str = "the exchange"
    proof: str = "the exchange's answer"
    silence: str = "It pushes only when a balance changes."

    @property
    @abstractmethod
    def credentials(self) -> tuple[str, ...]:
        """Every text that must never be shown, the public key first."""

    @abstractmethod
    def conversation(self, memory: Memory) -> Conversation:
        """Begin a conversation; ``memory`` lives as long as the stream."""

    @abstractmethod
    def read(self, instant: Instant, nonce: str) -> HttpCall:
        """Return the REST request for all balances; ``nonce`` is a fresh UUID."""

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

    # What a diagnosis can tell a person; each has a default.

    @property
    def key_form(self) -> str:
        """The form of key and secret, no part of either shown."""
        return ""

    def key_hints(self) -> tuple[str, ...]:
        """What looks wrong with key or secret, each with the remedy; () if nothing."""
        return ()

    def knows_key(self, error: AssetStreamError) -> bool:
        """Tell whether a refusal, ``error``, shows that it does know the key."""
        return True

    def elsewhere(self) -> Mapping[str, Exchange]:
        """The same key at the exchange's other hosts, by region; empty if none."""
        return {}

    def with_limits(self: Self, limits: Limits) -> Self:
        """The same account with other ``limits``; for a diagnosis in a hurry."""
        twin = object.__new__(type(self))
        vars(twin).update(vars(self), limits=limits)
        return twin

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
