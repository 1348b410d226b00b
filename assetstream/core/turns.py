"""The queue of one place: who may connect or read next (L4, A6). Pure.

A place is what an exchange counts together: its hosts, as one address reaches them. The
runtime keeps one queue a place, guards it, and posts what it grants.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Generic, TypeVar

from assetstream.core.effects import Turn
from assetstream.protocol import Limits, Rate

__all__ = ["Turns"]

#: What is sent evenly may arrive unevenly; so much slower, it keeps within the limit.
MARGIN = 1.05
#: What an exchange counts over so many seconds, or more, is not spread over all of
#: them: how unevenly it arrives is nothing to it. ``QUICKLY`` seconds lie between two.
LONG = 60.0
QUICKLY = 0.2
#: The part of the reads that audits may plan with; snapshots need the rest.
AUDIT_SHARE = 0.5
#: Members plan by an interval that is off by this part at the most. Were each of many
#: to be given every change, their number would count twice.
TOLERANCE = 0.1

#: A member of the place, which asks and is granted turns; hashable.
Asker = TypeVar("Asker")


class Lane:
    """Counts the turns of one kind of work: evenly, or at least one by one.

    Nothing is saved up in quiet times where exchanges count by the second: five at once
    and five more in the course of that second would be twice what is allowed.
    """

    def __init__(self, rate: Rate) -> None:
        self._count = rate.count
        #: The seconds for which a grant counts.
        self._window = MARGIN * rate.seconds
        #: Seconds from one grant to the next, if they go on for ever.
        self.pace = MARGIN * rate.pace
        #: Seconds from one grant to the next.
        self.step = self.pace
        if rate.seconds >= LONG:
            self.step = min(self.step, QUICKLY)
        # When the last grants were, as many as there may be in a window.
        self._granted: deque[float] = deque(maxlen=rate.count)
        #: Time of the next grant, if anybody waits then.
        self.free_at = -math.inf

    @property
    def even_at(self) -> float:
        """Time of the next grant that leaves the others of a window their turns."""
        last = self._granted[-1] if self._granted else -math.inf
        return max(self.free_at, last + self.pace)

    def hold_back(self, until: float) -> None:
        self.free_at = max(self.free_at, until)

    def use(self, now: float) -> None:
        """Count a turn that is granted now."""
        self._granted.append(now)
        self.free_at = now + self.step
        if len(self._granted) == self._count:
            least = self._granted[0] + self._window
            self.free_at = max(self.free_at, least)

    def time_of(self, turns: int) -> float:
        """Seconds that so many turns take."""
        windows, rest = divmod(turns, self._count)
        return windows * self._window + rest * self.step


class Turns(Generic[Asker]):
    """Grants turns to all streams of a place, in the order in which they asked.

    Snapshots go before audits, of whichever stream, and who has no connection before
    who renews one that works. Times are monotonic seconds.

    Args:
        limits: ``connects_together`` and ``reads_together`` are kept.
    """

    def __init__(self, limits: Limits) -> None:
        self._connects = Lane(limits.connects_together)
        self._reads = Lane(limits.reads_together)
        # Those who wait, by what they wait for; of a lane, the first kind goes first.
        self._waiting: dict[Turn, dict[tuple[Asker, int], None]] = {
            turn: {} for turn in (Turn.CONNECT, Turn.RENEW, Turn.SNAPSHOT, Turn.AUDIT)
        }
        self._reads_for_audits = AUDIT_SHARE / limits.reads_together.pace
        self._members: set[Asker] = set()
        self._announced = 0.0

    # Who shares the place.

    def join(self, asker: Asker) -> None:
        """Count a stream among those that share the place."""
        self._members.add(asker)

    def leave(self, asker: Asker) -> None:
        """Forget a stream, and everything it waits for."""
        self._members.discard(asker)
        for waiting in self._waiting.values():
            for who in [who for who in waiting if who[0] == asker]:
                del waiting[who]

    @property
    def members(self) -> list[Asker]:
        """Those who share the place."""
        return list(self._members)

    def announcement(self) -> float | None:
        """Return the least audit interval if members are to be given a new one.

        Asked after each ``join`` and ``leave``.
        """
        least, announced = self.least_audit_interval, self._announced
        if abs(least - announced) <= TOLERANCE * announced:
            return None
        self._announced = least
        return least

    @property
    def least_audit_interval(self) -> float:
        """The shortest interval between audits that leaves all their part; seconds."""
        return len(self._members) / self._reads_for_audits

    @property
    def connect_time(self) -> float:
        """Seconds until each member has had its turn to connect."""
        return self._connects.time_of(len(self._members))

    @property
    def audit_time(self) -> float:
        """Seconds until each member has had its turns for an audit's two reads."""
        return self._reads.time_of(2 * len(self._members))

    # The queue.

    @property
    def next_at(self) -> float:
        """Time of the next grant; inf if nobody waits."""
        times = [
            self._free_at(turn) for turn, waiting in self._waiting.items() if waiting
        ]
        return min(times, default=math.inf)

    def ask(self, asker: Asker, ticket: int, turn: Turn) -> None:
        """Let ``asker`` stand in the queue."""
        self._waiting[turn][asker, ticket] = None

    def forgo(self, asker: Asker, ticket: int) -> None:
        """Let ``asker`` leave the queue; a ticket that does not stand there is fine."""
        for waiting in self._waiting.values():
            waiting.pop((asker, ticket), None)

    @property
    def held_until(self) -> float:
        """Time from which on nobody who asks would have to wait."""
        return max(self._connects.free_at, self._reads.free_at)

    def hold_back(self, turn: Turn, seconds: float, now: float) -> None:
        """Grant no such turn for so many seconds, reads of both kinds alike.

        Renewals wait for either.
        """
        self._lane(turn).hold_back(now + seconds)

    def grants(self, now: float) -> list[tuple[Asker, int]]:
        """Take from the queue whose turn it is now."""
        found: list[tuple[Asker, int]] = []
        for turn, waiting in self._waiting.items():
            while waiting and now >= self._free_at(turn):
                who = next(iter(waiting))
                del waiting[who]
                self._lane(turn).use(now)
                found.append(who)
        return found

    def _free_at(self, turn: Turn) -> float:
        """Time of the next such grant, if anybody waits for it then.

        Renewals have time: they leave turns to those who lose a connection meanwhile,
        and wait while the read that follows could not be made (L7).
        """
        if turn is not Turn.RENEW:
            return self._lane(turn).free_at
        if self._waiting[Turn.CONNECT]:
            return math.inf
        return max(self._connects.even_at, self._reads.free_at)

    def _lane(self, turn: Turn) -> Lane:
        connects = turn is Turn.CONNECT or turn is Turn.RENEW
        return self._connects if connects else self._reads
