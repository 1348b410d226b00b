"""The address of an engine, as its URL gives it."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from msgspec import Struct

from assetstream.model.errors import ConfigurationError
from assetstream.protocol.values import is_loopback

__all__ = ["EngineAddress", "read_address"]

FORMS = (
    "redis://[user:password@]host[:port][/db], rediss:// for TLS, or "
    "unix://[user:password@]/path/to/socket"
)
PORT = 6379


class EngineAddress(Struct, frozen=True):
    """The place of an engine. Neither repr nor name shows user or password.

    Attributes:
        scheme: "redis", "rediss" or "unix".
        host, port: of the first two.
        path: of the socket's file.
        db: number of the database.
        user, password: to log in with; "": none.
    """

    scheme: str
    host: str = ""
    port: int = PORT
    path: str = ""
    db: int = 0
    user: str = ""
    password: str = ""

    @property
    def name(self) -> str:
        """The URL without user and password."""
        if self.scheme == "unix":
            return f"unix://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/{self.db}"

    @property
    def exposed(self) -> bool:
        """True if balances and password pass a network in the clear."""
        return self.scheme == "redis" and not is_loopback(self.host)

    def __repr__(self) -> str:
        return f"<EngineAddress {self.name}>"


def read_address(url: object) -> EngineAddress:
    """Read the URL of an engine.

    Raises:
        ConfigurationError: without the URL in its text, for a password may be in it.
    """
    if not isinstance(url, str):
        raise ConfigurationError(
            f"the engine's URL must be a text such as {FORMS}, not {type(url).__name__}"
        )
    # Not chained: what it quotes may be a part of the password.
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _wrong("its host or port cannot be read") from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if parts.query or parts.fragment:
        raise _wrong("it has a query or a fragment")
    if parts.scheme == "unix":
        if parts.hostname or not parts.path.strip("/"):
            raise _wrong("it names no path of a socket")
        path = unquote(parts.path)
        return EngineAddress("unix", path=path, user=user, password=password)
    if parts.scheme not in ("redis", "rediss"):
        raise _wrong("its scheme is not one of redis, rediss and unix")
    if not parts.hostname:
        raise _wrong("it names no host")
    db = parts.path.strip("/")
    if not (db or "0").isdecimal() or len(db) > 5:
        raise _wrong("its path is not the number of a database")
    return EngineAddress(
        parts.scheme,
        host=parts.hostname,
        port=port or PORT,
        db=int(db or "0"),
        user=user,
        password=password,
    )


def _wrong(why: str) -> ConfigurationError:
    return ConfigurationError(
        f"the engine's URL is not understood: {why}", remedy=f"Write {FORMS}."
    )
