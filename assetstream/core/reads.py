"""Plans the REST reads of one stream, and judges their replies.

Pure. Rules kept here: W1 (a reply counts only on the connection that asked, one read at
a time), S2 (a doubtful snapshot needs a second, equal one), S3 (a failed read is tried
again), A6 (the pace of audits).
"""

from __future__ import annotations

import enum
import math
from typing import Callable, Union

from msgspec import Struct

from assetstream.core.audit import SECOND_READ, Audit, AuditResult
from assetstream.core.audit_schedule import AuditSchedule
from assetstream.core.book import BalanceBook
from assetstream.core.effects import Ask, CallOff, Fetch, Forgo, Turn
from assetstream.core.moment import Stamp
from assetstream.core.outcomes import Outcome
from assetstream.core.reconnect import backoff
from assetstream.model.errors import AssetStreamError, ProtocolError
from assetstream.model.events import AssetUpdate, Event, Source
from assetstream.protocol import NEVER, Exchange, Instant, Snapshot

__all__ = [
    "READ_TIMEOUT",
    "Audited",
    "Merged",
    "ReadFailed",
    "ReadResult",
    "Reads",
    "Unsettled",
]

#: The longest a read may take, seconds.
READ_TIMEOUT = 10.0
#: What is in doubt is compared after so long, when REST has caught up (A2).
DOUBT_DELAY = 10.0
#: Least time between two audits, whatever asked for them (A6).
AUDIT_PACE = 5.0


class Purpose(enum.Enum):
    """Purposes of a read, each with the turn it needs."""

    SNAPSHOT = Turn.SNAPSHOT, 1
    SNAPSHOT_AGAIN = Turn.SNAPSHOT, 2
    AUDIT = Turn.AUDIT, 1
    AUDIT_AGAIN = Turn.AUDIT, 2

    @property
    def turn(self) -> Turn:
        """The turn to ask the place for."""
        return self.value[0]


class Merged(Struct, frozen=True):
    """The snapshot of this connection is in the book: the stream is LIVE."""

    items: list[Event]
    #: Currencies that had changed while the balances were not known for sure.
    recovered: int


class Audited(Struct, frozen=True):
    """An audit is completed (A7)."""

    items: list[Event]
    result: AuditResult


class Unsettled(Struct, frozen=True):
    """A second read will decide."""

    items: list[Event]


class ReadFailed(Struct, frozen=True):
    """No balances were read; another read is planned (S3)."""

    error: AssetStreamError


ReadResult = Union[Merged, Audited, Unsettled, ReadFailed]


