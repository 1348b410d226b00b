"""A check of the machine: its calls, effects, transitions and deadlines."""

from __future__ import annotations

import math
from itertools import product
from typing import Mapping, Sequence

from assetstream.core.effects import (
    Ask,
    CallOff,
    Dial,
    Effect,
    Fetch,
    Forgo,
    HangUp,
    HoldBack,
    Publish,
    SendPing,
    SendText,
    Turn,
)
from assetstream.core.link import Link
from assetstream.core.machine import StreamMachine
from assetstream.core.outcomes import Ending, HttpReply, Outcome, Refused
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import AssetUpdate, Balance, StateChange
from assetstream.model.states import TRANSITIONS, State
from assetstream.protocol import NEVER
from tests.support.world.clocks import Clocks
from tests.support.world.findings import Findings
from tests.support.world.timeline import Timeline

__all__ = ["MachineCheck"]

#: The links of an open connection.
OPEN = frozenset({Link.PROVING, Link.READY})
#: Links from which there is something to hang up.
CONNECTED = OPEN | {Link.DIALLING}

_END = frozenset(
    {
        *product((Link.NONE, Link.BACKOFF, Link.QUEUED), (Link.OVER,)),
        *product(CONNECTED, (Link.LEAVING,)),
    }
)
#: How far one event may move the link.
MOVES: Mapping[str, frozenset[tuple[Link, Link]]] = {
    "started": frozenset({(Link.NONE, Link.QUEUED)}),
    "granted": frozenset({(Link.QUEUED, Link.DIALLING), (Link.READY, Link.LEAVING)}),
    "opened": frozenset(product((Link.DIALLING,), (Link.PROVING, Link.LEAVING))),
    "frames": frozenset({(Link.PROVING, Link.READY), *product(OPEN, (Link.LEAVING,))}),
    "pong": frozenset({(Link.PROVING, Link.READY), *product(OPEN, (Link.LEAVING,))}),
    "due": frozenset({(Link.BACKOFF, Link.QUEUED), *product(OPEN, (Link.LEAVING,))}),
    "ended": frozenset(
        {
            *product(CONNECTED | {Link.LEAVING}, (Link.BACKOFF, Link.OVER)),
            (Link.LEAVING, Link.DIALLING),
        }
    ),
    "replied": frozenset(product(OPEN, (Link.LEAVING,))),
    "stop": _END,
    "crashed": _END,
}


