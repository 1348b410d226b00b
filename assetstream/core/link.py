"""The inner states of a stream's link to its exchange, and what may follow each."""

from __future__ import annotations

import enum
from types import MappingProxyType
from typing import Mapping

__all__ = ["LINKS", "Link"]


class Link(enum.Enum):
    """Stages of the stream's connection."""

    # Enum's own is a Python function, which every look into a set or dict would call.
    __hash__ = object.__hash__

    #: The stream was not started.
    NONE = enum.auto()
    #: No connection; the next attempt waits for its time.
    BACKOFF = enum.auto()
    #: The stream stands in the place's queue for its turn to connect.
    QUEUED = enum.auto()
    #: A helper dials: name, TCP, TLS, upgrade.
    DIALLING = enum.auto()
    #: The WebSocket is open, and the subscription not yet proved (R1).
    PROVING = enum.auto()
    #: The subscription is proved: balances are read and pushes believed.
    READY = enum.auto()
    #: We rely on the connection no longer; it is gone, or about to be.
    LEAVING = enum.auto()
    #: Nothing comes after this: the stream stopped or failed.
    OVER = enum.auto()


#: Every change that ever happens.
LINKS: Mapping[Link, frozenset[Link]] = MappingProxyType(
    {
        Link.NONE: frozenset({Link.QUEUED, Link.OVER}),
        Link.BACKOFF: frozenset({Link.QUEUED, Link.OVER}),
        Link.QUEUED: frozenset({Link.DIALLING, Link.OVER}),
        Link.DIALLING: frozenset({Link.PROVING, Link.LEAVING}),
        Link.PROVING: frozenset({Link.READY, Link.LEAVING}),
        Link.READY: frozenset({Link.LEAVING}),
        Link.LEAVING: frozenset({Link.QUEUED, Link.BACKOFF, Link.OVER}),
        Link.OVER: frozenset(),
    }
)