class Reads:
    """Plans the reads and judges their replies; at most one is under way.

    Args:
        exchange: describes the call, and understands the reply.
        book: the balances.
        schedule: when audits are due.
        random: returns a number from 0 (included) to 1 (excluded).
    """

    def __init__(
        self,
        exchange: Exchange,
        book: BalanceBook,
        schedule: AuditSchedule,
        random: Callable[[], float],
    ) -> None:
        self._exchange = exchange
        self._book = book
        self._schedule = schedule
        self._audit = Audit(book, exchange.limits)
        self._random = random
        self._delays = backoff(random)
        # There is a connection that reads are for.
        self._open = False
        # The read that stands in the queue or is under way, and what it is for.
        self._ticket: int | None = None
        self._purpose = Purpose.SNAPSHOT
        self._fetching = False
        self._sent = -math.inf
        # The read to ask for next, and when; audits come from the schedule.
        self._next: Purpose | None = None
        self._at = NEVER
        self._doubtful: Snapshot | None = None
        # The last read was incomplete, and its error was published.
        self._reported_unreadable = False

    @property
    def deadline(self) -> float:
        """Moment at which ``due`` has a read to ask for; monotonic."""
        if self._ticket is not None or not self._open:
            return NEVER
        if self._next is not None:
            return self._at
        return max(self._schedule.due_at, self._sent + AUDIT_PACE)

    def ready(self, now: float) -> None:
        """Plan the snapshot of a connection whose subscription is proved."""
        self._open = True
        self._doubtful = None
        self._plan(Purpose.SNAPSHOT, now)

    def disconnected(self) -> Forgo | CallOff | None:
        """Forget what the lost connection asked for (W1)."""
        self._open = False
        self._next = None
        self._schedule.ended()
        ticket, self._ticket = self._ticket, None
        if ticket is None:
            return None
        return CallOff(ticket) if self._fetching else Forgo(ticket)

    def pushed(self) -> None:
        """Note that a push was applied."""
        self._audit.pushed()

    def doubted(self, now: float) -> None:
        """Plan a comparison: something is in doubt."""
        self._schedule.request(now + DOUBT_DELAY)

    def due(self, now: float, ticket: int) -> Ask | None:
        """Ask for the read whose time has come, with this ticket."""
        if now < self.deadline:
            return None
        self._ticket = ticket
        self._purpose = self._next or Purpose.AUDIT
        self._fetching = False
        return Ask(ticket, self._purpose.turn)

    def again(
        self, ticket: int, left: float, instant: Instant, nonce: str
    ) -> Fetch | None:
        """Sign the read under way anew: no nonce may be used twice (L6)."""
        if ticket != self._ticket or not self._fetching:
            return None
        self._sent = instant.now
        return Fetch(ticket, self._exchange.read(instant, nonce), left)

    def granted(self, ticket: int, instant: Instant, nonce: str) -> Fetch | None:
        """Send the read that was asked for; None if it is not wanted any more."""
        if ticket != self._ticket or self._fetching:
            return None
        self._fetching = True
        self._next = None
        self._sent = instant.now
        if self._purpose is Purpose.AUDIT:
            self._schedule.began()
        return Fetch(ticket, self._exchange.read(instant, nonce), READ_TIMEOUT)

    def replied(
        self, ticket: int, outcome: Outcome, asked: float, at: Stamp
    ) -> ReadResult | None:
        """Judge a reply; None if another connection asked for it (W1).

        Args:
            ticket: the read's.
            outcome: the reply, or why there is none.
            asked: monotonic time at which the request was written.
            at: the present.
        """
        if ticket != self._ticket:
            return None
        self._ticket = None
        try:
            if isinstance(outcome, AssetStreamError):
                raise outcome
            snapshot = self._exchange.read_replied(
                outcome.status, outcome.headers, outcome.body
            )
            items = self._check(snapshot, outcome.body)
        except AssetStreamError as error:
            self._retry(at.now)
            return ReadFailed(error)
        self._delays = backoff(self._random)
        if self._purpose.turn is Turn.SNAPSHOT:
            return self._snapshot(snapshot, asked, at, items)
        if self._purpose is Purpose.AUDIT:
            result = self._audit.first_read(snapshot, at, asked)
            if result.second:
                self._plan(Purpose.AUDIT_AGAIN, asked + SECOND_READ)
                return Unsettled(items)
        else:
            result = self._audit.second_read(snapshot, at, asked)
        present = self._book.present
        present.audits += 1
        present.drifts += result.drifts
        self._schedule.completed(at.now, self._book, result.again_at)
        return Audited([*items, *result.items], result)

    def _plan(self, purpose: Purpose, at: float) -> None:
        self._next = purpose
        self._at = max(at, self._sent + 1.0 / self._exchange.limits.reads_per_second)

    def _retry(self, now: float) -> None:
        delay = next(self._delays)
        if self._purpose.turn is Turn.SNAPSHOT:
            self._plan(Purpose.SNAPSHOT, now + delay)  # S3
        else:
            self._schedule.failed(now, delay)

    def _check(self, snapshot: Snapshot, body: bytes) -> list[Event]:
        """Return an error about what was not understood; raise it if nothing was."""
        reported = self._reported_unreadable
        self._reported_unreadable = not snapshot.complete
        if snapshot.complete or (reported and snapshot.balances):
            return []
        names = ", ".join(filter(None, snapshot.unreadable)) or "some entries"
        error = ProtocolError(
            f"the balances read by REST cannot be understood as to {names}; these are "
            "unchanged and in doubt",
            remedy="The exchange may have changed its format: look for a newer "
            "assetstream, or report the frame.",
            frame=self._exchange.redacted(body),
        )
        if not snapshot.balances:  # S3
            raise error
        return [error]

    def _snapshot(
        self, snapshot: Snapshot, asked: float, at: Stamp, items: list[Event]
    ) -> ReadResult:
        before, self._doubtful = self._doubtful, None
        if self._book.doubtful(snapshot) and not (before and _equal(before, snapshot)):
            self._doubtful = snapshot  # S2
            self._plan(Purpose.SNAPSHOT_AGAIN, asked + SECOND_READ)
            return Unsettled(items)
        updates = self._book.merge(snapshot, at, asked)
        self._audit.connected(at.now)
        self._schedule.live(at.now, self._book)
        if self._book.present.doubts:
            self.doubted(at.now)
        return Merged([*items, *updates], _recovered(updates))


def _recovered(updates: list[AssetUpdate]) -> int:
    return sum(update.source is Source.RECOVERED for update in updates)


def _equal(one: Snapshot, other: Snapshot) -> bool:
    amounts = [
        {r.currency: (r.available, r.locked) for r in s.balances} for s in (one, other)
    ]
    return amounts[0] == amounts[1] and one.unreadable == other.unreadable
