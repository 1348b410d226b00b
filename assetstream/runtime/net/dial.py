"""Reach a server: name look-up, TCP, proxy and TLS, all under one deadline.

Every wait is one on (socket, token), so an attempt ends at once when it is given
up. Only the system's name look-up cannot be interrupted; it runs in a thread that is
left behind then.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import ssl
import threading
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from assetstream.model.errors import ConfigurationError, ConnectionLost
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.call_queue import CallQueue
from assetstream.runtime.net.cancel import (
    CancelScope,
    CancelToken,
    Wire,
    explain,
)
from assetstream.runtime.net.proxy import PROXY_REMEDY, Proxy, choose
from assetstream.runtime.net.tls import SecureSocket, shared_context
from assetstream.runtime.net.tunnel import open_tunnel

__all__ = [
    "connect_any",
    "dial",
    "host_of",
    "look_up",
    "lookups_left_behind",
    "server_of",
    "shake_hands",
]

DEFAULT_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
SECURE = ("wss", "https")

#: connect_ex() of a non-blocking socket: under way (the latter two on Windows).
UNDER_WAY = (
    errno.EINPROGRESS,
    errno.EWOULDBLOCK,
    getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK),
)

#: Seconds before the first probe, between probes, and how many may be lost.
KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}

LOOKUP_REMEDY = "Check the network connection, the name server and the spelling."

_left_behind: set[threading.Thread] = set()


class Server(NamedTuple):
    """Host and port of a URL; with TLS if it is ``secure``."""

    host: str
    port: int
    secure: bool


class Address(NamedTuple):
    """One way to reach a host."""

    family: int
    sockaddr: Any


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


def lookups_left_behind() -> int:
    """Return how many given-up name look-ups still have their thread."""
    return sum(thread.is_alive() for thread in tuple(_left_behind))


def look_up(host: str, port: int, scope: CancelScope) -> list[Address]:
    """Return the addresses of ``host``; as ``dial``, of which it is the first step."""
    try:
        # A numeric address needs no thread, for nobody is asked.
        return _addresses(host, port, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        pass
    found: list[list[Address] | Exception] = []
    answers = CallQueue()
    thread = threading.Thread(
        target=_ask,
        args=(host, port, found, answers),
        name="assetstream-lookup",
        daemon=True,  # the system's look-up may take minutes; nothing waits for it
    )
    thread.start()
    try:
        asking = scope.about(scope.peer, LOOKUP_REMEDY)
        while not found:
            asking.wait(answers, selectors.EVENT_READ, "its name was looked up")
            answers.run()
    except BaseException:
        _leave_behind(thread)
        raise
    finally:
        answers.close()
    thread.join()
    if isinstance(found[0], Exception):
        name = scope.about(f"the name {host}", LOOKUP_REMEDY)
        raise name.lost("cannot be looked up")
    return found[0]


def _ask(
    host: str, port: int, found: list[list[Address] | Exception], answers: CallQueue
) -> None:
    """Look up in a thread of its own; touch nothing but ``found`` and the queue."""
    try:
        found.append(_addresses(host, port))
    except (OSError, UnicodeError) as error:
        found.append(error)
    answers.post(lambda: None)


def _leave_behind(thread: threading.Thread) -> None:
    for other in tuple(_left_behind):
        if not other.is_alive():
            _left_behind.discard(other)
    _left_behind.add(thread)


def _addresses(host: str, port: int, flags: int = 0) -> list[Address]:
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [Address(entry[0], entry[4]) for entry in entries]


def connect_any(addresses: list[Address], scope: CancelScope) -> socket.socket:
    """Connect to the first address that answers, each having its share of the time.

    As ``dial``, of which it is the second step.
    """
    failure: ConnectionLost | None = None
    for index, address in enumerate(addresses):
        share = scope.left / (len(addresses) - index)
        try:
            return _connect(address, scope.until(clock.now() + share))
        except ConnectionLost as error:
            failure = error
    raise failure or scope.lost("has no address")


def _connect(address: Address, scope: CancelScope) -> socket.socket:
    try:
        sock = socket.socket(address.family, socket.SOCK_STREAM)
    except OSError as error:  # this system has no IPv6, for one
        raise scope.lost(f"cannot be reached ({explain(error)})") from None
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE.items():
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        code = sock.connect_ex(address.sockaddr)
        if code in UNDER_WAY:
            scope.wait(sock, selectors.EVENT_WRITE, "connecting")
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise scope.lost(f"cannot be reached ({os.strerror(code)})")
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
        raise ConnectionLost(
            f"the certificate of {host} was refused: {error.verify_message}",
            remedy="Check the URL and this machine's clock; a proxy or virus scanner "
            "that reads along needs its authority in the system's store or in "
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
