"""Counts of what clients did, and a way to wait for a change without sleeping."""

from __future__ import annotations

import threading
import time
from typing import Callable

from msgspec import Struct

__all__ = ["ChangeSignal", "Seen"]


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


class ChangeSignal:
    """Wakes waiting threads whenever something in the simulator changes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._version = 0

    def count(self, name: str, *seen: Seen, by: int = 1) -> None:
        """Add ``by`` to the count ``name`` of each ``seen``, and wake all waiters."""
        with self._changed:
            for each in seen:
                setattr(each, name, getattr(each, name) + by)
            self._version += 1
            self._changed.notify_all()

    def announce(self) -> None:
        """Wake all waiters: a condition that they wait for may be met now."""
        self.count("connections", by=0)

    def wait_for(
        self, met: Callable[[], object], timeout: float, describe: Callable[[], str]
    ) -> None:
        """Return once ``met()`` is true.

        Raises:
            TimeoutError: it was not within ``timeout`` seconds; ``describe()`` gives
                the text: the condition, and how things stand.
        """
        deadline = time.monotonic() + timeout
        while True:
            version = self._version
            # Called without our lock: it may take a ledger's lock, whose holders call
            # ``count``.
            if met():
                return
            with self._changed:
                while self._version == version:
                    left = deadline - time.monotonic()
                    if left <= 0:
                        raise TimeoutError(f"after {timeout:g} s: {describe()}")
                    self._changed.wait(left)
