"""Two things that every conversation needs: a list of steps, and a heartbeat."""

from __future__ import annotations

from typing import Sequence

from assetstream.protocol import NEVER, Alive, BalanceReport, Report, Step

__all__ = ["Heartbeat", "StepList"]


class StepList:
    """Steps in order; balances that follow each other become one ``Report``."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._balances: list[BalanceReport] = []

    def report(self, balances: Sequence[BalanceReport]) -> None:
        """Add pushed balances."""
        self._balances.extend(balances)

    def add(self, *steps: Step) -> None:
        """Add other steps, if there are any."""
        if steps:
            self._flush()
            self._steps.extend(steps)

    def done(self) -> list[Step]:
        """Return all steps."""
        self._flush()
        return self._steps

    def _flush(self) -> None:
        if self._balances:
            self._steps.append(Report(self._balances))
            self._balances = []


class Heartbeat:
    """When to ping next, and how long the answer took. Times in monotonic seconds.

    Judging a missing answer is the session's task (L1), not the heartbeat's.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._asked: float | None = None
        #: When the next ping is due.
        self.next = NEVER

    def start(self, now: float) -> None:
        """Begin: the first ping is due one interval from now."""
        self.next = now + self._interval

    def pinged(self, now: float) -> None:
        """A ping was sent."""
        # From now, not from when it was due: after a suspend one ping is enough.
        self.next = now + self._interval
        if self._asked is None:
            self._asked = now

    def answered(self, now: float) -> Alive:
        """An answer came; it is taken to answer the oldest open ping."""
        asked, self._asked = self._asked, None
        return Alive(None if asked is None else max(0.0, now - asked))
