"""A queue that wakes the thread of a connection out of its selector."""

from __future__ import annotations

import socket
from collections import deque
from typing import Callable

from assetstream.simulator.messages import Message

__all__ = ["ActionQueue"]


class ActionQueue:
    """Messages and calls that other threads hand to a connection's thread, in order.

    Attributes:
        receiver: a socket that is readable while the queue holds something.
    """

    def __init__(self) -> None:
        self._items: deque[Message | Callable[[], None]] = deque()
        self._woken = False
        self.receiver, self._sender = socket.socketpair()
        self.receiver.setblocking(False)
        self._sender.setblocking(False)

    def put(self, item: Message | Callable[[], None]) -> None:
        """Add ``item`` and wake the thread; never blocks, harmless after ``close``."""
        self._items.append(item)
        if not self._woken:
            self._woken = True
            try:
                self._sender.send(b"\0")
            except OSError:  # the connection has ended
                pass

    def take(self) -> list[Message | Callable[[], None]]:
        """Remove and return everything."""
        try:
            self.receiver.recv(4096)
        except BlockingIOError:
            pass
        # Before the items are read: a thread that adds one later wakes it again.
        self._woken = False
        items = []
        while self._items:
            items.append(self._items.popleft())
        return items

    def close(self) -> None:
        """Release the sockets."""
        self.receiver.close()
        self._sender.close()
