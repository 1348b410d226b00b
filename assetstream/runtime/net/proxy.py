"""Which proxy to reach a server by; ``tunnel`` then goes through it.

This is the only module that imports ``python_socks``.
"""

from __future__ import annotations

from types import ModuleType
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from assetstream.libraries import PYTHON_SOCKS, install_command, require
from assetstream.model.errors import ConfigurationError
from assetstream.protocol.values import is_loopback

__all__ = ["PROXY_REMEDY", "SCHEMES", "Proxy", "check_proxy", "choose", "library"]

#: scheme -> the port when the URL names none, how python-socks calls the kind, and
#: the encoding of user and password. With both SOCKS schemes the proxy looks up the
#: exchange's name: who needs a proxy often cannot.
SCHEMES = {
    "http": (80, "HTTP", "latin-1"),
    "socks5": (1080, "SOCKS5", "ascii"),
    "socks5h": (1080, "SOCKS5", "ascii"),
}
FORMS = "http://host:port, socks5://host:port or socks5h://host:port"
PROXY_REMEDY = (
    "Check that the proxy runs, that it may reach the exchange, and its address, user "
    "and password in proxy= or in the environment (HTTPS_PROXY, ALL_PROXY; NO_PROXY "
    "names the hosts to reach without it)."
)


class Proxy(Struct, frozen=True):
    """A proxy as its URL gives it. Its repr shows neither user nor password."""

    scheme: str
    host: str
    port: int
    user: str
    password: str

    @property
    def name(self) -> str:
        """Name of the proxy in messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __repr__(self) -> str:
        return f"<Proxy {self.scheme}://{self.name}>"


def check_proxy(url: str) -> None:
    """Refuse a URL that is no proxy's, or any while python-socks is missing.

    Raises:
        ConfigurationError: without the URL in its text, for a password may be in it.
    """
    _parse(url, "proxy")


def choose(url: str | None, host: str, port: int, *, secure: bool) -> Proxy | None:
    """Return the proxy to reach ``host`` by, None for none.

    That of ``url``, or else the environment's: HTTPS_PROXY for TLS and HTTP_PROXY
    without, then ALL_PROXY, unless NO_PROXY names the host or it is this machine.

    Raises:
        ConfigurationError: as ``check_proxy``.
    """
    if url is not None:
        return _parse(url, "proxy")
    if is_loopback(host) or host.endswith(".localhost"):
        return None
    # Imported here: it takes long to load, and ``check_proxy`` needs none of it.
    from urllib.request import getproxies_environment, proxy_bypass

    environment = getproxies_environment()
    for kind in ("https" if secure else "http", "all"):
        found = environment.get(kind)
        if found and not proxy_bypass(f"{host}:{port}"):
            # As curl and requests read it, a scheme may be missing there.
            found = found if "://" in found else f"http://{found}"
            return _parse(found, f"the environment variable {kind.upper()}_PROXY")
    return None


def _parse(url: str, source: str) -> Proxy:
    """Return the proxy of a URL; no error shows the URL, for it may hold a password."""
    proxy = _understood(url)
    if proxy is None:
        raise ConfigurationError(
            f"{source} must be {FORMS}, with user:password@ before the host if the "
            "proxy wants them",
            remedy="Write special characters in them as %40 for @.",
        )
    if not _can_be_sent(proxy):
        raise ConfigurationError(
            f"{source} has a user and a password that cannot be sent to it: SOCKS5 "
            "wants both or neither, in ASCII, of 255 characters at most; HTTP no : in "
            "the user",
        )
    if not _is_installed():
        raise ConfigurationError(
            f"{source} is set, and proxies need the library python-socks",
            remedy=f"Install it by `{install_command('proxy')}`.",
        )
    return proxy


def _understood(url: str) -> Proxy | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in SCHEMES or not parts.hostname:
        return None
    return Proxy(
        parts.scheme,
        parts.hostname,
        port or SCHEMES[parts.scheme][0],
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def _can_be_sent(proxy: Proxy) -> bool:
    try:
        (proxy.user + proxy.password).encode(SCHEMES[proxy.scheme][2])
    except UnicodeError:
        return False
    if proxy.scheme == "http":
        return ":" not in proxy.user
    both_or_neither = bool(proxy.user) == bool(proxy.password)
    return both_or_neither and max(len(proxy.user), len(proxy.password)) < 256


def _is_installed() -> bool:
    try:
        library()
    except ImportError:
        return False
    return True


def library() -> ModuleType:
    """Return python-socks; raise ImportError if it is missing or does not fit."""
    import python_socks
    import python_socks.sync.v2

    require(python_socks, PYTHON_SOCKS)
    return python_socks
