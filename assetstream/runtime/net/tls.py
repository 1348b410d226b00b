"""The one TLS configuration of the process."""

from __future__ import annotations

import ssl
import threading

import certifi

__all__ = ["shared_context"]

_lock = threading.Lock()
_context: ssl.SSLContext | None = None


def shared_context() -> ssl.SSLContext:
    """Return the verifying context that every connection without its own uses.

    One per process: reading the certificate store costs about 30 ms and 800 KB, which
    would otherwise be paid at every reconnect.
    """
    global _context
    with _lock:
        if _context is None:
            # The system's store knows a company's own authority, certifi those that
            # an old or bare system lacks.
            context = ssl.create_default_context()
            context.load_verify_locations(certifi.where())
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols(["http/1.1"])
            _context = context
        return _context
