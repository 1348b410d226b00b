"""The tunnel through a proxy.

python-socks speaks HTTP CONNECT and SOCKS5. The socket is ours, and so is every wait
on it: the library believes it is behind one more proxy (its public parameter
``forward``), which hands it the connection made before.
"""

from __future__ import annotations

import re
import socket
from typing import Any

from assetstream.model.errors import ConnectionLost
from assetstream.runtime.net.cancel import CancelScope
from assetstream.runtime.net.proxy import SCHEMES, Proxy, library
from assetstream.runtime.net.status import MOST_SKIPPED, informational, status_of

__all__ = ["open_tunnel"]

#: The most the head of a proxy's answer may hold.
LIMIT = 1 << 14
PROXY_AUTHENTICATION_REQUIRED = 407


def open_tunnel(
    proxy: Proxy, sock: socket.socket, host: str, port: int, scope: CancelScope
) -> None:
    """Have the proxy connect ``sock``, which is connected to it, to ``host``.

    Raises:
        ConnectionLost: it does not; fatal if it refused the user.
        Cancelled: the attempt was given up.
    """
    python_socks = library()
    client = python_socks.sync.v2.Proxy(
        python_socks.ProxyType[SCHEMES[proxy.scheme][1]],
        proxy.host,
        proxy.port,
        proxy.user,
        proxy.password,
        rdns=True,  # the proxy looks up the host
        forward=Tunnel(sock, scope),
    )
    try:
        client.connect(host, port)
        return
    except python_socks.ProxyError as error:
        code, words = error.error_code, _printable(str(error))
    # Raised out here: the library's error and its frames know the password.
    if code == PROXY_AUTHENTICATION_REQUIRED or _is_about_user(code, words):
        raise _user_refused(proxy, code, words)
    lost = scope.lost(f"did not connect to {host} ({words})")
    lost.code = code if proxy.scheme == "http" else None
    raise lost


class Tunnel:
    """The proxy's connection, as python-socks uses one; its waits are the scope's.

    It is also the "proxy" that gives this connection out.
    """

    def __init__(self, sock: socket.socket, scope: CancelScope) -> None:
        self._sock = sock
        self._scope = scope

    def connect(self, **destination: Any) -> Tunnel:
        """Give out the connection that was made before."""
        return self

    def write(self, data: bytes) -> None:
        """Send all of ``data``."""
        self._scope.send_all(self._sock, data, "taking our request")

    def read(self, size: int = LIMIT) -> bytes:
        """Return the whole head of the HTTP answer proper (L6)."""
        for _ in range(MOST_SKIPPED + 1):
            head = self._read_head()
            if not informational(status_of(head)):
                return head
        raise self._scope.lost("sent too much before its answer")

    def _read_head(self) -> bytes:
        """Return one head, read byte by byte: what follows it is the exchange's."""
        data = bytearray()
        while not data.endswith(b"\r\n\r\n"):
            if len(data) >= LIMIT:
                raise self._scope.lost("answered with no end of its head")
            data += self.read_exactly(1)
        return bytes(data)

    def read_exactly(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        data = b""
        while len(data) < size:
            piece = self._scope.receive(self._sock, size - len(data), "answering")
            if not piece:
                raise self._scope.lost("closed the connection in place of an answer")
            data += piece
        return data

    def close(self) -> None:
        """Leave it open: the socket is the handshake's to close."""

    # What the same methods were called before release 3.
    write_all = write
    read_exact = read_exactly


def _is_about_user(code: int | None, words: str) -> bool:
    # SOCKS5 has no code for it; a test notices if the library's words change.
    return code is None and (
        "authentication failure" in words or "No acceptable authentication" in words
    )


def _user_refused(proxy: Proxy, code: int | None, words: str) -> ConnectionLost:
    if proxy.user:
        how = "refused the user and password of its URL"
        remedy = "Correct them"
    else:
        how = "wants a user and password"
        remedy = "Put user:password@ before its host"
    return ConnectionLost(
        f"the proxy {proxy.name} {how} ({words})",
        remedy=f"{remedy} in proxy= or in the environment.",
        code=code,
        fatal=True,
    )


def _printable(words: str) -> str:
    """Return a proxy's words without what would disturb a terminal or a log."""
    return re.sub(r"[^ -~]+", " ", words)[:100]
