"""TLS connections that tell which threads use them."""

from __future__ import annotations

import ssl
import threading
from typing import Any

__all__ = ["watch_threads"]

#: What calls into OpenSSL.
CALLS = ("do_handshake", "pending", "read", "unwrap", "write")


def watch_threads(context: ssl.SSLContext) -> list[str]:
    """Return a list that fills with what a second thread does to a connection.

    OpenSSL must not see two threads at once, and only at times does it show. A thread
    may take over from one that has ended: REST's sockets go from call to call.
    """
    breaches: list[str] = []

    class Watched(ssl.SSLObject):
        """Remembers the thread that uses it."""

    def watched(name: str) -> Any:
        plain = getattr(ssl.SSLObject, name)

        def call(tls: Watched, *given: Any, **named: Any) -> Any:
            here = threading.current_thread()
            owner = tls.__dict__.setdefault("owner", here)
            if not owner.is_alive():
                tls.__dict__["owner"] = here
            elif owner is not here:
                breaches.append(f"{name} by {here.name}, not by {owner.name}")
            return plain(tls, *given, **named)

        return call

    for name in CALLS:
        setattr(Watched, name, watched(name))
    context.sslobject_class = Watched
    return breaches
