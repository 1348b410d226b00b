"""What one stream does next, and when: connections, their conversation, their end.

Runs in one thread, which owns the conversation, the book and the state (W2). It never
waits: the reader calls it when something came or when ``deadline`` has passed.

Rules kept here: W1 (the generation of each connection), S1 (the gap), A7 (the lease),
L1 (liveness by our own clock), L2 (any close is a disconnect).
"""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Callable, Mapping, Sequence

from assetstream.core.audit import Verdict
from assetstream.core.book import BalanceBook
from assetstream.core.moment import Moment
from assetstream.model.errors import (
    AssetStreamError,
    ConnectionLost,
    ProtocolError,
)
from assetstream.model.events import AssetUpdate, Source
from assetstream.model.states import State
from assetstream.protocol import (
    NEVER,
    Alive,
    Connect,
    Conversation,
    Exchange,
    Instant,
    Memory,
    Ping,
    Ready,
    Report,
    Send,
    Step,
    Warn,
)
from assetstream.runtime.link import Absence, ExchangeClock, Link
from assetstream.runtime.loop import clock
from assetstream.runtime.net.connection import (
    Broken,
    ClientConnection,
    Closed,
    CloseReason,
    Refused,
)
from assetstream.runtime.publisher import Outlet
from assetstream.runtime.reads import Reads
from assetstream.runtime.reconnect import Attempts

__all__ = ["Session"]


