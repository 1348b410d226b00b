"""TLS sockets that tell which threads use them."""

from __future__ import annotations

import ssl
import threading
from typing import Any

__all__ = ["watch_threads"]

#: What calls into OpenSSL.
CALLS = ("do_handshake", "pending", "recv", "recv_into", "send", "sendall", "unwrap")


def watch_threads(context: ssl.SSLContext) -> list[str]:
    """Return a list that fills with what a second thread does to a stream's socket.

    OpenSSL must not see two threads at once, and only at times does it show. A thread
    may take over from one that has ended: REST's sockets go from call to call.
    """
    breaches: list[str] = []

    class Watched(ssl.SSLSocket):
        """Remembers the thread that uses it without blocking."""

    def watched(name: str) -> Any:
        plain = getattr(ssl.SSLSocket, name)

        def call(sock: Watched, *given: Any, **named: Any) -> Any:
            if sock.gettimeout() == 0.0:
                here = threading.current_thread()
                owner = sock.__dict__.setdefault("owner", here)
                if not owner.is_alive():
                    sock.__dict__["owner"] = here
                elif owner is not here:
                    breaches.append(f"{name} by {here.name}, not by {owner.name}")
            return plain(sock, *given, **named)

        return call

    for name in CALLS:
        setattr(Watched, name, watched(name))
    context.sslsocket_class = Watched
    return breaches
