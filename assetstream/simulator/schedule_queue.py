"""What a connection's thread has yet to do: at once, or in time."""

from __future__ import annotations

import heapq
import socket
from collections import deque
from itertools import count
from typing import Callable

from assetstream.simulator.messages import Message

__all__ = ["Inbox", "Timers"]


class Inbox:
    """What other threads want the connection's thread to do, in order."""

    def __init__(self) -> None:
        self._items: deque[Message | Callable[[], None]] = deque()
        self._rung = False
        self.bell, self._button = socket.socketpair()
        self.bell.setblocking(False)
        self._button.setblocking(False)

    def put(self, item: Message | Callable[[], None]) -> None:
        """Add one; wakes the thread. Never blocks, harmless after the end."""
        self._items.append(item)
        if not self._rung:
            self._rung = True
            try:
                self._button.send(b"\0")
            except OSError:  # the connection has ended
                pass

    def take(self) -> list[Message | Callable[[], None]]:
        """All there is."""
        try:
            self.bell.recv(4096)
        except BlockingIOError:
            pass
        # Before the items are looked at: who adds one later rings again.
        self._rung = False
        items = []
        while self._items:
            items.append(self._items.popleft())
        return items

    def close(self) -> None:
        """Free the sockets."""
        self.bell.close()
        self._button.close()


class Timers:
    """Actions and when they are due. All of it is for the connection's thread."""

    def __init__(self) -> None:
        self._actions: list[tuple[float, int, Callable[[], None]]] = []
        # Decides between two that are due at once, as actions have no order.
        self._numbers = count()

    def add(self, due: float, action: Callable[[], None]) -> None:
        """Call ``action`` at this time."""
        heapq.heappush(self._actions, (due, next(self._numbers), action))

    def run(self, now: float) -> None:
        """Call what is due."""
        while self._actions and self._actions[0][0] <= now:
            heapq.heappop(self._actions)[2]()

    def wait(self, now: float) -> float | None:
        """Seconds until the next one is due; None: there is none."""
        return max(0.0, self._actions[0][0] - now) if self._actions else None
