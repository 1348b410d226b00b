"""The loop that serves sockets, deadlines and the call queue: N of each, one selector.

A turn costs what is ready and what is due, not what is there: a thousand idle sockets
are not looked at.
"""

from __future__ import annotations

import selectors
from typing import Callable, Protocol

from assetstream.runtime.loop import clock
from assetstream.runtime.loop.call_queue import CallQueue
from assetstream.runtime.loop.deadlines import DeadlineQueue, HasDeadline

__all__ = ["HasDeadline", "Reader", "ServedSocket"]

READ_ONLY = selectors.EVENT_READ
BOTH = selectors.EVENT_READ | selectors.EVENT_WRITE


class ServedSocket(HasDeadline, Protocol):
    """A connection as the reader sees it."""

    @property
    def wants_write(self) -> bool:
        """True if there is something to send that waits for the socket."""
        ...

    @property
    def settled(self) -> bool:
        """True if it waits for nothing but bytes: none to send, none that the selector
        cannot see, and no deadline."""
        ...

    def fileno(self) -> int:
        """Return the socket's file descriptor."""
        ...

    def pending(self) -> bool:
        """Return True if there is data that the selector cannot see (TLS)."""
        ...

    def readable(self) -> None:
        """Read once, and act on what came."""

    def writable(self) -> None:
        """Send what waits."""


class Reader:
    """Serves sockets and owners in the thread that calls ``turn``.

    It has no thread and no lock: whoever calls ``turn`` owns everything it serves, and
    everything here is called from that thread, also from inside a turn.

    The reader looks at what an owner or a socket wants after each call to it. If that
    changes at another time, by a posted call for one, ``touch`` must be called.

    Args:
        calls: run at the beginning of a turn, and what is posted in it at its end.
        fault: called with an owner that raised, or whose socket did, and with the
            exception; without it, what is raised in a turn comes out of it, and the
            next turn goes on where that one broke off.
    """

    def __init__(
        self,
        calls: CallQueue,
        fault: Callable[[HasDeadline, Exception], None] | None = None,
    ) -> None:
        self._calls = calls
        self._fault = fault
        self._owners: dict[HasDeadline, ServedSocket | None] = {}
        self._sockets: dict[ServedSocket, HasDeadline | None] = {}
        # What the selector was last told of each: to ask it takes six calls.
        self._events: dict[ServedSocket, int] = {}
        # Those that waited for nothing but bytes when they were last looked at.
        self._settled: set[ServedSocket] = set()
        # Sockets with data that the selector cannot see.
        self._buffered: set[ServedSocket] = set()
        self._deadlines = DeadlineQueue()
        self._selector = selectors.DefaultSelector()
        self._selector.register(calls, selectors.EVENT_READ)

    def attach(self, owner: HasDeadline) -> None:
        """Watch the owner's deadline, whether or not it has a socket."""
        self._owners.setdefault(owner, None)
        self._deadlines.plan(owner)

    def detach(self, owner: HasDeadline) -> None:
        """Watch it no longer."""
        self._owners.pop(owner, None)
        self._deadlines.forget(owner)

    def touch(self, timed: HasDeadline) -> None:
        """Look again at what an owner or a socket waits for."""
        sock = self._owners.get(timed, timed)
        if timed in self._owners:
            self._deadlines.plan(timed)
        if sock in self._sockets:
            self._look_at(sock)  # pyright: ignore[reportArgumentType]

    def add(self, sock: ServedSocket, owner: HasDeadline | None = None) -> None:
        """Serve the socket, and its owner's deadline after it, from now on."""
        self._selector.register(sock, selectors.EVENT_READ, sock)
        self._sockets[sock] = owner
        self._events[sock] = READ_ONLY
        if owner in self._owners:
            self._owners[owner] = sock
        self._look_at(sock)

    def discard(self, sock: ServedSocket) -> None:
        """Serve it no longer; to be called while its socket is still open."""
        if sock in self._sockets:
            owner = self._sockets.pop(sock)
            del self._events[sock]
            if owner in self._owners:
                self._owners[owner] = None
            self._settled.discard(sock)
            self._buffered.discard(sock)
            self._deadlines.forget(sock)
            self._selector.unregister(sock)

    def turn(self) -> None:
        """Wait for what comes first, and serve everything that is ready, once.

        One read per socket and turn: calls and deadlines have their turn after every
        buffer, however fast a peer sends.
        """
        calls, buffered = self._calls, self._buffered.copy()
        calls.asleep = True
        hurry = buffered or not calls.empty()
        timeout = 0.0 if hurry else self._deadlines.timeout()
        ready = self._selector.select(timeout)
        calls.asleep = False
        for key, _ in ready:
            if key.data is None:
                calls.settle()
        if not calls.empty():
            calls.run_waiting()
        for key, events in ready:
            sock = key.data
            if sock is None:
                continue
            if events & selectors.EVENT_WRITE:
                self._serve(sock, sock.writable)
            if events & selectors.EVENT_READ:
                buffered.discard(sock)
                self._serve(sock, sock.readable)
        for sock in buffered:
            self._serve(sock, sock.readable)
        for timed in self._deadlines.passed():
            self._call_due(timed)
        # Mostly turns that a place has just granted: they need no wait of their own.
        if not calls.empty():
            calls.run_waiting()

    def close(self) -> None:
        """Release the selector, but neither call queue nor sockets; idempotent."""
        self._owners.clear()
        self._sockets.clear()
        self._events.clear()
        self._settled.clear()
        self._buffered.clear()
        self._deadlines.clear()
        self._selector.close()

    def _serve(self, sock: ServedSocket, act: Callable[[], None]) -> None:
        # Whatever ran before may have ended it.
        if sock not in self._sockets:
            return
        owner = self._sockets[sock]
        try:
            act()
        except Exception as error:
            self._blame(owner, error)
        finally:
            # Asked here, too: nearly always there is nothing to note, and it saves a
            # call at each read.
            if sock in self._sockets and not (sock in self._settled and sock.settled):
                self._look_at(sock)
            if owner in self._owners:
                self._deadlines.plan(owner)

    def _call_due(self, timed: HasDeadline) -> None:
        sock = self._owners.get(timed)
        owner = self._sockets.get(timed, timed)  # type: ignore[call-overload]
        if timed not in self._owners and timed not in self._sockets:
            return
        try:
            if timed.deadline <= clock.now():
                timed.due()
        except Exception as error:
            self._blame(owner, error)
        finally:
            if timed in self._owners or timed in self._sockets:
                self._deadlines.plan(timed)
            if sock in self._sockets:
                self._look_at(sock)  # the owner may have sent something
            if owner is not timed and owner in self._owners:
                self._deadlines.plan(owner)

    def _blame(self, owner: HasDeadline | None, error: Exception) -> None:
        if self._fault is None or owner is None:
            raise error
        self._fault(owner, error)

    def _look_at(self, sock: ServedSocket) -> None:
        """Note what a socket waits for now."""
        if sock in self._settled and sock.settled:
            return
        events = BOTH if sock.wants_write else READ_ONLY
        if self._events[sock] != events:
            self._selector.modify(sock, events, sock)
            self._events[sock] = events
        if sock.pending():
            self._buffered.add(sock)
        else:
            self._buffered.discard(sock)
        self._deadlines.plan(sock)
        if sock.settled:
            self._settled.add(sock)
        else:
            self._settled.discard(sock)
