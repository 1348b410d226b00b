"""The queue of a place: the real one, in simulated time."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from assetstream.core.effects import Turn
from assetstream.core.turns import LONG, Turns
from assetstream.protocol import Limits
from tests.support.world.timeline import Timeline

if TYPE_CHECKING:
    from tests.support.world.driver import Driver

__all__ = ["Place"]

#: From a grant to the asker's thread; seconds.
POST = 0.0005


class Place:
    """Grants turns to the streams of one place."""

    def __init__(self, timeline: Timeline, limits: Limits) -> None:
        self._timeline = timeline
        self._turns = Turns(limits)
        self._members: list[Driver] = []
        self._armed = math.inf
        self._rates = {
            Turn.CONNECT: limits.connects_together,
            Turn.SNAPSHOT: limits.reads_together,
        }
        # When each kind of turn may be granted next, and when it was.
        self._free_at = dict.fromkeys(self._rates, -math.inf)
        self._granted = {
            kind: deque[float](maxlen=rate.count) for kind, rate in self._rates.items()
        }

    def join(self, driver: Driver) -> None:
        """Add a stream; all learn how many they are."""
        self._turns.join(driver)
        self._members.append(driver)
        self._share()

    def leave(self, driver: Driver) -> None:
        """Remove a stream."""
        self._turns.leave(driver)
        self._members.remove(driver)
        self._share()

    def ask(self, driver: Driver, ticket: int, turn: Turn) -> None:
        """Let a stream stand in the queue."""
        self._turns.ask(driver, ticket, turn)
        self._arm()

    def forgo(self, driver: Driver, ticket: int) -> None:
        """Let a stream leave the queue."""
        self._turns.forgo(driver, ticket)

    def hold_back(self, turn: Turn, seconds: float) -> None:
        """Grant no such turn for a while."""
        now, kind = self._timeline.now, _kind(turn)
        self._turns.hold_back(turn, seconds, now)
        self._free_at[kind] = max(self._free_at[kind], now + seconds)

    def _share(self) -> None:
        for member in self._members:
            member.machine.shared(self._turns.least_audit_interval)

    def _arm(self) -> None:
        when = max(self._turns.next_at, self._timeline.now)
        if when < self._armed:
            self._armed = when
            self._timeline.at(when, self._grant, when)

    def _grant(self, armed: float) -> None:
        if armed != self._armed:
            return
        self._armed = math.inf
        now = self._timeline.now
        for driver, ticket in self._turns.grants(now):
            self._judge(driver, ticket)
            self._timeline.after(POST, driver.granted, ticket)
        self._arm()

    def _judge(self, driver: Driver, ticket: int) -> None:
        """See that turns are granted no faster than the exchange allows (L4)."""
        turn = driver.check.asked(ticket)
        if turn is None:
            return
        now, kind = self._timeline.now, _kind(turn)
        if now < self._free_at[kind] - 1e-6:
            driver.findings.add("pace", f"{turn} was granted too early")
        rate, granted = self._rates[kind], self._granted[kind]
        granted.append(now)
        even = now + rate.pace if rate.seconds < LONG else now
        full = granted[0] + rate.seconds if len(granted) == rate.count else now
        self._free_at[kind] = max(even, full)


def _kind(turn: Turn) -> Turn:
    """Turns that are counted together: to connect, and to read."""
    return Turn.CONNECT if turn in (Turn.CONNECT, Turn.RENEW) else Turn.SNAPSHOT
