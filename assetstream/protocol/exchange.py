"""The exchange as the runtime knows it: endpoints, credentials, limits, REST read."""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from functools import cached_property
from itertools import groupby
from typing import Mapping, NoReturn, TypeVar

from assetstream.model.errors import AssetStreamError
from assetstream.model.public import make_public
from assetstream.protocol.conversation import Conversation
from assetstream.protocol.values import (
    Fields,
    HttpCall,
    Instant,
    Limits,
    Memory,
    Snapshot,
)

__all__ = ["Exchange"]

Self = TypeVar("Self", bound="Exchange")


class Exchange(ABC):
    """An exchange and one account's credentials there; immutable, never pickled.

    Users make an object of a subclass and hand it to a stream. The methods are for the
    stream: none of them opens a socket, waits or logs.

    Attributes:
        name: short lower-case name, the ``exchange`` of every event.
        title: the name as people write it.
        key_names: the constructor's parameters that take credentials, the public key
            first.
        regions: the values of the constructor's parameter ``region``; empty if it has
            no such parameter.
        limits: what the exchange allows.
        fields: the names of the fields in its messages.
        ws_url: the URL of the WebSocket in use.
        rest_url: the base URL of REST in use.
        credentials: every text that must never be shown, by name: those of
            ``key_names`` in their order, then those made of them.
        proof: what of the exchange's own proves a subscription.
        pushes_everything: it promises a push for every change of a balance (A5).
        negative_amounts: amounts may be below zero, as debts are; elsewhere one that is
            cannot be read (K5).
        serial_keys: the second item of a push's key is a serial number, which orders
            pushes as well as the time does (K1).
        silence: what it means that nothing is pushed though the subscription is proved.
    """

    name: str
    title: str
    key_names: tuple[str, ...]
    regions: tuple[str, ...] = ()
    limits: Limits
    fields: Fields = Fields()
    ws_url: str
    rest_url: str
    credentials: Mapping[str, str]
    pushes_everything: bool = False
    negative_amounts: bool = False
    serial_keys: bool = False
    proof: str = "the exchange's answer"
    silence: str = "It pushes only when a balance changes."

    @classmethod
    def variable(cls, parameter: str) -> str:
        """Return the environment variable that stands in for a ``parameter``."""
        return f"{cls.name}_{parameter}".upper()

    @abstractmethod
    def conversation(self, memory: Memory) -> Conversation:
        """Begin a conversation; ``memory`` lives as long as the stream."""

    @abstractmethod
    def read(self, instant: Instant, nonce: str) -> HttpCall:
        """Return the REST request for all balances.

        ``instant`` is the present, ``nonce`` a fresh UUID: both may be signed.
        """

    @abstractmethod
    def read_replied(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> Snapshot:
        """Return the balances that the reply to ``read`` lists.

        Args:
            status: the HTTP status.
            headers: with names in lower case.
            body: the reply's bytes.

        Raises:
            AssetStreamError: the exchange refused, or nothing was understood.
        """

    @property
    def fingerprint(self) -> str:
        """Six hex digits that tell a few keys apart without showing them."""
        return self.digest[:6]

    @property
    def digest(self) -> str:
        """64 hex digits that tell any keys apart without showing them."""
        public_key = next(iter(self.credentials.values()))
        return hashlib.sha256(public_key.encode()).hexdigest()

    def redacted(self, data: bytes) -> bytes:
        """Return ``data`` with ``***`` for every credential, escaped or not."""
        for pattern in self._credential_patterns:
            data = pattern.sub(b"***", data)
        return data

    @cached_property
    def _credential_patterns(self) -> tuple[re.Pattern[bytes], ...]:
        # The longest first: one that holds another must not be cut by it.
        longest_first = sorted(self.credentials.values(), key=len, reverse=True)
        return tuple(map(_pattern, longest_first))

    # For the doctor; each has a default.

    @property
    def key_form(self) -> str:
        """The form of each credential, no part of it shown; "" if nothing is known."""
        return ""

    def key_hints(self) -> tuple[str, ...]:
        """Return what looks wrong with the credentials, each with its remedy."""
        return ()

    def knows_key(self, error: AssetStreamError) -> bool:
        """Return True if a refusal, ``error``, shows that the key is known."""
        return True

    def elsewhere(self) -> Mapping[str, Exchange]:
        """Return the same key at the exchange's other hosts, by region; often none."""
        return {}

    def with_limits(self: Self, limits: Limits) -> Self:
        """Return the same account with other ``limits``, for a quick diagnosis."""
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


# All bounded: the data that is searched comes from outside.
_PERCENT = rb"(?:%|\\{1,8}u0025)(?:25){0,3}"
_BACKSLASH = rb"(?:\\|" + _PERCENT + rb"5[Cc])"


#: Names by which web pages write letters, besides their numbers.
_ENTITIES = {
    **{"&": b"amp|", "<": b"lt|", ">": b"gt|", '"': b"quot|", "'": b"apos|"},
    **{"+": b"plus|", "/": b"sol|", "=": b"equals|"},
}


def _pattern(credential: str) -> re.Pattern[bytes]:
    """Return a pattern for a credential as URLs, JSON and web pages write it.

    Also nested.
    """
    runs = ((letter, len([*same])) for letter, same in groupby(credential))
    return re.compile(b"".join(_spellings(letter, count) for letter, count in runs))


def _spellings(character: str, count: int) -> bytes:
    """Return a pattern for a character that stands so many times in a row."""
    if character.isalnum():
        return re.escape(character.encode()) * count
    code = rb"(?i:%02x)" % ord(character)
    plain = re.escape(character.encode())
    number = rb"%b#0{0,7}%d|#[xX]0{0,7}%b" % (
        *(_ENTITIES.get(character, b""), ord(character), code),
    )
    others = rb"%b{1,8}u00%b|&(?:amp;){0,3}(?:%b);" % (_BACKSLASH, code, number)
    if character == "\\":
        # Each may be escaped by some; which of a row escapes which is not asked, for
        # the ways to tell would be more than can be tried.
        return rb"(?:%b|%b){%d,%d}" % (_BACKSLASH, others, count, 8 * count)
    one = rb"(?:%b{0,7}(?:%b|%b%b)|%b)" % (_BACKSLASH, plain, _PERCENT, code, others)
    return one * count


make_public(Exchange)
