"""The accounts of a fleet, and the connection that all of a group use.

A group has it as a stream of its own that nobody sees: its threads, its errors and its
end are those of all streams. It has no balances; it is LIVE while the engine answers.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Callable, Sequence

from assetstream.core.fault import internal_error
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import ZERO, Event
from assetstream.model.states import State
from assetstream.runtime.loop import clock
from assetstream.runtime.origin import Parts
from assetstream.sharing.access import Access
from assetstream.sharing.follower import Follower

__all__ = ["FleetOrigin", "FleetSession"]


class FleetOrigin:
    """Makes the session of a fleet, once.

    Args:
        access: to its data.
        listed: called with the labels of its accounts, now and then, in the reader
            thread; None: nobody asks for them.

    Attributes:
        follower: of the connection, once the session is made.
    """

    name = ""
    #: Any number of groups may have it.
    place = None

    def __init__(
        self, access: Access, listed: Callable[[Sequence[str]], None] | None
    ) -> None:
        self._access = access
        self._listed = listed
        self.follower: Follower | None = None

    def session(self, parts: Parts) -> FleetSession:
        """Make the session, which has not begun."""
        session = FleetSession(parts, self._listed)
        self.follower = session.follower = Follower(
            self._access.engine,
            parts.shared.helpers,
            parts.reader_thread,
            leader=session,
            listing=self._listed is not None,
        )
        return session


class FleetSession:
    """Leads a follower, and tells of its connection; in the reader thread.

    Args:
        parts: lent by the engine of the stream.
        listed: as in ``FleetOrigin``.

    Attributes:
        follower: the one that is led.
    """

    follower: Follower

    def __init__(
        self, parts: Parts, listed: Callable[[Sequence[str]], None] | None
    ) -> None:
        self._present = parts.present
        self._publisher = parts.publisher
        self._dispatcher = parts.dispatcher
        self._over = parts.over
        self._listed = listed
        # The problem that was told last, until the engine answers.
        self._told = ""

    @property
    def deadline(self) -> float:
        """Moment at which ``due`` must be called; seconds of ``clock.now``."""
        return self._dispatcher.deadline

    def due(self) -> None:
        """Look for a slow handler."""
        self._dispatcher.due(clock.now())

    # What the user does.

    def enter(self) -> None:
        """Do nothing: any number of groups may follow a fleet."""

    def start(self) -> None:
        """Begin to connect."""
        self._publish([self._present.change(State.CONNECTING, "started")])
        self.follower.begin()

    def verify(self) -> None:
        """Do nothing: there are no balances."""

    def stop(self, reason: str) -> None:
        """End."""
        if not self._present.state.final:
            self._end([self._present.change(State.STOPPED, reason)])

    def crash(self, error: BaseException) -> None:
        """Fail by a fault of ours."""
        if self._present.state is State.NEW:
            self._publish([self._present.change(State.CONNECTING, "started")])
        self.follower.fail(internal_error(error))

    def close(self) -> None:
        """Close the connection."""
        self.follower.end()

    def doubt(self, currency: str) -> str:
        """Return ""."""
        return ""

    def last_change(self, currency: str) -> Decimal:
        """Return zero."""
        return ZERO

    def audit_interval(self, now: float) -> float | None:
        """Return None."""
        return None

    def detection_time(self, now: float) -> float | None:
        """Return None."""
        return None

    # What the follower reports; see ``Leader``.

    def connected(self) -> None:
        if self._listed is None:
            self._served()

    def listed(self, accounts: Sequence[str]) -> None:
        assert self._listed is not None
        # Before it is LIVE: whoever waits for that knows them then.
        self._listed(accounts)
        self._served()

    def cut_off(self, error: AssetStreamError) -> None:
        present = self._present
        if present.state.final:
            return
        present.error = error
        told, self._told = self._told, error.problem
        events: list[Event] = [] if told == error.problem else [error]
        if error.fatal:
            self._end([*events, present.change(State.FAILED, error.problem)])
            return
        if present.state is State.LIVE:
            events.append(present.change(State.STALE, error.problem))
        self._publish(events)

    def _served(self) -> None:
        present = self._present
        self._told, present.error = "", None
        if present.state in (State.CONNECTING, State.STALE):
            present.dead_at = math.inf
            self._publish([present.change(State.LIVE, "the engine answers")])

    def _end(self, events: Sequence[Event]) -> None:
        self._publish(events)
        self.follower.end()
        self._over()

    def _publish(self, events: Sequence[Event]) -> None:
        if events:
            self._publisher.step += 1
            self._publisher.publish(events)