class Session:
    """One stream's life from connection to connection."""

    def __init__(
        self,
        exchange: Exchange,
        book: BalanceBook,
        outlet: Outlet,
        random: Callable[[], float],
    ) -> None:
        self.exchange = exchange
        self._book = book
        self._outlet = outlet
        self._memory: Memory = {}
        self._attempts = Attempts(exchange.limits, random)
        #: What can be proved; read from any thread.
        self.proof = outlet.proof
        self.link = Link()
        #: Seconds the last answered ping took.
        self.round_trip: float | None = None
        self._exchange_clock = ExchangeClock()
        #: Set once, before the first attempt.
        self.reads: Reads
        #: When the next connection is to be made; NEVER while there is one.
        self.retry_at = NEVER
        #: Called when ``retry_at`` has come.
        self.redial: Callable[[], None] = lambda: None
        #: The user asked to stop, or the stream has failed: no more connections.
        self.over = False
        #: Called when it is over and has no connection any more.
        self.finished: Callable[[], None] = lambda: None
        #: Number of the present connection, 0 before the first (W1).
        self.generation = 0
        self._absence = Absence()

    # Called by the thread that owns the session.

    @property
    def deadline(self) -> float:
        """When ``due`` must be called, or a connection made."""
        link = self.link
        if link.conversation is None:
            return min(self.retry_at, self._outlet.deadline)
        deadline = min(
            link.conversation.deadline,
            self.proof.dead_at,
            self.reads.deadline,
            self._outlet.deadline,
        )
        if self._outlet.state is State.LIVE:
            deadline = min(deadline, self.proof.lease_ends_at)
        return deadline

    def begin(self) -> None:
        """The stream was started."""
        self._outlet.change(State.CONNECTING, "started")
        self.retry_at = clock.now()

    def connect(self, channel: ClientConnection) -> Connect:
        """Begin a new connection over ``channel``; say where to."""
        self.retry_at = NEVER
        self.generation += 1
        conversation = self.exchange.conversation(self._memory)
        now = clock.now()
        self.link = Link(conversation, channel, now)
        return conversation.connect(self.instant(now), str(uuid.uuid4()))

    def opened(self, headers: Mapping[str, str]) -> None:
        """The upgrade was answered well."""
        now = clock.now()
        self.proof.came(now, live=False)
        self._exchange_clock.set(headers.get("date"))
        self._follow(self._conversation.opened(self.instant(now), str(uuid.uuid4())))

    def received(self, frames: list[bytes]) -> None:
        """Data frames came, in this order."""
        now = clock.now()
        if self._alive(now):
            self._follow(self._conversation.received(frames, self.instant(now)))

    def pong(self) -> None:
        """A WebSocket pong came."""
        now = clock.now()
        if self._alive(now):
            self._follow(self._conversation.pong(self.instant(now)))

    def due(self) -> None:
        """The deadline has passed."""
        now = clock.now()
        self._outlet.due(now)
        link = self.link
        if link.conversation is None:
            if now >= self.retry_at:
                self.redial()
            return
        if now >= self.proof.dead_at:
            self._abandon(self.proof.silent())
            return
        if now >= link.conversation.deadline:
            self._follow(link.conversation.due(self.instant(now)))
        if self._outlet.state is State.LIVE and now >= self.proof.lease_ends_at:  # A7
            self._stale("unverified: no comparison with REST succeeded for too long")
        self.reads.due(now)

    def ended(self, ending: CloseReason) -> None:
        """The channel is over; exactly once for each."""
        conversation = self._conversation
        if isinstance(ending, Refused):
            error = conversation.refused(ending.status, ending.headers, ending.body)
        elif isinstance(ending, Closed):
            error = conversation.closed(ending.code, ending.reason)
        elif isinstance(ending, Broken):
            error = ending.error
        else:
            error = self.link.failure or ConnectionLost("the attempt was given up")
        self.reads.disconnected()
        self.proof.disconnected()
        self.link.conversation = self.link.channel = None
        if not self.over:
            self._lost(error)
        if self.over:
            self.finished()

    def stop(self) -> None:
        """Say goodbye and end; the thread does the rest."""
        self.over = True
        channel = self.link.channel
        if channel is None:
            self.finished()
        else:
            if channel.is_open:
                for step in self._conversation.closing(self.instant(clock.now())):
                    if isinstance(step, Send):
                        channel.send(step.text)
            channel.close()

    # Called by the reads.

    def instant(self, now: float) -> Instant:
        """Return the monotonic time ``now`` as adapters are given it."""
        return Instant(now, self._exchange_clock.milliseconds(now))

    def moment(self) -> Moment:
        """The present moment of this connection, by every clock."""
        now = clock.now()
        return Moment(
            now,
            datetime.now(timezone.utc),
            self._exchange_clock.milliseconds(now),
            self.generation,
        )

    def merged(self, news: list[AssetUpdate]) -> None:
        """The snapshot is merged: LIVE."""
        self.proof.lease_ends_at = self.reads.lease_ends_at
        self._outlet.deliver(news)
        self._attempts.accepted()
        recovered = sum(u.source is Source.RECOVERED for u in news)
        self._live("balances read and merged", recovered)

    def audited(self, verdict: Verdict) -> None:
        """An audit was completed: LIVE may be said again (A7)."""
        self.proof.lease_ends_at = self.reads.lease_ends_at
        self._attempts.accepted()
        self._outlet.deliver(verdict.news)
        if self._outlet.state is State.STALE:
            self._live("verified", verdict.drifts)
        if verdict.reconnect:
            self._abandon(ConnectionLost(f"reconnecting: {verdict.reconnect}"))

    def warn(self, error: AssetStreamError) -> None:
        """Tell the user, and go on."""
        self._outlet.deliver([error])

    def read_failed(self, error: AssetStreamError) -> bool:
        """A read failed; False if the stream fails with it."""
        if self._attempts.end_with(error, self._outlet.was_live):
            self._abandon(error)
            return False
        self._outlet.deliver([error])
        return True

    @property
    def _conversation(self) -> Conversation:
        assert self.link.conversation is not None
        return self.link.conversation

    def _alive(self, now: float) -> bool:
        """Note a proof of life; False if it comes too late (L1).

        After a suspend a frame may lie in the buffer of a connection that died hours
        ago: it must not bring back what counts as lost.
        """
        if now >= self.proof.dead_at:
            self._abandon(self.proof.silent())
            return False
        self.proof.came(now, self._outlet.state is State.LIVE)
        return True

    def _follow(self, steps: Sequence[Step]) -> None:
        """Carry out what the conversation asked for."""
        for step in steps:
            channel = self.link.channel
            if channel is None:  # An earlier step ended the connection.
                return
            if isinstance(step, Report):
                self._pushed(step)
            elif isinstance(step, Send):
                channel.send(step.text)
            elif isinstance(step, Ping):
                channel.ping()
            elif isinstance(step, Alive):
                self.round_trip = step.round_trip or self.round_trip
            elif isinstance(step, Ready):
                self.reads.ready(self.generation, clock.now())
            elif isinstance(step, Warn):
                self._warned(step.error)
            else:
                self._abandon(step.error)

    def _pushed(self, report: Report) -> None:
        moment = self.moment()
        misdated = self._book.misdated
        news = self._book.push(report.balances, moment)
        if self._book.pushed_at >= moment.now:  # else all of it was too old (K1)
            self.reads.pushed()
        if self._book.misdated != misdated:  # K3
            self.reads.doubted(moment.now)
        self._outlet.deliver(news)

    def _warned(self, error: AssetStreamError) -> None:
        if isinstance(error, ProtocolError):  # K5
            moment = self.moment()
            self._book.doubt(error.currency, moment)
            self.reads.doubted(moment.now)
        self._outlet.deliver([error])

    def _abandon(self, error: AssetStreamError) -> None:
        """Give the connection up, for this reason."""
        self.link.failure = error
        if self.link.channel is not None:
            self.link.channel.close()

    def _lost(self, error: AssetStreamError) -> None:
        """A connection was lost or could not be made (L2, L3)."""
        if self._attempts.end_with(error, self._outlet.was_live):
            self.over = True
            self._outlet.fail(error)
            return
        self.retry_at = self._attempts.next_at(clock.now(), error, self.link)
        self._outlet.deliver([error])
        self._stale(str(error))

    def _stale(self, reason: str) -> None:
        if self._outlet.state is State.LIVE:
            self._absence.begin(clock.now() - self.proof.while_live)
            self._outlet.change(State.STALE, reason)

    def _live(self, reason: str, recovered: int) -> None:
        now = clock.now()
        self.proof.while_live = now
        self.link.live_since = min(self.link.live_since, now)
        self._outlet.change(State.LIVE, reason, self._absence.end(recovered))
