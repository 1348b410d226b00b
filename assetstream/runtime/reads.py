"""REST reads of one stream: what they are for, when they are sent, what they lead to.

Rules kept here: W1 (a reply counts only on the connection that asked, one read at a
time), S2 (a doubtful snapshot needs a second, equal one), S3 (a failed read is tried
again), A6 (the pace of audits). The session's thread runs all of it.
"""

from __future__ import annotations

import enum
import math
import uuid
from functools import partial
from typing import Callable, Protocol

from assetstream.core.audit import SECOND_READ, Audit, Verdict
from assetstream.core.audit_schedule import AuditSchedule
from assetstream.core.backoff import backoff
from assetstream.core.book import BalanceBook
from assetstream.core.moment import Moment
from assetstream.model.errors import AssetStreamError, ProtocolError
from assetstream.model.events import AssetUpdate
from assetstream.protocol import NEVER, Exchange, Instant, Snapshot
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.pace import Pace
from assetstream.runtime.net.rest_client import HttpReply
from assetstream.runtime.stream_io import StreamIO

__all__ = ["READ_TIMEOUT", "ReadOwner", "Reads"]

#: The longest a read may take, seconds.
READ_TIMEOUT = 10.0
#: What is in doubt is compared after so long, when REST has caught up (A2).
DOUBT_DELAY = 10.0
#: Least time between two audits, whatever asked for them (A6).
AUDIT_PACE = 5.0


class Purpose(enum.Enum):
    """What a read is for."""

    SNAPSHOT = enum.auto()
    SNAPSHOT_AGAIN = enum.auto()
    AUDIT = enum.auto()
    AUDIT_AGAIN = enum.auto()


class ReadOwner(Protocol):
    """What reads tell the session."""

    def instant(self, now: float) -> Instant:
        """Return the monotonic time ``now`` as adapters are given it."""
        ...

    def moment(self) -> Moment:
        """The present moment of this connection."""
        ...

    def merged(self, news: list[AssetUpdate]) -> None:
        """The snapshot of this connection is merged: LIVE."""

    def audited(self, verdict: Verdict) -> None:
        """An audit was completed."""

    def warn(self, error: AssetStreamError) -> None:
        """Something is to be told; nothing else changes."""

    def read_failed(self, error: AssetStreamError) -> bool:
        """A read failed; False: the session gave up and wants no other."""
        ...


