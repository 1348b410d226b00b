"""What the simulator has seen, and waiting for it without sleeping."""

from __future__ import annotations

import threading
import time
from typing import Callable

from msgspec import Struct

__all__ = ["Board", "Seen"]


class Seen(Struct):
    """Counts since the simulator started.

    Attributes:
        connections: WebSocket upgrades that were accepted.
        refused: WebSocket upgrades that were refused.
        reads: REST requests, refused ones included.
        frames: data frames received from clients.
        pings: WebSocket pings received.
        pushes: frames with balances handed to connections.
    """

    connections: int = 0
    refused: int = 0
    reads: int = 0
    frames: int = 0
    pings: int = 0
    pushes: int = 0


class Board:
    """One condition that everything waited for is announced on."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._version = 0

    def count(self, name: str, *seen: Seen, by: int = 1) -> None:
        """Add to the count ``name`` of each, and wake who waits."""
        with self._changed:
            for each in seen:
                setattr(each, name, getattr(each, name) + by)
            self._version += 1
            self._changed.notify_all()

    def announce(self) -> None:
        """Wake who waits: something they may wait for has changed."""
        self.count("connections", by=0)

    def wait_for(
        self, met: Callable[[], object], timeout: float, what: Callable[[], str]
    ) -> None:
        """Return once ``met()`` is true.

        Raises:
            TimeoutError: it was not within ``timeout`` seconds; ``what`` says what
                was waited for and how things stand.
        """
        deadline = time.monotonic() + timeout
        while True:
            version = self._version
            # Asked with no lock held: it may look at a ledger, whose lock is held
            # by those who count.
            if met():
                return
            with self._changed:
                while self._version == version:
                    left = deadline - time.monotonic()
                    if left <= 0:
                        raise TimeoutError(f"after {timeout:g} s: {what()}")
                    self._changed.wait(left)
