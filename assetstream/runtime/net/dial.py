"""Reach a server: name look-up, TCP, proxy and TLS, all under one deadline.

Every wait is one on (socket, token), so an attempt ends at once when it is given
up.
"""

from __future__ import annotations

import selectors
import socket
import ssl
from typing import NamedTuple
from urllib.parse import urlsplit

from assetstream.model.errors import ConfigurationError, ConnectionLost
from assetstream.runtime.net.cancel import CancelScope, CancelToken, Wire
from assetstream.runtime.net.lookup import look_up
from assetstream.runtime.net.proxy import PROXY_REMEDY, Proxy, choose
from assetstream.runtime.net.tcp import connect_any
from assetstream.runtime.net.tls import SecureSocket, bundle_words, shared_context
from assetstream.runtime.net.tunnel import open_tunnel

__all__ = [
    "dial",
    "host_of",
    "server_of",
    "shake_hands",
]

DEFAULT_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
SECURE = ("wss", "https")


class Server(NamedTuple):
    """Host and port of a URL; with TLS if it is ``secure``."""

    host: str
    port: int
    secure: bool


def dial(
    url: str,
    *,
    deadline: float,
    token: CancelToken,
    ssl_context: ssl.SSLContext | None,
    proxy: str | None = None,
) -> Wire:
    """Connect to the server of ``url``; with TLS if its scheme says so.

    Without an ``ssl_context`` TLS uses the process's own; without a ``proxy``, a URL,
    the one of the environment is used, if any.

    Returns:
        A connected non-blocking socket.

    Raises:
        ConnectionLost: with the likely cause; fatal if trying again is of no use: the
            server's certificate, or the user at the proxy, was refused.
        ConfigurationError: the URL or the proxy cannot be used.
        Cancelled: ``token`` was cancelled.
    """
    host, port, secure = server_of(url)
    return connect_to(
        host,
        port,
        CancelScope(deadline, token, host),
        (ssl_context or shared_context()) if secure else None,
        choose(proxy, host, port, secure=secure),
    )


def server_of(url: str) -> Server:
    """Return where ``url`` leads.

    Raises:
        ConfigurationError: it cannot be used.
    """
    scheme = url.partition(":")[0]
    try:
        host, port = urlsplit(url).hostname, urlsplit(url).port
    except ValueError:
        host = port = None
    if scheme not in DEFAULT_PORTS or not host:
        # The query of a URL may sign: it is in no message.
        raise ConfigurationError(
            "the URL must be wss:// or https:// with a host and, if any, a valid port"
        )
    return Server(host, port or DEFAULT_PORTS[scheme], scheme in SECURE)


def host_of(url: str) -> str:
    """Return the host to name in messages; never raises."""
    try:
        return urlsplit(url).hostname or "the exchange"
    except ValueError:
        return "the exchange"


def connect_to(
    host: str,
    port: int,
    scope: CancelScope,
    ssl_context: ssl.SSLContext | None,
    proxy: Proxy | None,
) -> Wire:
    """Connect to ``host``, with TLS if there is a context; as ``dial``."""
    if proxy is None:
        sock = connect_any(look_up(host, port, scope), scope)
    else:
        sock = _connect_through(proxy, host, port, scope)
    if ssl_context is None:
        return sock
    try:
        return _secure(sock, host, scope, ssl_context)
    except BaseException:
        sock.close()
        raise


def _connect_through(
    proxy: Proxy, host: str, port: int, scope: CancelScope
) -> socket.socket:
    """Connect by way of the proxy, which looks up ``host``."""
    scope = scope.about(f"the proxy {proxy.name}", PROXY_REMEDY)
    sock = connect_any(look_up(proxy.host, proxy.port, scope), scope)
    try:
        open_tunnel(proxy, sock, host, port, scope)
    except BaseException:
        sock.close()
        raise
    return sock


def _secure(
    sock: socket.socket, host: str, scope: CancelScope, context: ssl.SSLContext
) -> SecureSocket:
    try:
        return shake_hands(sock, host, scope, context)
    except ssl.SSLCertVerificationError as error:
        # The variables have no say where the user has made a context.
        places = "" if context is not shared_context() else f", in {bundle_words()}"
        raise ConnectionLost(
            f"the certificate of {host} was refused: {error.verify_message}",
            remedy="Check the URL and this machine's clock; a proxy or virus scanner "
            f"that reads along needs its authority in the system's store{places} or in "
            "ssl_context.",
            fatal=True,
        ) from None


def shake_hands(
    sock: socket.socket, host: str, scope: CancelScope, context: ssl.SSLContext
) -> SecureSocket:
    """Put TLS on a connected socket; the last step of ``dial``.

    Raises:
        ssl.SSLCertVerificationError: the certificate was refused.
        ConnectionLost, Cancelled: as ``dial``.
    """
    secure = SecureSocket(sock, context, host)
    phase = "in the TLS handshake"
    scope.persist(secure.do_handshake, secure, selectors.EVENT_READ, phase)
    return secure