class Reads:
    """Plans and sends the reads; at most one is under way."""

    def __init__(
        self,
        exchange: Exchange,
        book: BalanceBook,
        audit: Audit,
        schedule: AuditSchedule,
        io: StreamIO,
        owner: ReadOwner,
        random: Callable[[], float],
        pace: Pace | None = None,
    ) -> None:
        self._exchange = exchange
        self._book = book
        self._audit = audit
        self._schedule = schedule
        self._io = io
        self._owner = owner
        self._random = random
        # The reads of all streams of that place, and our next time among them.
        self._pace = pace
        self._reserved: float | None = None
        self._delays = backoff(random)
        # The connection that reads are for; 0: none, replies are dropped (W1).
        self._generation = 0
        self._under_way = False
        self._sent = -math.inf
        # The read to send next, and when; audits come from the schedule.
        self._next: Purpose | None = None
        self._at = NEVER
        self._doubtful: Snapshot | None = None
        # The last read was incomplete, and the user was told.
        self._told_unreadable = False
        #: Audits completed, and balances they found wrong.
        self.audits = 0
        self.drifts = 0

    @property
    def deadline(self) -> float:
        """When ``due`` has something to send."""
        if self._under_way or not self._generation:
            return NEVER
        at = self._at if self._next else self._audit_at
        return at if self._reserved is None else max(at, self._reserved)

    def ready(self, generation: int, now: float) -> None:
        """The subscription of a new connection is proved: read the snapshot."""
        self._generation = generation
        self._doubtful = None
        self._plan(Purpose.SNAPSHOT, now)

    def disconnected(self) -> None:
        """The connection is gone, and with it what a read under way was for (W1)."""
        self._generation = 0
        self._next = None
        self._schedule.ended()
        self._io.call_off()

    @property
    def lease_ends_at(self) -> float:
        """Until when LIVE may be said without another completed audit (A7)."""
        return self._schedule.lease_ends_at

    def pushed(self) -> None:
        """A push came and was applied."""
        self._audit.pushed()

    def doubted(self, now: float) -> None:
        """Something is in doubt: compare soon."""
        self._schedule.request(now + DOUBT_DELAY)

    def due(self, now: float) -> None:
        """Send the read whose time has come; snapshots go before audits (A6)."""
        if now < self.deadline:
            return
        if self._pace is not None and self._reserved is None:
            self._reserved = self._pace.reserve(now)
            if self._reserved > now:
                return
        self._reserved = None
        self._send(self._next or Purpose.AUDIT, now)

    @property
    def _audit_at(self) -> float:
        return max(self._schedule.due_at, self._sent + AUDIT_PACE)

    def _plan(self, purpose: Purpose, at: float) -> None:
        self._next = purpose
        budget = self._sent + 1.0 / self._exchange.limits.reads_per_second
        self._at = max(at, budget)

    def _send(self, purpose: Purpose, now: float) -> None:
        self._next = None
        self._under_way = True
        self._sent = now
        if purpose is Purpose.AUDIT:
            self._schedule.began()
        self._io.fetch(
            self._exchange.read(self._owner.instant(now), str(uuid.uuid4())),
            READ_TIMEOUT,
            partial(self._replied, self._generation, purpose, now),
        )

    def _replied(
        self,
        generation: int,
        purpose: Purpose,
        sent: float,
        result: HttpReply | AssetStreamError,
    ) -> None:
        self._under_way = False
        if generation != self._generation:  # W1
            return
        try:
            if isinstance(result, AssetStreamError):
                raise result
            snapshot = self._exchange.read_replied(
                result.status, result.headers, result.body
            )
            self._check(snapshot, result.body)
        except AssetStreamError as error:
            self._failed(purpose, error)
            return
        self._delays = backoff(self._random)
        if purpose in (Purpose.SNAPSHOT, Purpose.SNAPSHOT_AGAIN):
            self._snapshot(snapshot, sent)
        elif purpose is Purpose.AUDIT:
            verdict = self._audit.first_read(snapshot, self._owner.moment(), sent)
            if verdict.second:
                self._plan(Purpose.AUDIT_AGAIN, sent + SECOND_READ)
            else:
                self._audited(verdict)
        else:
            self._audited(self._audit.second_read(snapshot, self._owner.moment(), sent))

    def _check(self, snapshot: Snapshot, body: bytes) -> None:
        """Tell of what was not understood; raise if nothing was (S2, S3)."""
        told, self._told_unreadable = self._told_unreadable, not snapshot.complete
        if snapshot.complete or (told and snapshot.balances):
            return
        names = ", ".join(filter(None, snapshot.unreadable)) or "some entries"
        error = ProtocolError(
            f"the balances read by REST cannot be understood as to {names}; these are "
            "unchanged and in doubt",
            remedy="The exchange may have changed its format: look for a newer "
            "assetstream, or report the frame.",
            frame=self._exchange.redacted(body),
        )
        if not snapshot.balances:
            raise error
        self._owner.warn(error)

    def _snapshot(self, snapshot: Snapshot, sent: float) -> None:
        before, self._doubtful = self._doubtful, None
        if self._book.doubtful(snapshot) and not (before and _equal(before, snapshot)):
            self._doubtful = snapshot  # S2
            self._plan(Purpose.SNAPSHOT_AGAIN, sent + SECOND_READ)
            return
        moment = self._owner.moment()
        news = self._book.merge(snapshot, moment, sent)
        self._audit.connected(moment.now)
        self._schedule.live(moment.now, self._book)
        if self._book.in_doubt():
            self.doubted(moment.now)
        self._owner.merged(news)

    def _audited(self, verdict: Verdict) -> None:
        self.audits += 1
        self.drifts += verdict.drifts
        self._schedule.completed(self._owner.moment().now, self._book, verdict.again_at)
        self._owner.audited(verdict)

    def _failed(self, purpose: Purpose, error: AssetStreamError) -> None:
        if not self._owner.read_failed(error):
            return
        delay = max(next(self._delays), error.retry_after or 0.0)
        now = clock.now()
        if purpose in (Purpose.SNAPSHOT, Purpose.SNAPSHOT_AGAIN):
            self._plan(Purpose.SNAPSHOT, now + delay)  # S3
        else:
            self._schedule.failed(now, delay)


def _equal(one: Snapshot, other: Snapshot) -> bool:
    amounts = [
        {r.currency: (r.available, r.locked) for r in s.balances} for s in (one, other)
    ]
    return amounts[0] == amounts[1] and one.unreadable == other.unreadable
