"""Plans the REST reads of one stream, and judges their replies.

Pure. Rules kept here: W1 (a reply counts only on the connection that asked, one read at
a time), S3 (a failed read is tried again), A6 (the pace of audits).
"""

from __future__ import annotations

import math
from typing import Callable, Sequence

from msgspec import Struct

from assetstream.core.audit import SECOND_READ, Audit, Judged
from assetstream.core.audit_schedule import AuditSchedule
from assetstream.core.book import BalanceBook
from assetstream.core.effects import Ask, CallOff, Fetch, Forgo, Turn
from assetstream.core.moment import Stamp
from assetstream.core.outcomes import Outcome
from assetstream.core.reconnect import backoff
from assetstream.model.errors import AssetStreamError, ProtocolError
from assetstream.model.events import AssetUpdate, Event, Source
from assetstream.protocol import NEVER, Exchange, Instant, Snapshot

__all__ = ["READ_TIMEOUT", "Read", "ReadFailed", "Reads"]

#: The longest a read may take, seconds.
READ_TIMEOUT = 10.0
#: Least time between two audits, whatever asked for them (A6).
AUDIT_PACE = 5.0


class Read(Struct, frozen=True):
    """The effect of a read.

    Attributes:
        items: updates and errors to publish, in order.
        merged: it was the snapshot of this connection: the stream is LIVE.
        judged: what it led to.
    """

    items: list[Event]
    merged: bool
    judged: Judged


class ReadFailed(Struct, frozen=True):
    """No balances were read; another read is planned (S3)."""

    error: AssetStreamError


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
        self._audit = Audit(book, pushes_everything=exchange.pushes_everything)
        self._random = random
        self._delays = backoff(random)
        # There is a connection that reads are for.
        self._open = False
        # The read that stands in the queue or is under way, and what it is for.
        self._ticket: int | None = None
        self._turn = Turn.SNAPSHOT
        self._fetching = False
        self._sent = -math.inf
        # When the snapshot is due; audits come from the schedule.
        self._snapshot_at = NEVER
        # The last audit waits for a second read.
        self._second = False
        # The last read was incomplete, and its error was published.
        self._reported_unreadable = False

    @property
    def deadline(self) -> float:
        """Moment at which ``due`` or ``ask`` has something to do; monotonic."""
        return min(self._ask_at, self._audit.deadline)

    @property
    def _ask_at(self) -> float:
        if self._ticket is not None or not self._open:
            return NEVER
        if self._snapshot_at != NEVER:
            return max(self._snapshot_at, self._sent + self._pace)
        pace = SECOND_READ if self._second else AUDIT_PACE
        return max(self._schedule.due_at, self._sent + pace)

    def ready(self, now: float) -> None:
        """Plan the snapshot of a connection whose subscription is proved."""
        self._open = True
        self._snapshot_at = now

    def disconnected(self) -> Forgo | CallOff | None:
        """Forget what the lost connection asked for (W1)."""
        self._open = self._second = False
        self._snapshot_at = NEVER
        self._schedule.ended()
        self._audit.disconnected()
        ticket, self._ticket = self._ticket, None
        if ticket is None:
            return None
        return CallOff(ticket) if self._fetching else Forgo(ticket)

    def pushed(self, items: Sequence[Event], now: float) -> bool:
        """Note a push's updates; True if audits come sooner now (A7)."""
        for item in items:
            if isinstance(item, AssetUpdate) and item.locked:
                return self._schedule.adapt(now, self._book)
        return False

    def recheck(self, at: float) -> None:
        """Plan a comparison: REST has caught up then with what is in doubt."""
        self._schedule.request(at)

    def due(self, now: float) -> None:
        """Weigh what has waited for a push."""
        if now >= self._audit.deadline:
            self._audit.due(now)
            self._schedule.request(self._book.recheck_at)

    def ask(self, now: float, ticket: int) -> Ask | None:
        """Ask for the read whose time has come, with this ticket."""
        if now < self._ask_at:
            return None
        self._ticket = ticket
        snapshot = self._snapshot_at != NEVER
        self._turn = Turn.SNAPSHOT if snapshot else Turn.AUDIT
        self._fetching = False
        return Ask(ticket, self._turn)

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
        self._snapshot_at = NEVER
        self._sent = instant.now
        if self._turn is Turn.AUDIT:
            self._schedule.began()
        return Fetch(ticket, self._exchange.read(instant, nonce), READ_TIMEOUT)

    def retry(self, now: float) -> None:
        """Send the read that has just failed again, as soon as its pace allows."""
        if self._turn is Turn.SNAPSHOT:
            self._snapshot_at = now
        else:
            self._schedule.failed(now, 0.0)

    def waits_for(self, ticket: int) -> bool:
        """True if this read's reply counts; else another connection asked (W1)."""
        return ticket == self._ticket

    def replied(self, outcome: Outcome, asked: float, at: Stamp) -> Read | ReadFailed:
        """Judge the reply that was waited for.

        Args:
            outcome: the reply, or why there is none.
            asked: monotonic time at which the request was written.
            at: the present.
        """
        self._ticket = None
        self._second = False
        merged = self._turn is Turn.SNAPSHOT
        try:
            if isinstance(outcome, AssetStreamError):
                raise outcome
            snapshot = self._exchange.read_replied(
                outcome.status, outcome.headers, outcome.body
            )
            items = self._check(snapshot, outcome.body)
        except AssetStreamError as error:
            delay = next(self._delays)
            if merged:
                self._snapshot_at = at.now + delay  # S3
            else:
                self._schedule.failed(at.now, delay)
            return ReadFailed(error)
        self._delays = backoff(self._random)
        source = Source.RECOVERED if merged else Source.AUDIT
        judged = self._audit.read(snapshot, at, asked, source)
        if merged:
            self._schedule.live(at.now, self._book)
        else:
            self._schedule.completed(at.now, self._book)
        self._schedule.request(self._book.recheck_at)
        if judged.second:
            self._second = True
            self._schedule.request(asked + SECOND_READ)
        elif not merged:
            self._book.present.audits += 1
        self._book.present.drifts += judged.drifts
        return Read([*items, *judged.items], merged, judged)

    @property
    def _pace(self) -> float:
        return self._exchange.limits.reads.pace

    def _check(self, snapshot: Snapshot, body: bytes) -> list[Event]:
        """Return an error about what was not understood; raise it if nothing was."""
        reported = self._reported_unreadable
        self._reported_unreadable = bool(snapshot.unreadable)
        if not snapshot.unreadable or (reported and snapshot.balances):
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
