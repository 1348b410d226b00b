"""The loop that serves channels, deadlines and the inbox: N of each, one selector.

A turn costs what is ready and what is due, not what is there: a thousand idle channels
are not looked at.
"""

from __future__ import annotations

import selectors
from typing import Callable, Protocol

from assetstream.runtime.loop import clock
from assetstream.runtime.loop.call_queue import CallQueue
from assetstream.runtime.loop.deadlines import DeadlineQueue, HasDeadline

__all__ = ["HasDeadline", "Reader", "ServedSocket"]


class ServedSocket(HasDeadline, Protocol):
    """A connection as the reader sees it."""

    @property
    def wants_write(self) -> bool:
        """True if there is something to send that waits for the socket."""
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
    """Serves channels and owners in the thread that calls ``turn``.

    It has no thread and no lock: whoever calls ``turn`` owns everything it serves, and
    everything here is called from that thread, also from inside a turn.

    What an owner or a channel wants is looked at after each call to it. If it changes
    at another time, by a call of the inbox for one, ``touch`` must be called.

    Args:
        inbox: run at the beginning of a turn.
        fault: told of an owner that raised, itself or its channel, and by what; without
            one, what is raised in a turn comes out of it, and the next turn goes on
            where that one broke off.
    """

    def __init__(
        self,
        inbox: CallQueue,
        fault: Callable[[HasDeadline, Exception], None] | None = None,
    ) -> None:
        self._inbox = inbox
        self._fault = fault
        self._owners: dict[HasDeadline, ServedSocket | None] = {}
        self._channels: dict[ServedSocket, HasDeadline | None] = {}
        # Channels with data that the selector cannot see.
        self._buffered: set[ServedSocket] = set()
        self._agenda = DeadlineQueue()
        self._selector = selectors.DefaultSelector()
        self._selector.register(inbox, selectors.EVENT_READ)

    def attach(self, owner: HasDeadline) -> None:
        """Watch the owner's deadline, whether or not it has a channel."""
        self._owners.setdefault(owner, None)
        self._agenda.plan(owner)

    def detach(self, owner: HasDeadline) -> None:
        """Watch it no longer."""
        self._owners.pop(owner, None)
        self._agenda.forget(owner)

    def touch(self, timed: HasDeadline) -> None:
        """Look again at what an owner or a channel waits for."""
        channel = self._owners.get(timed, timed)
        if timed in self._owners:
            self._agenda.plan(timed)
        if channel in self._channels:
            self._look_at(channel)  # pyright: ignore[reportArgumentType]

    def add(self, channel: ServedSocket, owner: HasDeadline | None = None) -> None:
        """Serve the channel, and its owner's deadline after it, from now on."""
        self._selector.register(channel, selectors.EVENT_READ, channel)
        self._channels[channel] = owner
        if owner in self._owners:
            self._owners[owner] = channel
        self._look_at(channel)

    def discard(self, channel: ServedSocket) -> None:
        """Serve it no longer; to be called while its socket is still open."""
        if channel in self._channels:
            owner = self._channels.pop(channel)
            if owner in self._owners:
                self._owners[owner] = None
            self._buffered.discard(channel)
            self._agenda.forget(channel)
            self._selector.unregister(channel)

    def turn(self) -> None:
        """Wait for what comes first, and serve everything that is ready, once.

        One read per channel and turn: inbox and deadlines have their turn after every
        buffer, however fast a peer sends.
        """
        buffered = self._buffered.copy()
        timeout = 0.0 if buffered else self._agenda.timeout()
        ready = [(key.data, mask) for key, mask in self._selector.select(timeout)]
        if any(channel is None for channel, _ in ready):
            self._inbox.run()
        for channel, events in ready:
            if channel is None:
                continue
            if events & selectors.EVENT_WRITE:
                self._serve(channel, channel.writable)
            if events & selectors.EVENT_READ:
                buffered.discard(channel)
                self._serve(channel, channel.readable)
        for channel in buffered:
            self._serve(channel, channel.readable)
        for timed in self._agenda.passed():
            self._call_due(timed)

    def close(self) -> None:
        """Release the selector, but neither call queue nor sockets; idempotent."""
        self._owners.clear()
        self._channels.clear()
        self._buffered.clear()
        self._agenda.clear()
        self._selector.close()

    def _serve(self, channel: ServedSocket, act: Callable[[], None]) -> None:
        # Whatever ran before may have ended it.
        if channel not in self._channels:
            return
        owner = self._channels[channel]
        try:
            act()
        except Exception as error:
            self._blame(owner, error)
        finally:
            if channel in self._channels:
                self._look_at(channel)
            if owner in self._owners:
                self._agenda.plan(owner)

    def _call_due(self, timed: HasDeadline) -> None:
        channel = self._owners.get(timed)
        owner = self._channels.get(timed, timed)  # type: ignore[call-overload]
        if timed not in self._owners and timed not in self._channels:
            return
        try:
            if timed.deadline <= clock.now():
                timed.due()
        except Exception as error:
            self._blame(owner, error)
        finally:
            if timed in self._owners or timed in self._channels:
                self._agenda.plan(timed)
            if channel in self._channels:
                self._look_at(channel)  # the owner may have sent something
            if owner in self._owners:
                self._agenda.plan(owner)

    def _blame(self, owner: HasDeadline | None, error: Exception) -> None:
        if self._fault is None or owner is None:
            raise error
        self._fault(owner, error)

    def _look_at(self, channel: ServedSocket) -> None:
        """Note what a channel waits for now."""
        events = selectors.EVENT_READ
        if channel.wants_write:
            events |= selectors.EVENT_WRITE
        if self._selector.get_key(channel).events != events:
            self._selector.modify(channel, events, channel)
        if channel.pending():
            self._buffered.add(channel)
        else:
            self._buffered.discard(channel)
        self._agenda.plan(channel)
