"""What can go wrong, as one tree.

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
Messages never hold a key, a secret, a token or a signature.
"""

from __future__ import annotations

from typing import Any, Callable

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


class AssetStreamError(Exception):
    """The root of every error of this package.

    Args:
        text: what happened, why it probably did, and what to do; without credentials.

    Attributes:
        exchange: name of the exchange it is about, or None.
        account: label of the account it is about, or None.
        fatal: True if the stream will not try again by itself.
        retry_after: seconds the exchange asked to wait, or None if it did not.
    """

    exchange: str | None
    account: str | None
    fatal: bool
    retry_after: float | None = None

    def __init__(
        self,
        text: str,
        *,
        exchange: str | None = None,
        account: str | None = None,
        fatal: bool = False,
    ) -> None:
        super().__init__(text)
        self.exchange = exchange
        self.account = account
        self.fatal = fatal


class ConfigurationError(AssetStreamError, ValueError):
    """An argument, a key or an environment variable is missing or wrong.

    Always fatal: trying again changes nothing.
    """

    def __init__(
        self,
        text: str,
        *,
        exchange: str | None = None,
        account: str | None = None,
        fatal: bool = True,
    ) -> None:
        super().__init__(text, exchange=exchange, account=account, fatal=fatal)


class StreamStateError(AssetStreamError, RuntimeError):
    """The call makes no sense in the state the stream is in."""


class StreamTimeout(AssetStreamError, TimeoutError):
    """A wait expired; the text names what was waited for."""


class StaleBalance(AssetStreamError):
    """The balance is older than ``max_age``, or not known at all."""


class CallbackError(AssetStreamError):
    """A handler raised; the exception it raised is ``__cause__``.

    Attributes:
        callback: the handler (its name only, once the error was pickled).
        update: the event it was called with.
    """

    callback: Callable[..., object] | str
    update: object

    def __init__(
        self,
        text: str,
        *,
        callback: Callable[..., object] | str = "",
        update: object = None,
        exchange: str | None = None,
        account: str | None = None,
    ) -> None:
        super().__init__(text, exchange=exchange, account=account)
        self.callback = callback
        self.update = update

    def __reduce__(self) -> Any:
        # A handler is often a lambda or a bound method, which cannot be pickled.
        state = dict(self.__dict__)
        state["callback"] = getattr(self.callback, "__qualname__", str(self.callback))
        return type(self), self.args, state


class ConnectionLost(AssetStreamError):
    """The connection could not be made, was refused or was lost.

    Attributes:
        code: the WebSocket close code or HTTP status, or None if there was none.
        reason: the peer's own words, or "".
    """

    code: int | None
    reason: str

    def __init__(
        self,
        text: str,
        *,
        code: int | None = None,
        reason: str = "",
        exchange: str | None = None,
        account: str | None = None,
        fatal: bool = False,
    ) -> None:
        super().__init__(text, exchange=exchange, account=account, fatal=fatal)
        self.code = code
        self.reason = reason


class ProtocolError(AssetStreamError):
    """Something from the exchange could not be understood.

    Attributes:
        frame: what was received, credentials removed.
        currency: the currency it was about, or None if that could not be told.
    """

    frame: bytes
    currency: str | None

    def __init__(
        self,
        text: str,
        *,
        frame: bytes = b"",
        currency: str | None = None,
        exchange: str | None = None,
        account: str | None = None,
        fatal: bool = False,
    ) -> None:
        super().__init__(text, exchange=exchange, account=account, fatal=fatal)
        self.frame = frame
        self.currency = currency


class ExchangeError(AssetStreamError):
    """The exchange refused something.

    Attributes:
        code: the exchange's own code or error name, as text.
        message: the exchange's own words.
        hints: what may be the cause and what to do, the likeliest first; each is one
            sentence, and none shows a part of the key. () if the text says it all.
    """

    code: str
    message: str
    hints: tuple[str, ...]

    def __init__(
        self,
        text: str,
        *,
        code: str = "",
        message: str = "",
        hints: tuple[str, ...] = (),
        exchange: str | None = None,
        account: str | None = None,
        fatal: bool = False,
    ) -> None:
        super().__init__(text, exchange=exchange, account=account, fatal=fatal)
        self.code = code
        self.message = message
        self.hints = hints


class AuthenticationError(ExchangeError):
    """The exchange does not accept the key, its secret, or where it is used from.

    ``hints`` has the causes, likeliest first, with the remedy of each.
    """


class PermissionDenied(ExchangeError):
    """The key is accepted but lacks the permission to read balances."""


class RateLimited(AssetStreamError):
    """Too many requests or connections; ``retry_after`` says how long to wait.

    Attributes:
        code: the exchange's own code or error name, as text.
        message: the exchange's own words.
    """

    code: str
    message: str

    def __init__(
        self,
        text: str,
        *,
        retry_after: float | None = None,
        code: str = "",
        message: str = "",
        exchange: str | None = None,
        account: str | None = None,
        fatal: bool = False,
    ) -> None:
        super().__init__(text, exchange=exchange, account=account, fatal=fatal)
        self.retry_after = retry_after
        self.code = code
        self.message = message