class MachineCheck:
    """Judges one machine, call after call.

    Attributes:
        state: as it was last published.
        closing: the stream was stopped or failed: it may begin nothing any more.
    """

    def __init__(
        self,
        timeline: Timeline,
        clocks: Clocks,
        machine: StreamMachine,
        findings: Findings,
    ) -> None:
        self.state = State.NEW
        self.closing = False
        self._timeline = timeline
        self._clocks = clocks
        self._machine = machine
        self._findings = findings
        self._link = machine.link
        # Tickets: the last one, those that wait, the one granted in this call, and the
        # one that the next connection is made by (L7).
        self._last = 0
        self._waiting: dict[int, Turn] = {}
        self._granted: int | None = None
        self._kept: int | None = None
        # What is under way.
        self._connection: int | None = None
        self._hung_up = False
        self._open = False
        self._fetch: int | None = None
        self._credentials: set[str] = set()
        # Paces: the least time from one to the next, and when the last one was.
        limits = machine._exchange.limits
        self._connect_pace = limits.connects.pace
        self._read_pace = limits.reads.pace
        self._dialled = self._fetched = -math.inf
        # How long the exchange has asked to wait, and before what.
        self._wait: tuple[Turn, float] | None = None
        # When the key was refused, since it was last accepted.
        self._refusals: list[float] = []
        self._audits = 0
        # When a read was last judged; inf: the last one failed.
        self._read_at = math.inf
        # The last proof of life while LIVE, and when the open gap began, by our clock.
        self._proof = 0.0
        self._gap: float | None = None
        # What was published last, and the balances that the present showed then.
        self._published: dict[str, Balance | AssetUpdate] = {}
        self._balances = machine.present.balances.copy()

    # Before the call.

    def asked(self, ticket: int) -> Turn | None:
        """The turn that was asked for with a ticket; None if it was forgone."""
        return self._waiting.get(ticket)

    @property
    def last_ticket(self) -> int:
        """The last ticket that was asked with."""
        return self._last

    def is_wanted(self, ticket: object) -> bool:
        """True if a ticket stands for something under way."""
        return ticket in (*self._waiting, self._connection, self._fetch)

    def granting(self, ticket: int) -> None:
        """A turn is about to be granted."""
        self._granted = ticket if ticket in self._waiting else None

    def opening(self, ticket: int) -> None:
        """The connection is about to be reported open."""
        self._open = ticket == self._connection and not self._hung_up

    def ending(self, ticket: int, ending: Ending) -> None:
        """The end of a connection is about to be reported."""
        wanted = not self._hung_up and not self.state.final
        if wanted and isinstance(ending, Refused):
            self._asked_to_wait(Turn.CONNECT, ending)
            if ending.status == 401:
                self.refused()
        self._connection, self._hung_up, self._open = None, False, False

    def replying(self, ticket: int, outcome: Outcome) -> bool:
        """A reply is about to be handed over; False if it was called off."""
        if ticket != self._fetch:
            return False
        self._fetch = None
        if isinstance(outcome, HttpReply):
            self._asked_to_wait(Turn.SNAPSHOT, outcome)
        return True

    def refused(self) -> None:
        """A refusal of the key is about to be handed over."""
        self._refusals.append(self._timeline.now)

    def proved(self) -> None:
        """Frames or a pong are about to be handed over on a connection that lives."""
        if self.state is State.LIVE:
            self._proof = self._timeline.now

    def _asked_to_wait(self, turn: Turn, answer: Refused | HttpReply) -> None:
        wait = float(answer.headers.get("retry-after", 0))
        if wait and (answer.status in (418, 429) or answer.status >= 500):
            self._wait = turn, wait

    # After it.

    def called(self, event: str, effects: Sequence[Effect]) -> None:
        """Judge a call by its effects and by the state that it left."""
        for effect in effects:
            if type(effect) is Publish:
                self._publish(effect)
            else:
                self._judge(effect)
        machine = self._machine
        if machine.present.audits != self._audits:
            self._audits = machine.present.audits
            self._refusals.clear()
        if machine.present.balances != self._balances:
            self._compare(event)
        if self._wait is not None:
            if not self.state.final:
                self._found("pace", f"{event}: nobody waits as asked: {self._wait}")
            self._wait = None
        link = machine.link
        if link is not self._link:
            if (self._link, link) not in MOVES[event]:
                self._found("transition", f"{event}: {self._link} to {link}")
            self._link = link
        if machine.present.state is not self.state:
            self._found(
                "transition",
                f"{event}: published {self.state}, shows {machine.present.state}",
            )
        shown = machine.present.state_at(self._timeline.now)
        if link not in OPEN and shown is State.LIVE:
            self._found("transition", f"{event}: LIVE without a connection: {link}")
        if self._granted is not None:
            self._granted = None
            self._found("effects", f"{event}: a turn was granted and not used")
        if self._kept is not None and link not in (Link.LEAVING, Link.OVER):
            self._kept = None
            self._found("effects", f"{event}: a turn to renew was not used")
        self._on_time(event)
        if event in ("frames", "replied"):
            self._audited_in_time(event)

    def _audited_in_time(self, event: str) -> None:
        """Judge when the next audit is due, by the interval of this moment (A7)."""
        machine, now = self._machine, self._timeline.now
        schedule = machine._schedule
        if event == "replied":
            self._read_at = now if schedule._completed_at == now else math.inf
        interval = machine.audit_interval(now)
        live = self.state is State.LIVE and machine.link is Link.READY
        if interval is None or not live:
            return
        reads = [turn for turn in self._waiting.values() if turn is not Turn.RENEW]
        if self._fetch is not None or reads:
            return
        # At most a fifth later than planned; one that is overdue is planned for now.
        latest = max(self._read_at + 1.2 * interval, now) + 0.001
        if schedule.due_at > latest:
            self._found("late", f"{event}: audit at {schedule.due_at}, due at {latest}")

    def _on_time(self, event: str) -> None:
        machine, now = self._machine, self._timeline.now
        due = due_at(machine)
        if machine.deadline > due:
            self._found("late", f"{event}: wakes at {machine.deadline}, due at {due}")
        if event == "due" and machine.deadline <= now:
            self._found("busy", f"due at {machine.deadline}, which was dealt with")

    def ignored(self, event: str, effects: Sequence[Effect]) -> None:
        """Judge a call about something that the machine gave up."""
        if effects:
            self._found("effects", f"{event} of what was given up led to {effects}")

    def raised(self, event: str, error: Exception) -> None:
        """Note an exception that came out of the machine."""
        self.closing = True
        self._granted = None
        self._found("raised", f"{event}: {error!r}")

    def at_rest(self) -> bool:
        """True if nothing is under way any more."""
        return self._connection is None and self._fetch is None and not self._waiting

    # One effect.

    def _judge(self, effect: Effect) -> None:
        if isinstance(effect, Ask):
            self._expect(effect.ticket > self._last, effect)
            self._expect(effect.turn not in self._waiting.values(), effect)
            self._expect(not self.closing, effect)
            self._expect(effect.turn is not Turn.RENEW or self._open, effect)
            self._last = effect.ticket
            self._waiting[effect.ticket] = effect.turn
        elif isinstance(effect, Forgo):
            self._expect(self._waiting.pop(effect.ticket, None) is not None, effect)
            if effect.ticket == self._granted:
                self._granted = None  # given back: its connection had died
        elif isinstance(effect, Dial):
            if effect.ticket == self._kept:
                self._kept = None
                self._expect(not self.closing, effect)
            else:
                self._used(effect, effect.ticket, Turn.CONNECT)
            self._expect(self._connection is None, effect)
            self._connection = effect.ticket
            self._fresh(effect, effect.connect.headers)
            self._paced(effect, self._dialled + self._connect_pace)
            self._dialled = self._timeline.now
        elif isinstance(effect, Fetch):
            turn = self._waiting.get(effect.ticket)
            self._used(effect, effect.ticket, Turn.SNAPSHOT, Turn.AUDIT)
            self._expect(self._fetch is None, effect)
            self._expect(turn is Turn.AUDIT or self._open, effect)
            self._fetch = effect.ticket
            self._fresh(effect, effect.call.headers)
            self._paced(effect, self._fetched + self._read_pace)
            self._fetched = self._timeline.now
        elif isinstance(effect, CallOff):
            self._expect(effect.ticket == self._fetch, effect)
            self._fetch = None
        elif isinstance(effect, HangUp):
            self._expect(effect.ticket == self._connection, effect)
            self._expect(not self._hung_up, effect)
            self._hung_up, self._open = True, False
            if (granted := self._granted) is not None:
                self._used(effect, granted, Turn.RENEW)
                self._kept = granted
        elif isinstance(effect, (SendText, SendPing)):
            self._expect(self._open, effect)
        elif isinstance(effect, HoldBack):
            self._expect(0 < effect.seconds < 90_000, effect)
            if self._wait is not None and effect.turn is self._wait[0]:
                self._expect(effect.seconds >= self._wait[1], effect)
                self._wait = None
        else:
            self._found("effects", f"unknown: {effect}")

    def _used(self, effect: Effect, ticket: int, *turns: Turn) -> None:
        self._expect(ticket == self._granted, effect)
        self._expect(self._waiting.pop(ticket, None) in turns, effect)
        self._expect(not self.closing, effect)
        self._granted = None

    def _fresh(self, effect: Effect, headers: Mapping[str, str]) -> None:
        token = headers.get("Authorization")
        if token is not None:
            self._expect(token not in self._credentials, effect)
            self._credentials.add(token)

    def _publish(self, publish: Publish) -> None:
        if self.state.final:
            self._found("effects", f"after {self.state}: {publish}")
        if not publish.items:
            self._found("effects", "nothing is published")
        for item in publish.items:
            if type(item) is AssetUpdate:
                if self.state is State.NEW:
                    self._found("effects", f"before CONNECTING: {item}")
                self._updated(item)
            elif isinstance(item, StateChange):
                chained = item.previous is self.state
                if not chained or item.current not in TRANSITIONS[self.state]:
                    self._found("transition", f"in {self.state}: {item}")
                self._changed(item)
                self.state = item.current
                self.closing = self.closing or item.current.final
            elif not isinstance(item, AssetStreamError):
                self._found("effects", f"no item to publish: {item!r}")

    def _changed(self, change: StateChange) -> None:
        """Judge the gap, which begins with the last proof of life (S1), and an end."""
        if change.current is State.FAILED and not self._may_fail():
            self._found("failed", f"{change} after refusals at {self._refusals}")
        if change.current is State.STALE:
            wall = self._clocks.moment().wall
            self._gap = wall - (self._timeline.now - self._proof)
        elif change.current is State.LIVE:
            self._refusals.clear()
            began, self._gap = self._gap, None
            self._proof = self._timeline.now
            gap = change.gap
            at = None if gap is None else gap.began.timestamp()
            if at is None or began is None:
                good = at is began
            else:
                good = abs(at - began) < 0.001
            if not good:
                self._found("gap", f"{change}: {gap}, began {began}")

    def _may_fail(self) -> bool:
        """True if the key was refused too often (L3), or the runtime crashed."""
        if self.closing:
            return True
        refusals = self._refusals
        if self.state is State.CONNECTING:
            return bool(refusals)
        return len(refusals) >= 3 and self._timeline.now - refusals[0] >= 60

    def _updated(self, update: AssetUpdate) -> None:
        """Judge an update: it goes on from the last one, and changes something."""
        code, previous = update.currency, update.previous
        before = self._published.get(code)
        if before is None:
            # A zero that was read makes no update (D3).
            good = previous is None or not previous.total
        else:
            good = previous is not None and _same(previous, before)
        if previous is not None and _same(previous, update):
            good = False
        if not good:
            self._found("unpublished", f"{update} follows {previous}, not {before}")
        self._published[code] = update

    def _compare(self, event: str) -> None:
        """Judge what readers see: nothing but what was published (W2)."""
        self._balances = balances = self._machine.present.balances.copy()
        for code, balance in balances.items():
            published = self._published.get(code)
            if published is None:
                if balance.total:
                    self._found("unpublished", f"{event}: {balance}")
            elif not _same(published, balance):
                self._found("unpublished", f"{event}: {balance}, not {published}")

    def _paced(self, effect: Effect, earliest: float) -> None:
        if self._timeline.now < earliest - 1e-6:
            self._found("pace", f"too early: {effect!r}")

    def _expect(self, good: bool, effect: Effect) -> None:
        if not good:
            self._found("effects", f"out of place: {effect!r}")

    def _found(self, kind: str, text: str) -> None:
        self._findings.add(kind, text)


def _same(one: Balance | AssetUpdate, other: Balance | AssetUpdate) -> bool:
    return one.available == other.available and one.locked == other.locked


def due_at(machine: StreamMachine) -> float:
    """Return when the machine has something to do, computed anew from its parts."""
    if machine.link is Link.BACKOFF:
        return machine._retry_at
    if machine.link not in OPEN:
        return NEVER
    present, conversation = machine.present, machine._conversation
    assert conversation is not None
    due = conversation.deadline
    if present.dead_at < due:
        due = present.dead_at
    if machine._reads.deadline < due:
        due = machine._reads.deadline
    if present.state is State.LIVE and present.lease_ends_at < due:
        due = present.lease_ends_at
    return due
