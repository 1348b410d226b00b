"""Errors, as one tree.

    AssetStreamError              everything this package raises or hands to on_error
    ├── ConfigurationError        also ValueError: an argument is wrong
    ├── StreamStateError          also RuntimeError: not possible now
    ├── StreamTimeout             also TimeoutError: a wait expired
    ├── StaleBalance              the balance is older than the caller accepts
    ├── CallbackError             a user's handler raised
    ├── ConnectionLost            the connection could not be made or was lost
    ├── ProtocolError             the exchange sent something that cannot be understood
    ├── RateLimited               too many requests or connections
    └── ExchangeError             the exchange refused, in its own words
        ├── AuthenticationError   the key, its secret, region or address
        └── PermissionDenied      the key is good but may not read balances

``fatal`` alone decides what a stream does next: back off and try again, or FAILED.
An error carries facts, and ``str()`` makes the text of them: nothing ever has to take a
text apart. No fact holds a key, a secret, a token or a signature.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Callable, ClassVar

from assetstream.model.plain import plain_fields
from assetstream.model.public import make_public

__all__ = [
    "AssetStreamError",
    "AuthenticationError",
    "CallbackError",
    "ConfigurationError",
    "ConnectionLost",
    "ExchangeError",
    "PermissionDenied",
    "ProtocolError",
    "RateLimited",
    "StaleBalance",
    "StreamStateError",
    "StreamTimeout",
]


@dataclass(eq=False, repr=False, kw_only=True)
class AssetStreamError(Exception):
    """The root of every error of this package.

    ``str()`` joins the account, the problem and the remedy. If the error ended an
    attempt, and is not fatal, the text says that the stream tries again by itself.

    Attributes:
        problem: what happened, and why if that is known, without a full stop.
        remedy: what to do or to look at, in whole sentences; "" if there is nothing.
        hints: each likely cause with what to do about it, the likeliest first, one
            sentence each, of which ``remedy`` is the summary; () if that says it all.
            None shows a part of the key.
        exchange: name of the exchange it is about, or None.
        account: label of the account it is about, or None.
        fatal: True if the stream will not try again by itself.
        retry_after: seconds the exchange asked to wait, or None if it did not.
        repeated: how many more like it came while it waited for ``on_error``, which is
            called with the first of them.
    """

    problem: str = field(kw_only=False)
    remedy: str = ""
    hints: tuple[str, ...] = ()
    exchange: str | None = None
    account: str | None = None
    fatal: bool = False
    retry_after: float | None = None
    repeated: int = 0

    #: An error of this class ends an attempt, which a stream repeats.
    _ends_attempt: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__init__(self.problem)
        self.exchange = self.exchange or None  # "": one that is not known yet

    def __str__(self) -> str:
        about = f"{self.account}: " if self.account is not None else ""
        return f"{about}{self.explanation}"

    @property
    def explanation(self) -> str:
        """The text of ``str()`` without the account, for where that is named anyway."""
        if not self.remedy:
            return self.problem
        if self._ends_attempt and not self.fatal:
            return f"{self.problem}; the stream tries again by itself. {self.remedy}"
        return f"{self.problem}. {self.remedy}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def to_dict(self) -> dict[str, object]:
        """Return its class, its text and its facts in plain values, for ``json.dumps``.

        ``type`` is the name of the class, ``text`` is ``str()`` of it.
        """
        facts = plain_fields(self, (each.name for each in fields(self)))
        return {"type": type(self).__name__, "text": str(self), **facts}


@dataclass(eq=False, repr=False, kw_only=True)
class ConfigurationError(AssetStreamError, ValueError):
    """An argument, a key or an environment variable is missing or wrong.

    Always fatal: trying again changes nothing.
    """

    fatal: bool = True


class StreamStateError(AssetStreamError, RuntimeError):
    """The call makes no sense in the state the stream is in."""


class StreamTimeout(AssetStreamError, TimeoutError):
    """A wait expired; the text names what was waited for."""


class StaleBalance(AssetStreamError):
    """The balance is not as good as the caller wants it, or not known at all."""


@dataclass(eq=False, repr=False, kw_only=True)
class CallbackError(AssetStreamError):
    """A handler raised; the exception it raised is ``__cause__``.

    Attributes:
        callback: the handler (its name only, once the error was pickled).
        update: the event it was called with.
    """

    callback: Callable[..., object] | str = ""
    update: object = None

    def __reduce__(self) -> Any:
        # A handler is often a lambda or a bound method, which cannot be pickled.
        state = dict(self.__dict__)
        state["callback"] = _name(self.callback)
        return type(self), self.args, state


def _name(callback: object) -> str:
    # What is asked here is the user's code, and may raise (D4).
    try:
        return str(getattr(callback, "__qualname__", callback))
    except Exception:
        return f"an object of {type(callback).__qualname__}"


@dataclass(eq=False, repr=False, kw_only=True)
class ConnectionLost(AssetStreamError):
    """The connection could not be made, was refused or was lost.

    Attributes:
        code: the WebSocket close code or HTTP status, or None if there was none.
        reason: the peer's own words, or "".
    """

    code: int | None = None
    reason: str = ""

    _ends_attempt = True


@dataclass(eq=False, repr=False, kw_only=True)
class ProtocolError(AssetStreamError):
    """The exchange sent something that could not be understood.

    Attributes:
        frame: what was received, credentials removed.
        currency: the currency it was about, or None if that could not be told.
    """

    frame: bytes = b""
    currency: str | None = None


@dataclass(eq=False, repr=False, kw_only=True)
class ExchangeError(AssetStreamError):
    """The exchange refused something.

    Attributes:
        code: the exchange's own code or error name, as text.
        message: the exchange's own words.
        clock_off: the time of the request was wrong, by the exchange's clock. A stream
            sets its clock by the answer, and tries once more before it says so.
    """

    code: str = ""
    message: str = ""
    clock_off: bool = False

    _ends_attempt = True


class AuthenticationError(ExchangeError):
    """The exchange does not accept the key, its secret, or where it is used from."""


class PermissionDenied(ExchangeError):
    """The key is accepted but lacks the permission to read balances."""


@dataclass(eq=False, repr=False, kw_only=True)
class RateLimited(AssetStreamError):
    """Too many requests or connections; ``retry_after`` says how long to wait.

    Attributes:
        code: the exchange's own code or error name, as text.
        message: the exchange's own words.
    """

    code: str = ""
    message: str = ""

    _ends_attempt = True


make_public(
    AssetStreamError,
    AuthenticationError,
    CallbackError,
    ConfigurationError,
    ConnectionLost,
    ExchangeError,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    StaleBalance,
    StreamStateError,
    StreamTimeout,
)
