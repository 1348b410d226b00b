"""The status of an HTTP answer, and the answers that come before the one (L6)."""

from __future__ import annotations

import re

__all__ = ["MOST_SKIPPED", "informational", "status_of"]

#: The most informational answers that may come before the answer proper.
MOST_SKIPPED = 16

STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9][0-9])(?:[ \r\n]|$)")
SWITCHING_PROTOCOLS = 101


def status_of(head: bytes) -> int | None:
    """Return the status of the answer that begins so; None if it is not HTTP."""
    found = STATUS_LINE.match(head)
    return int(found[1]) if found else None


def informational(status: int | None) -> bool:
    """Return True if the answer proper is still to come."""
    return status is not None and 100 <= status < 200 and status != SWITCHING_PROTOCOLS
