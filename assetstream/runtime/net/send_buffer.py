"""Bytes on their way out of one non-blocking socket."""

from __future__ import annotations

import math
import ssl

from assetstream.runtime.loop import clock
from assetstream.runtime.net.cancel import Wire, explain

__all__ = ["SendBuffer"]

LIMIT = 1 << 16
#: Seconds within which a peer that is alive must have taken everything.
STALL_TIME = 10.0
#: Seconds the reading side has to find the reason of a failed send.
FAILURE_TIME = 1.0


class SendBuffer:
    """Sends at once what the socket takes, keeps the rest in order.

    It never raises: a send often happens inside the library, which holds a lock then.
    ``deadline`` and ``failure`` show what went wrong.

    Attributes:
        deadline: when the connection must be given up unless it empties.
        failure: why, or "" if the peer just does not read.
        wants_write: True if it waits for the socket to be writable.
        wants_read: True if TLS must read before it can send.
    """

    def __init__(self, sock: Wire) -> None:
        self.deadline = math.inf
        self.failure = ""
        self.wants_write = False
        self.wants_read = False
        self._sock = sock
        self._bytes = bytearray()

    def put(self, data: bytes) -> None:
        """Send ``data`` behind what is waiting; without blocking."""
        if self.failure:
            return
        if not self._bytes:
            self.deadline = clock.now() + STALL_TIME
        self._bytes += data
        self.flush()
        if len(self._bytes) > LIMIT:
            self.deadline = -math.inf

    def flush(self) -> None:
        """Send what the socket takes now."""
        self.wants_write = self.wants_read = False
        try:
            while self._bytes:
                sent = self._sock.send(self._bytes)
                del self._bytes[:sent]
        except (BlockingIOError, ssl.SSLWantWriteError):
            self.wants_write = True
        except ssl.SSLWantReadError:
            self.wants_read = True
        except OSError as error:
            self._fail(explain(error))
        if not self._bytes and not self.failure:
            self.deadline = math.inf

    def _fail(self, why: str) -> None:
        # What the peer sent before it went (a close frame, for one) may still be
        # unread; so the reading side ends the connection, this one only as a last
        # resort.
        self._bytes.clear()
        self.failure = why
        self.deadline = clock.now() + FAILURE_TIME
