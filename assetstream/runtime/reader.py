"""The loop that serves channels, deadlines and the inbox: N of each, one selector."""

from __future__ import annotations

import math
import selectors
from typing import Any, Protocol

from assetstream.runtime import clock
from assetstream.runtime.inbox import Inbox

__all__ = ["Reader", "Served", "Timed"]

# Seconds; a turn for nothing. epoll refuses to wait for more than 24 days.
LONGEST_WAIT = 86_400.0


class Timed(Protocol):
    """What has something to do at a time of its own choice."""

    @property
    def deadline(self) -> float:
        """When ``due`` must be called (seconds of ``clock.now``); math.inf if never."""

    def due(self) -> None:
        """Act; called once per round while ``deadline`` has passed."""


class Served(Timed, Protocol):
    """A connection as the reader sees it."""

    @property
    def wants_write(self) -> bool:
        """True if there is something to send that waits for the socket."""

    def fileno(self) -> int:
        """Return the socket's file descriptor."""

    def pending(self) -> bool:
        """Return True if there is data that the selector cannot see (TLS)."""

    def readable(self) -> None:
        """Read once, and act on what came."""

    def writable(self) -> None:
        """Send what waits."""


class Reader:
    """Serves channels and owners in the thread that calls ``turn``.

    It has no thread and no lock: whoever calls ``turn`` owns everything it serves, and
    everything here is called from that thread, also from inside a turn. What is raised
    in a turn comes out of it; the next turn goes on where that one broke off.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._owners: list[Timed] = []
        self._channels: list[Served] = []
        self._selector = selectors.DefaultSelector()
        self._selector.register(inbox, selectors.EVENT_READ)

    def attach(self, owner: Timed) -> None:
        """Watch the owner's deadline, whether or not it has a channel."""
        if owner not in self._owners:
            self._owners.append(owner)

    def detach(self, owner: Timed) -> None:
        """Watch it no longer."""
        if owner in self._owners:
            self._owners.remove(owner)

    def add(self, channel: Served) -> None:
        """Serve the channel from the next turn on."""
        self._selector.register(channel, selectors.EVENT_READ, channel)
        self._channels.append(channel)

    def discard(self, channel: Served) -> None:
        """Serve it no longer; to be called while its socket is still open."""
        if channel in self._channels:
            self._channels.remove(channel)
            self._selector.unregister(channel)

    def turn(self) -> None:
        """Wait for what comes first, and serve everything that is ready, once.

        One read per channel and turn: inbox and deadlines have their turn after every
        buffer, however fast a peer sends.
        """
        ready = self._select()
        if any(data is None for data, _ in ready):
            self._inbox.run()
        for channel, events in ready:
            # Whatever ran before may have ended it.
            if events & selectors.EVENT_WRITE and channel in self._channels:
                channel.writable()
            if events & selectors.EVENT_READ and channel in self._channels:
                channel.readable()
        moment = clock.now()
        for timed in self._timed():
            if timed.deadline <= moment and self._serves(timed):
                timed.due()

    def close(self) -> None:
        """Release the selector; idempotent. Inbox and channels are others' to close."""
        self._owners.clear()
        self._channels.clear()
        self._selector.close()

    def _timed(self) -> list[Timed]:
        return [*self._owners, *self._channels]

    def _serves(self, timed: Timed) -> bool:
        return timed in self._owners or timed in self._channels

    def _select(self) -> list[tuple[Any, int]]:
        """Return what is ready with its events; the inbox stands as None."""
        buffered = [channel for channel in self._channels if channel.pending()]
        for channel in self._channels:
            events = selectors.EVENT_READ
            if channel.wants_write:
                events |= selectors.EVENT_WRITE
            if self._selector.get_key(channel).events != events:
                self._selector.modify(channel, events, channel)
        timeout = 0.0 if buffered else self._timeout()
        ready = [(key.data, mask) for key, mask in self._selector.select(timeout)]
        seen = [channel for channel, mask in ready if mask & selectors.EVENT_READ]
        ready += [(x, selectors.EVENT_READ) for x in buffered if x not in seen]
        return ready

    def _timeout(self) -> float | None:
        deadline = min((timed.deadline for timed in self._timed()), default=math.inf)
        if deadline == math.inf:
            return None
        return min(max(0.0, deadline - clock.now()), LONGEST_WAIT)
