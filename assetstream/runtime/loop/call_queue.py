"""Calls for a thread that waits on sockets, from other threads and signal handlers."""

from __future__ import annotations

import queue
import socket
from typing import Callable

__all__ = ["CallQueue"]


class CallQueue:
    """Calls posted from anywhere, run by the thread that owns the queue.

    A posted call makes ``fileno()`` readable, so the owner can wait for calls and
    for sockets at once.

    Attributes:
        asleep: the owner may be waiting, so that a post must wake it. An owner that
            clears this while it works must set it before it looks whether the queue is
            ``empty``, and then wait only if it is.
        empty: returns True if nothing was posted that was not run yet.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        # Asked in every turn, so without a call of our own.
        self.empty: Callable[[], bool] = self._calls.empty
        self._closed = False
        self.asleep = True
        # A socket pair, not a pipe: Windows selects on sockets only.
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)
        self._sender.setblocking(False)

    def post(self, call: Callable[[], None]) -> None:
        """Have ``call`` run by the owner's thread; ignored once the queue is closed.

        Never blocks and takes no Python lock: a signal handler may interrupt the very
        same thread inside ``post`` or ``run`` and post too (SimpleQueue is reentrant).
        """
        if self._closed:
            return
        self._calls.put(call)
        if self.asleep:
            self._wake()

    def run(self) -> None:
        """Run what was posted, in order. In the owner's thread only.

        What a call posts meanwhile is left for the next time, so that calls which
        post each other cannot keep the owner from its sockets.
        """
        self.settle()
        self.run_waiting()

    def settle(self) -> None:
        """Be readable no longer; who waited on ``fileno()`` has noticed."""
        try:
            self._receiver.recv(4096)
        except OSError:
            pass  # nobody woke it, or closed

    def run_waiting(self) -> None:
        """Run what was posted, as ``run``, where nothing has woken the owner."""
        try:
            for _ in range(self._calls.qsize()):
                self._calls.get_nowait()()
        except BaseException:
            # The wakes are drained: without a new one the calls behind would be lost.
            self._wake()
            raise

    def fileno(self) -> int:
        """Return what to wait on for reading; -1 once closed."""
        return self._receiver.fileno()

    def close(self) -> None:
        """Drop what was posted and ignore what will be. In the owner's thread."""
        self._closed = True
        self._receiver.close()
        self._sender.close()

    def _wake(self) -> None:
        try:
            self._sender.send(b"\0")
        except OSError:
            pass  # full: it is woken already; or closed just now
