"""One stream as a state machine without I/O: events in, effects out.

It reads no clock and logs nothing; chance and nonces are given to it. It holds a
stream's whole inner state; nobody calls it but the thread that owns it (W2), and what
other threads may read stands in ``present``.

Each event comes with the present ``Moment`` and returns its effects, to be carried out
in their order. One event and its effects are one step. Carrying out an effect never
calls the machine: the outcome is a later event. A ticket names one turn and the
connection or the call made with it; the outcome of another ticket is dropped (W1).

Rules kept here: W1 (tickets), W2 (one step), T2 (a wrong clock is set, and what it was
refused for tried again), K6 (a push without the amounts is followed
by a read), S1 (the gap), A7 (the lease), L1 (liveness by our own clock), L2 (any close
is a disconnect), L7 (an end that was announced is no error, and until the stream may
connect it keeps what it has).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Callable, Mapping, NamedTuple, Sequence
from urllib.parse import urlsplit

from assetstream.core.audit_schedule import AuditSchedule
from assetstream.core.book import BalanceBook
from assetstream.core.doubts import doubt
from assetstream.core.effects import (
    Ask,
    Dial,
    Effect,
    Forgo,
    HangUp,
    HoldBack,
    Publish,
    SendPing,
    SendText,
    Turn,
)
from assetstream.core.exchange_clock import ExchangeClock
from assetstream.core.fault import internal_error
from assetstream.core.gap import GapTracker
from assetstream.core.link import LINKS, Link
from assetstream.core.moment import Moment
from assetstream.core.outcomes import (
    Broken,
    Closed,
    Ending,
    HttpReply,
    Outcome,
    Refused,
)
from assetstream.core.present import Present
from assetstream.core.reads import READ_TIMEOUT, Read, ReadFailed, Reads
from assetstream.core.reconnect import ReconnectPolicy
from assetstream.model.errors import (
    AssetStreamError,
    ConnectionLost,
    ExchangeError,
    ProtocolError,
    RateLimited,
)
from assetstream.model.events import Event, Gap, StateChange
from assetstream.model.states import TRANSITIONS, State
from assetstream.protocol import (
    NEVER,
    Alive,
    Conversation,
    Exchange,
    Memory,
    Ping,
    Ready,
    Renew,
    Report,
    Reread,
    Send,
    Step,
    Warn,
)

__all__ = ["StreamMachine"]

PROVING, READY = Link.PROVING, Link.READY
#: The links of an open connection.
OPEN = frozenset({PROVING, READY})
#: The links at which there is a connection, or an attempt to make one.
CONNECTED = OPEN | {Link.DIALLING}
#: Codes by which an exchange closes a connection when it said that it would.
GOODBYES = frozenset({1000, 1001, 1005, 1012})
#: The wait of a place that an exchange limits without saying for how long; seconds.
LIMITED_WAIT = 5.0
#: The remedy where pushes seem to be missing.
LOSES_PUSHES = (
    "If this repeats, stop other programs with the same key, which may be given the "
    "pushes in its place, and try without a proxy."
)


class Renewal(NamedTuple):
    """Another connection that is wanted: the ticket of its turn, and why."""

    ticket: int
    reason: str


class StreamMachine:
    """One stream: its link, its book, its reads and what it publishes.

    Args:
        exchange: the adapter.
        present: written here, read by any thread.
        audit_interval: seconds between audits; None switches them off.
        adaptive: the interval is the exchange's own, and shortens where needed (A1).
        random: returns a number from 0 (included) to 1 (excluded).
        nonce: returns a fresh UUID.

    Attributes:
        present: what any thread may read.
        link: how far the connection is.
        deadline: when ``due`` must be called; may be early, never late.
    """

    def __init__(
        self,
        exchange: Exchange,
        present: Present,
        *,
        audit_interval: float | None,
        adaptive: bool,
        random: Callable[[], float],
        nonce: Callable[[], str],
    ) -> None:
        self.present = present
        self.link = Link.NONE
        self.deadline = NEVER
        self._exchange = exchange
        self._nonce = nonce
        self._book = BalanceBook(present, serial=exchange.serial_keys)
        self._schedule = AuditSchedule(
            exchange.limits, audit_interval, random, adaptive=adaptive
        )
        self._reads = Reads(exchange, self._book, self._schedule, random)
        self._policy = ReconnectPolicy(exchange.limits, random)
        self._clock = ExchangeClock()
        # The hosts of the present connection and of all reads (T1).
        self._pushing_host = ""
        self._reading_host = urlsplit(exchange.rest_url).hostname or ""
        # What was refused for its time is being tried again (T2).
        self._clock_set = False
        self._gap = GapTracker()
        self._memory: Memory = {}
        #: How long a connection may be silent, pong included; seconds.
        self._silence = exchange.limits.ping_interval + exchange.limits.pong_timeout
        self._last_ticket = 0
        # The connection, or the attempt or turn to make one: its ticket (0: none yet),
        # its protocol, when it began, and since when it is LIVE.
        self._connection = 0
        self._conversation: Conversation | None = None
        self._began = -NEVER
        self._live_since = NEVER
        # A turn to replace the present connection was asked for (L7).
        self._renewal: Renewal | None = None
        # It was granted: the next connection is made by it when this one is gone.
        self._turn = 0
        # When the next attempt is made, while the link is BACKOFF or LEAVING.
        self._retry_at = NEVER
        # The stream stopped or failed: no more connections.
        self._ending = False
        self._stop_reason = ""

    # Events.

    def started(self, at: Moment) -> Sequence[Effect]:
        """The user started the stream."""
        if self.link is not Link.NONE:
            return ()
        out: list[Effect] = [Publish([self._change(State.CONNECTING, "started")])]
        self._queue_up(out)
        return self._done(out)

    def granted(self, ticket: int, at: Moment) -> Sequence[Effect]:
        """The place grants the turn that was asked for with ``ticket``."""
        out: list[Effect] = []
        if ticket == self._connection and self.link is Link.QUEUED:
            self._dial(at, out)
        elif self._renewal is not None and ticket == self._renewal.ticket:
            if at.now >= self.present.dead_at:
                return self._silent(at)
            reason, self._renewal, self._turn = self._renewal.reason, None, ticket
            self._policy.worked()
            self._make_way(reason, at, out)
        else:
            # A call is signed when it is sent, not when it was asked for.
            instant = self._clock.instant_of(self._reading_host, at)
            fetch = self._reads.granted(ticket, instant, self._nonce())
            if fetch is not None:
                out.append(fetch)
        return self._done(out)

    def opened(
        self, ticket: int, headers: Mapping[str, str], asked: float, at: Moment
    ) -> Sequence[Effect]:
        """The WebSocket is open.

        Args:
            ticket: the connection's.
            headers: of the upgrade's answer, names in lower case.
            asked: monotonic time at which the upgrade was asked for.
            at: the present.
        """
        if ticket != self._connection or self.link is not Link.DIALLING:
            return ()
        self._go(Link.PROVING)
        self._heard(at.now)
        conversation = self._talk()
        out: list[Effect] = []
        host, date = self._pushing_host, headers.get("date")
        if self._clock.opened(host, date, asked, at.now):
            self._stepped(at)
        steps = conversation.opened(self._clock.instant(at), self._nonce())
        self._follow(steps, at, out)
        return self._done(out)

    def frames(self, batch: Sequence[bytes], at: Moment) -> Sequence[Effect]:
        """Data frames came, in this order, in one read."""
        link, conversation = self.link, self._conversation
        if conversation is None or link not in OPEN:
            return ()
        if at.now >= self.present.dead_at:
            return self._silent(at)
        self._heard(at.now)
        instant = self._clock.instant(at)
        steps = conversation.received(batch, instant)
        if len(steps) == 1 and link is READY:
            step = steps[0]
            # The fast lane: nearly every batch is one report, which moves no deadline
            # but the one at which a silent connection counts as lost, and that only
            # away.
            if type(step) is Report:
                items = self._pushed(step, at)
                if conversation.deadline < self.deadline:
                    self.deadline = conversation.deadline
                return (Publish(items),) if items else ()
        out: list[Effect] = []
        self._follow(steps, at, out)
        return self._done(out)

    def pong(self, at: Moment) -> Sequence[Effect]:
        """A WebSocket pong came."""
        if self.link not in OPEN:
            return ()
        if at.now >= self.present.dead_at:
            return self._silent(at)
        self._heard(at.now)
        out: list[Effect] = []
        self._follow(self._talk().pong(self._clock.instant(at)), at, out)
        return self._done(out)

    def due(self, at: Moment) -> Sequence[Effect]:
        """``deadline`` has passed."""
        out: list[Effect] = []
        if self.link is Link.BACKOFF and at.now >= self._retry_at:
            self._queue_up(out)
        elif self.link in OPEN:
            if at.now >= self.present.dead_at:
                return self._silent(at)
            conversation = self._talk()
            if at.now >= conversation.deadline:
                self._follow(conversation.due(self._clock.instant(at)), at, out)
            live = self.present.state is State.LIVE
            if live and at.now >= self.present.lease_ends_at:  # A7
                reason = "unverified: no comparison with REST succeeded for too long"
                out.append(Publish([self._stale(reason, at)]))
            self._reads.due(at.now)
            ask = self._reads.ask(at.now, self._last_ticket + 1)
            if ask is not None:
                self._last_ticket = ask.ticket
                out.append(ask)
        return self._done(out)

    def ended(self, ticket: int, ending: Ending, at: Moment) -> Sequence[Effect]:
        """The connection, or the attempt to make it, is over; once for each dial."""
        if ticket != self._connection:
            return ()
        out: list[Effect] = []
        if self.link in CONNECTED:
            error = self._reason(ending)
            if isinstance(ending, Refused) and _says_clock_off(error):  # T2
                host, date = self._pushing_host, ending.headers.get("date")
                if self._clock.read(host, date, self._began, at.now):
                    self._stepped(at)
            expected = self._expected(ending)
            self._leave(out)
            self._lost(error, at, out, expected)
        if self.link is Link.LEAVING:
            self._conversation = None
            if self._turn and not self._ending:
                self._go(Link.QUEUED)
                self._connection, self._turn = self._turn, 0
                self._dial(at, out)
            else:
                self._come_down(out)
        return self._done(out)

    def unanswered(self, ticket: int, left: float, at: Moment) -> Sequence[Effect]:
        """A REST call must be sent again: the kept connection that it took had died.

        Args:
            ticket: the call's.
            left: seconds that it may still take.
            at: the present.
        """
        instant = self._clock.instant_of(self._reading_host, at)
        fetch = self._reads.again(ticket, left, instant, self._nonce())
        return self._done([] if fetch is None else [fetch])

    def replied(
        self, ticket: int, outcome: Outcome, asked: float, at: Moment
    ) -> Sequence[Effect]:
        """A REST call ended.

        Args:
            ticket: the call's.
            outcome: the reply, or why there is none.
            asked: monotonic time at which the request was written.
            at: the present.
        """
        out: list[Effect] = []
        if not self._reads.waits_for(ticket):
            return self._done(out)
        if isinstance(outcome, HttpReply):
            date = outcome.headers.get("date")
            if self._clock.read(self._reading_host, date, asked, at.now):
                self._stepped(at)
        result = self._reads.replied(outcome, asked, self._clock.stamp(at))
        if isinstance(result, ReadFailed):
            self._read_failed(result.error, at, out)
        else:
            self._read(result, at, out)
        return self._done(out)

    def shared(self, least_interval: float) -> None:
        """The place is shared by so many that audits are at least so far apart, s."""
        self._schedule.least = least_interval

    def verify(self, at: Moment) -> Sequence[Effect]:
        """The user asks for an audit now (A1)."""
        if self.link is READY:  # Else the next snapshot is as good.
            self._reads.recheck(at.now)
        return self._done([])

    def stop(self, reason: str, at: Moment) -> Sequence[Effect]:
        """The user asked to stop: take leave of the exchange and end."""
        if self._ending:
            return ()
        self._ending = True
        self._stop_reason = reason
        out: list[Effect] = []
        if self.link in OPEN:
            goodbye = self._talk().closing(self._clock.instant(at))
            out += [SendText(step.text) for step in goodbye]
        self._hang_up(out)
        return self._done(out)

    def crashed(self, error: BaseException, at: Moment) -> Sequence[Effect]:
        """Fail by a fault of ours: an event raised ``error``, or its effects did."""
        out: list[Effect] = []
        if not self.present.state.final:
            if self.present.state is State.NEW:
                out.append(Publish([self._change(State.CONNECTING, "started")]))
            self._fail(internal_error(error), out)
        self._ending = True
        self._hang_up(out)
        return self._done(out)

    # Figures, for any thread.

    def last_change(self, currency: str) -> Decimal:
        """Return the last change of a currency's total; zero if it never did."""
        return self._book.last_change(currency)

    def doubt(self, currency: str, at: Moment) -> str:
        """Say why a currency is in doubt; "" if it is not."""
        return doubt(self._book.entry(currency) or self._book.absent, at)

    def audit_interval(self, now: float) -> float | None:
        """The present interval between audits in seconds; None: switched off."""
        return self._schedule.interval(now, self._book)

    def detection_time(self, now: float) -> float | None:
        """Longest time until a change that was never pushed is found; seconds."""
        return self._schedule.detection_time(now, self._book, READ_TIMEOUT)

    # The link.

    def _go(self, link: Link) -> None:
        if link not in LINKS[self.link]:
            raise RuntimeError(f"no way from {self.link} to {link}")
        self.link = link

    def _ticket(self) -> int:
        self._last_ticket += 1
        return self._last_ticket

    def _talk(self) -> Conversation:
        assert self._conversation is not None
        return self._conversation

    def _queue_up(self, out: list[Effect]) -> None:
        self._go(Link.QUEUED)
        self._connection = self._ticket()
        out.append(Ask(self._connection, Turn.CONNECT))

    def _dial(self, at: Moment, out: list[Effect]) -> None:
        # Before the link says so: if one of these raises, there is nothing to hang up.
        self._conversation = self._exchange.conversation(self._memory)
        connect = self._conversation.connect(self._clock.instant(at), self._nonce())
        self._go(Link.DIALLING)
        self._began = at.now
        self._live_since = NEVER
        self.present.attempts += 1
        self._pushing_host = urlsplit(connect.url).hostname or ""
        out.append(Dial(self._connection, connect))

    def _leave(self, out: list[Effect]) -> None:
        """Rely on the connection no longer; the state is left at once, too."""
        self._go(Link.LEAVING)
        self.present.dead_at = -NEVER
        if self._renewal is not None:
            out.append(Forgo(self._renewal.ticket))
            self._renewal = None
        effect = self._reads.disconnected()
        if effect is not None:
            out.append(effect)

    def _hang_up(self, out: list[Effect]) -> None:
        """End whatever there is of a connection."""
        if self.link in CONNECTED:
            self._leave(out)
            out.append(HangUp(self._connection))
        elif self.link is Link.QUEUED:
            out.append(Forgo(self._connection))
            self._come_down(out)
        elif self.link in (Link.NONE, Link.BACKOFF):
            self._come_down(out)

    def _come_down(self, out: list[Effect]) -> None:
        """Wait for the next attempt, or be over; there is no connection any more."""
        if not self._ending:
            self._go(Link.BACKOFF)
            return
        self._go(Link.OVER)
        if not self.present.state.final:
            out.append(Publish([self._change(State.STOPPED, self._stop_reason)]))

    def _give_up(self, error: AssetStreamError, at: Moment, out: list[Effect]) -> None:
        """Hang up for this reason, and leave LIVE in the same step."""
        self._leave(out)
        self._lost(error, at, out)
        out.append(HangUp(self._connection))

    def _renew(self, reason: str, at: Moment, out: list[Effect]) -> None:
        """Replace the connection before the exchange ends it (L7).

        One that works is kept until it is this stream's turn to connect: where a
        thousand are told at once, the last waits for minutes.
        """
        if self._policy.renews(at.now, self._began, self._live_since):
            if self._renewal is None:
                self._renewal = Renewal(self._ticket(), reason)
                out.append(Ask(self._renewal.ticket, Turn.RENEW))
            return
        self._retry_at = self._policy.next_at(at.now, self._began, self._live_since)
        self._make_way(reason, at, out)

    def _make_way(self, reason: str, at: Moment, out: list[Effect]) -> None:
        """Hang up without an error, for another connection is better."""
        self._leave(out)
        if self.present.state is State.LIVE:
            out.append(Publish([self._stale(reason, at)]))
        out.append(HangUp(self._connection))

    def _expected(self, ending: Ending) -> str:
        """Say why this end was to come; "" if it was not announced.

        What the network or our own machine ends was not, whatever was announced before.
        """
        if self._renewal is None or not isinstance(ending, Closed):
            return ""
        announced = ending.code in GOODBYES or ending == Closed(None)
        return self._renewal.reason if announced else ""

    def _silent(self, at: Moment) -> Sequence[Effect]:
        """Give up a connection that has been silent for too long (L1).

        After a suspend a frame may lie in the buffer of a connection that died hours
        ago: it must not bring back what counts as lost.
        """
        out: list[Effect] = []
        error = ConnectionLost(
            f"the exchange has sent nothing, not even a pong, for {self._silence:g} s",
            remedy="The network is unsteady, or something on the way drops quiet "
            "connections.",
        )
        self._give_up(error, at, out)
        return self._done(out)

    def _lost(
        self,
        error: AssetStreamError,
        at: Moment,
        out: list[Effect],
        expected: str = "",
    ) -> None:
        """Decide what follows a lost connection or a failed attempt (L2, L3).

        Args:
            error: why.
            at: the present.
            out: takes the effects.
            expected: why it was to end; then that is no error (L7).
        """
        if self._policy.is_final(error, self._was_live, at.now):
            self._fail(error, out)
            return
        items: list[Event] = []
        if expected:
            self._policy.worked()
            self._retry_at = self._policy.at_once(at.now, self._began)
        elif self._tries_again(error):
            self._retry_at = self._policy.at_once(at.now, self._began)
        else:
            self._retry_at = self._policy.next_at(at.now, self._began, self._live_since)
            items += self._stamped([error])
        if self.present.state is State.LIVE:
            items.append(self._stale(expected or error.problem, at))
        if items:
            out.append(Publish(items))
        self._hold_back(Turn.CONNECT, error, out)

    def _tries_again(self, error: AssetStreamError) -> bool:
        """True if only our clock was wrong, and the answer has set it (T2).

        Not twice in a row: perhaps the answer did not tell the time.
        """
        again, self._clock_set = self._clock_set, _says_clock_off(error)
        return self._clock_set and not again

    def _reason(self, ending: Ending) -> AssetStreamError:
        if isinstance(ending, Refused):
            return self._talk().refused(ending.status, ending.headers, ending.body)
        if isinstance(ending, Closed):
            return self._talk().closed(ending.code, ending.reason)
        if isinstance(ending, Broken):
            return ending.error
        return ConnectionLost("the attempt was given up")

    def _hold_back(
        self, turn: Turn, error: AssetStreamError, out: list[Effect]
    ) -> None:
        """Let everyone of the place wait, if the exchange wants it (L4)."""
        wait = error.retry_after
        if wait is None and isinstance(error, RateLimited):
            wait = LIMITED_WAIT
        if wait:
            out.append(HoldBack(turn, wait))

    def _heard(self, now: float) -> None:
        """Note a proof of life."""
        present = self.present
        present.heard_at = now
        present.dead_at = now + self._silence
        if present.state is State.LIVE:
            present.proof = now

    # What the conversation asks for.

    def _follow(self, steps: Sequence[Step], at: Moment, out: list[Effect]) -> None:
        for step in steps:
            if self.link not in OPEN:  # An earlier step ended the connection.
                return
            if isinstance(step, Report):
                items = self._pushed(step, at)
                if items:
                    out.append(Publish(items))
            elif isinstance(step, Send):
                out.append(SendText(step.text))
            elif isinstance(step, Ping):
                out.append(SendPing())
            elif isinstance(step, Alive):
                present = self.present
                present.round_trip = step.round_trip or present.round_trip
            elif isinstance(step, Ready):
                self._go(Link.READY)
                self._clock_set = False
                self._reads.ready(at.now)
            elif isinstance(step, Warn):
                self._warned(step.error, at, out)
            elif isinstance(step, Reread):
                # K6: a read that is under way may be older: another one follows it.
                self._book.outdate(step.currency, self._clock.stamp(at))
                self._reads.recheck(at.now)
            elif isinstance(step, Renew):
                self._renew(step.reason, at, out)
            else:
                self._give_up(step.error, at, out)

    def _pushed(self, report: Report, at: Moment) -> Sequence[Event]:
        moved, stamp = False, self._clock.stamp(at)
        for balance in report.balances:
            if balance.key is not None and self._clock.pushed(balance.key[0], stamp):
                moved, stamp = True, self._clock.stamp(at)
        pushed = self._book.push(report.balances, stamp)
        if self._book.locked and self._reads.pushed(pushed.items, at.now):  # A7
            self.present.lease_ends_at = self._schedule.lease_ends_at
            self._plan()
        if not moved and pushed.recheck_at == NEVER:
            return pushed.items
        self._reads.recheck(pushed.recheck_at)
        self._plan()
        items: list[Event] = [*pushed.items]
        if moved:  # T1
            items.insert(0, _out_of_step())
        return self._stamped(items)

    def _stepped(self, at: Moment) -> None:
        """Doubt what was judged by the clock that has stepped (T1)."""
        if self._book.stepped(self._clock.stamp(at)):
            self._reads.recheck(self._book.recheck_at)

    def _warned(self, error: AssetStreamError, at: Moment, out: list[Effect]) -> None:
        if isinstance(error, ProtocolError):  # K5
            self._book.unreadable(error.currency, self._clock.stamp(at))
            self._reads.recheck(self._book.recheck_at)
        out.append(Publish(self._stamped([error])))

    # What the reads lead to.

    def _read(self, read: Read, at: Moment, out: list[Effect]) -> None:
        self._policy.accepted()
        self._clock_set = False
        self.present.lease_ends_at = self._schedule.lease_ends_at
        items = self._stamped(read.items)
        judged = read.judged
        if read.merged:
            reason = "balances read and merged"
            items = [*items, *self._live(reason, judged.recovered, at)]
        elif self.present.state is State.STALE:
            items = [*items, *self._live("verified", judged.drifts, at)]
        if items:
            out.append(Publish(items))
        if judged.reconnect:
            lost = ConnectionLost(
                f"reconnecting: {judged.reconnect}, so this connection may have lost "
                "pushes",
                remedy=LOSES_PUSHES,
            )
            self._give_up(lost, at, out)

    def _read_failed(
        self, error: AssetStreamError, at: Moment, out: list[Effect]
    ) -> None:
        if self._policy.is_final(error, self._was_live, at.now):
            self._leave(out)
            self._fail(error, out)
            out.append(HangUp(self._connection))
            return
        if self._tries_again(error):
            self._reads.retry(at.now)
        else:
            out.append(Publish(self._stamped([error])))
        self._hold_back(Turn.SNAPSHOT, error, out)

    # The state.

    @property
    def _was_live(self) -> bool:
        """True if the stream was LIVE once, and has not ended."""
        return self.present.state in (State.LIVE, State.STALE)

    def _change(self, state: State, reason: str, gap: Gap | None = None) -> StateChange:
        """Go to another state; the one place that does."""
        present = self.present
        if state not in TRANSITIONS[present.state]:
            raise RuntimeError(f"no way from {present.state} to {state}")
        if state is State.LIVE:
            present.error = None
        return present.change(state, reason, gap)

    def _stale(self, reason: str, at: Moment) -> StateChange:
        self._gap.start(at.utc, at.now - self.present.proof)
        return self._change(State.STALE, reason)

    def _live(self, reason: str, recovered: int, at: Moment) -> list[Event]:
        self.present.proof = at.now
        self._live_since = min(self._live_since, at.now)
        return [self._change(State.LIVE, reason, self._gap.close(at.utc, recovered))]

    def _fail(self, error: AssetStreamError, out: list[Effect]) -> None:
        """End by an error: updates first, then ``on_error``, then ``on_state``."""
        self._ending = True
        items = self._stamped([error])
        out.append(Publish([*items, self._change(State.FAILED, error.problem)]))

    def _stamped(self, items: Sequence[Event]) -> Sequence[Event]:
        """Let each error name its account, and forget where it was raised.

        The last is the stream's error, before the state changes by it: whoever reads
        FAILED finds the reason.
        """
        for item in items:
            if isinstance(item, AssetStreamError):
                item.exchange = item.exchange or self.present.exchange
                item.account = item.account or self.present.account
                # Reporters of crashes show the variables of its frames: what was
                # received, and the proxy's password, are among them.
                item.with_traceback(None).__context__ = None
                self.present.error = item
        return items

    # Time.

    def _done(self, out: list[Effect]) -> Sequence[Effect]:
        """End a step: plan the next deadline."""
        self._plan()
        return out

    def _plan(self) -> None:
        if self.link is Link.BACKOFF:
            self.deadline = self._retry_at
        elif self.link in OPEN:
            present = self.present
            deadline = min(self._talk().deadline, present.dead_at, self._reads.deadline)
            if present.state is State.LIVE:
                deadline = min(deadline, present.lease_ends_at)
            self.deadline = deadline
        else:
            self.deadline = NEVER


def _says_clock_off(error: AssetStreamError) -> bool:
    return isinstance(error, ExchangeError) and error.clock_off


def _out_of_step() -> ProtocolError:
    return ProtocolError(
        "the times of several pushes in a row contradict the exchange's own clock; "
        "from now on the pushes are believed",
        remedy="If this goes on, the exchange's servers disagree about the time.",
    )
