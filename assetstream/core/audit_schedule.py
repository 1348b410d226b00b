"""Plans the audits, and grants the lease that LIVE is. Pure.

Kept here: A1 (the intervals), A6 (causes coalesce), A7 (the lease).
"""

from __future__ import annotations

import math
from typing import Callable

from assetstream.core.book import BalanceBook
from assetstream.core.evidence import REST_LAG
from assetstream.protocol import Limits

__all__ = ["AuditSchedule"]

#: A stream that has had no push is audited this often for so long (A1).
MUTE_INTERVAL = 15.0
MUTE_PERIOD = 600.0
#: The first audits, after LIVE.
FIRST_AUDITS = (5.0, 15.0)
#: Beyond two intervals, how long LIVE may go on unverified (A7).
LEASE_GRACE = 30.0
#: Intervals differ by so much, lest many streams read at the same time.
SPREAD = 0.2


class AuditSchedule:
    """Plans one audit after the other, and how long LIVE lasts without (A1, A7).

    Args:
        limits: the exchange's.
        interval: seconds between audits; None switches them off.
        random: returns a number from 0 (included) to 1 (excluded).
        adaptive: the interval is the exchange's own, and shortens while anything is
            locked or nothing was ever pushed; the user's stays as it is.
    """

    def __init__(
        self,
        limits: Limits,
        interval: float | None,
        random: Callable[[], float],
        *,
        adaptive: bool,
    ) -> None:
        self._limits = limits
        self._interval = interval
        self._random = random
        self._adaptive = adaptive
        #: The shortest interval that leaves others of the place their reads; seconds.
        self.least = 0.0
        self._started = math.inf
        self._live_at = math.inf
        self._early = 0
        # A read that failed is tried again then, and no doubt makes it sooner (S3).
        self._not_before = -math.inf
        # When the last read succeeded, and the interval that the lease was made for;
        # -inf while there is none, for no interval is shorter.
        self._completed_at = -math.inf
        self._renewed_for = -math.inf
        #: End of the lease: LIVE lasts so long without another completed audit (A7).
        self.lease_ends_at = math.inf
        #: Monotonic time at which the next audit is due; inf: none.
        self.due_at = math.inf

    def live(self, now: float, book: BalanceBook) -> None:
        """Begin anew: a snapshot has made the stream LIVE."""
        self._started = min(self._started, now)
        self._live_at = now
        self._renew(now, book)
        self._early = 0
        if self._interval is not None:
            # What was asked for while the snapshot was read is not forgotten (A6).
            self.due_at = min(self.due_at, now + FIRST_AUDITS[0])

    def ended(self) -> None:
        """Plan nothing until the stream is LIVE by another connection."""
        self.due_at = math.inf
        self._renewed_for = -math.inf

    def began(self) -> None:
        """Note that the read of a planned audit is sent."""
        # One asked for between them stands in for neither of the first audits (A1).
        while (
            self._early < len(FIRST_AUDITS)
            and self.due_at >= self._live_at + FIRST_AUDITS[self._early]
        ):
            self._early += 1
        self.due_at = math.inf

    def completed(self, now: float, book: BalanceBook) -> None:
        """Renew the lease and plan the next audit."""
        self._renew(now, book)
        # What was asked for while the audit was under way is not forgotten (A6).
        self.due_at = min(self.due_at, self._next(now, book))

    def failed(self, now: float, delay: float) -> None:
        """Plan to try again ``delay`` seconds after a failed read (S3)."""
        self.due_at = self._not_before = now + delay

    def request(self, at: float) -> None:
        """Plan an audit for something in doubt, if none is due before ``at`` (A6)."""
        self.due_at = min(self.due_at, max(at, self._not_before))

    def interval(self, now: float, book: BalanceBook) -> float | None:
        """The present interval between audits in seconds; None: switched off."""
        interval = self._own_interval(now, book)
        return None if interval is None else max(interval, self.least)

    def _own_interval(self, now: float, book: BalanceBook) -> float | None:
        if self._interval is None or not self._adaptive:
            return self._interval
        interval = self._interval
        locked = self._limits.audit_interval_locked
        if locked is not None and book.locked:
            interval = min(interval, locked)
        mute = book.pushed_at == -math.inf
        if mute and now < self._started + MUTE_PERIOD:
            interval = min(interval, MUTE_INTERVAL)
        return interval

    def detection_time(
        self, now: float, book: BalanceBook, call: float
    ) -> float | None:
        """Longest time until a change that was never pushed is found, or LIVE ends.

        Found means corrected, or marked stale. By what is planned: REST may have lagged
        when the last read was asked for, which took its time, and if no other succeeds
        the lease runs out (A7).

        Args:
            now: monotonic time.
            book: the book.
            call: the longest time a REST call may take.
        """
        interval = self.interval(now, book)
        if interval is None:
            return None
        planned = lease(interval)
        if self._completed_at > -math.inf:
            planned = max(planned, self.lease_ends_at - self._completed_at)
        return REST_LAG + call + planned

    def adapt(self, now: float, book: BalanceBook) -> bool:
        """Pull in the next audit and the lease where the interval has shrunk (A7).

        Returns:
            True if it has.
        """
        interval = self.interval(now, book)
        if interval is None or interval >= self._renewed_for:
            return False
        self._renewed_for = interval
        self.due_at = min(self.due_at, max(now, self._completed_at + interval))
        ends_at = max(now + LEASE_GRACE, self._completed_at + lease(interval))
        self.lease_ends_at = min(self.lease_ends_at, ends_at)
        return True

    def _renew(self, now: float, book: BalanceBook) -> None:
        interval = self.interval(now, book)
        self._completed_at = now
        self._not_before = -math.inf
        self._renewed_for = math.inf if interval is None else interval
        self.lease_ends_at = now + lease(self._renewed_for)

    def _next(self, now: float, book: BalanceBook) -> float:
        interval = self.interval(now, book)
        if interval is None:
            return math.inf
        regular = now + interval * (1 + SPREAD * (2 * self._random() - 1))
        if self._early < len(FIRST_AUDITS):
            return min(regular, max(now, self._live_at + FIRST_AUDITS[self._early]))
        return regular


def lease(interval: float) -> float:
    """Seconds that LIVE lasts without a completed audit (A7)."""
    return 2 * interval + LEASE_GRACE
