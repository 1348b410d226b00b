"""A check that no second thread touches a connection, with TLS and without."""

from __future__ import annotations

import socket
import ssl
import threading
from collections import Counter
from contextlib import contextmanager
from typing import Any, Iterator, Mapping
from unittest.mock import patch
from weakref import WeakKeyDictionary, WeakSet

__all__ = ["ThreadOwnership", "check_thread_ownership"]

#: Class -> its methods that send, receive, or call into OpenSSL.
CALLS: Mapping[type, tuple[str, ...]] = {
    socket.socket: ("recv", "recv_into", "send", "sendall"),
    ssl.SSLSocket: (
        *("do_handshake", "pending", "recv", "recv_into", "send", "sendall", "unwrap"),
    ),
    ssl.SSLObject: ("do_handshake", "pending", "read", "unwrap", "write"),
}
#: Connections are of these; a socket pair, by which threads wake each other, is not.
FAMILIES = (socket.AF_INET, socket.AF_INET6)


class ThreadOwnership:
    """The thread that owns each connection, and every breach of that.

    Attributes:
        breaches: what a second thread did to a connection that had an owner.
        calls: how many calls were looked at, by the name of the class.
    """

    def __init__(self) -> None:
        self.breaches: list[str] = []
        self.calls: Counter[str] = Counter()
        self._owners: WeakKeyDictionary[Any, threading.Thread] = WeakKeyDictionary()
        # Connections that a call is under way on.
        self._busy: WeakSet[Any] = WeakSet()

    @property
    def tls_calls(self) -> int:
        """The number of calls that went into OpenSSL."""
        return self.calls["SSLSocket"] + self.calls["SSLObject"]

    def came(self, sock: Any, kind: type, name: str) -> None:
        """Note the thread that makes this call."""
        self.calls[kind.__name__] += 1
        here = threading.current_thread()
        owner = self._owners.setdefault(sock, here)
        if owner is here:
            return
        if not owner.is_alive():
            # A thread may take over from one that has ended.
            self._owners[sock] = here
        elif "-helper-" in owner.name and sock not in self._busy:
            # A helper hands over what it has dialled to the reader, which keeps it;
            # and REST's connections go from call to call, and so from helper to helper.
            self._owners[sock] = here
        else:
            self.breaches.append(
                f"{kind.__name__}.{name} by {here.name}, not by {owner.name}"
            )

    def watched(self, kind: type, name: str) -> Any:
        """Return the method of that name with a check before it."""
        plain = getattr(kind, name)

        def call(sock: Any, *given: Any, **named: Any) -> Any:
            if not is_watched(sock, kind):
                return plain(sock, *given, **named)
            self.came(sock, kind, name)
            self._busy.add(sock)
            try:
                return plain(sock, *given, **named)
            finally:
                self._busy.discard(sock)

        return call

    def subclass(self, kind: type) -> Any:
        """Return a subclass whose methods are checked."""
        methods = {name: self.watched(kind, name) for name in CALLS[kind]}
        return type(f"Watched{kind.__name__}", (kind,), methods)


def is_watched(sock: Any, kind: type) -> bool:
    """Return True for a stream's connections, which alone never block."""
    if kind is ssl.SSLObject:
        return True
    if kind is socket.socket and isinstance(sock, ssl.SSLSocket):
        return False  # is watched as such
    return sock.gettimeout() == 0.0 and sock.family in FAMILIES


@contextmanager
def check_thread_ownership(context: ssl.SSLContext) -> Iterator[ThreadOwnership]:
    """Check every connection without TLS, and those of ``context``.

    Two threads at once in OpenSSL fail only at times, so every call of a second thread
    is a breach, whether or not the first one is inside.
    """
    ownership = ThreadOwnership()
    before = context.sslsocket_class, context.sslobject_class
    context.sslsocket_class = ownership.subclass(ssl.SSLSocket)
    context.sslobject_class = ownership.subclass(ssl.SSLObject)
    plain = {
        name: ownership.watched(socket.socket, name) for name in CALLS[socket.socket]
    }
    try:
        with patch.multiple(socket.socket, **plain):
            yield ownership
    finally:
        context.sslsocket_class, context.sslobject_class = before
