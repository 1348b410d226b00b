"""Judges the balances: the newest that was sent, found within the detection time."""

from __future__ import annotations

import math
from collections import Counter
from email.utils import parsedate_to_datetime
from typing import Iterable, Mapping, Sequence

from assetstream.core.effects import Effect, HangUp, Publish
from assetstream.core.link import Link
from assetstream.core.machine import StreamMachine
from assetstream.core.moment import Moment
from assetstream.core.present import UNNAMED
from assetstream.model.events import AssetUpdate, Source, StateChange
from assetstream.model.states import State
from tests.support.world.exchange import Pushed
from tests.support.world.findings import Findings
from tests.support.world.ledger import CURRENCIES, MAX_LAG, ZEROS, Amounts, Ledger
from tests.support.world.rest import Answer
from tests.support.world.timeline import Timeline

__all__ = ["Newest", "Promise"]

#: Less than the key of any push.
NO_KEY = (-1, -1)
#: Ahead of the exchange's clock by so much, a push's time is an error (K3); ms.
FUTURE = 60_000
#: What is wrong for less is waiting for its push; seconds.
SHORT = 1.0


class Newest:
    """The newest amounts of each currency that were sent to us, by K1 to K3.

    An independent account of the rules, by the pair of amounts, which pushes and reads
    of the simulated exchange always name together.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[Amounts, tuple[int, int], Amounts]] = {}
        # When the present connection last brought a push that counted.
        self._pushed_at: dict[str, float] = {}
        # The exchange's clock at the monotonic time 0, by the last ``Date``.
        self._zero = 0.0

    def get(self, currency: str) -> Amounts | None:
        """The newest amounts; None if none were sent."""
        known = self._known.get(currency)
        return known[0] if known else None

    def opened(self, headers: Mapping[str, str], at: Moment) -> None:
        """Set the exchange's clock."""
        date = headers.get("date")
        wall = at.wall if date is None else parsedate_to_datetime(date).timestamp()
        self._zero = wall - at.now
        self._pushed_at.clear()

    def pushed(
        self, currency: str, amounts: Amounts, key: tuple[int, int], now: float
    ) -> None:
        """Take a push by its key (K1), or by arrival where its time is wrong (K3)."""
        before = self._known.get(currency, (ZEROS, NO_KEY, ZEROS))
        if key[0] > (self._zero + now) * 1000 + FUTURE:
            self._known[currency] = amounts, before[1], before[2]
        elif key > before[1] or (key == before[1] and amounts != before[2]):
            self._known[currency] = amounts, key, amounts
        else:
            return
        self._pushed_at[currency] = now

    def believed(
        self, currency: str, amounts: Amounts, *, asked: float, audit: bool
    ) -> None:
        """Take a read, which has no key (K2), if it may be believed.

        Not over what this connection pushed before: a snapshot never (S1), and an audit
        no sooner than REST has caught up (A2).
        """
        pushed_at = self._pushed_at.get(currency, -math.inf)
        if pushed_at > (asked - MAX_LAG if audit else -math.inf):
            return
        before = self._known.get(currency, (ZEROS, NO_KEY, ZEROS))
        self._known[currency] = amounts, *before[1:]


class Promise:
    """Measures and judges what one stream says about its balances.

    Attributes:
        counts: what happened.
        seconds: since it was started.
        live: so many of them LIVE.
        doubted: so many of these in doubt, shared among the currencies.
        longest_wrong: the longest that a balance was wrong, LIVE and unmarked.
        least_slack: by how much that stayed below the detection time, at the worst.
        longest_stale: the greatest age that an unmarked balance reached.
    """

    def __init__(
        self,
        timeline: Timeline,
        machine: StreamMachine,
        ledger: Ledger,
        findings: Findings,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.seconds = self.live = self.doubted = 0.0
        self.longest_wrong = self.longest_stale = 0.0
        self.least_slack = math.inf
        self.newest = Newest()
        self._timeline = timeline
        self._machine = machine
        self._present = machine.present
        self._ledger = ledger
        self._findings = findings
        self._at = timeline.now
        self._state = self._present.state
        self._live_since = math.inf
        # When each was last pushed, whatever became of it.
        self._excused: dict[str, float] = {}
        # Since when each is wrong, and the shortest detection time shown since.
        self._wrong: dict[str, tuple[float, float]] = {}
        # When the truth last changed by a push that could not be read.
        self._unread: dict[str, float] = {}
        # When the stream learned of what it shows.
        self._learned: dict[str, float] = {}
        # The present connection, or the one to come, is there because of an audit.
        self._because_of_audit = False

    # What is shown.

    def unmarked(self, currency: str) -> Amounts | None:
        """The amounts that the promise holds for at present; None if it does not."""
        present = self._present
        if present.state is not State.LIVE or not present.holds(self._timeline.now):
            return None
        shown = present.balances.get(currency)
        if shown is None:
            unknown = currency in present.unknown or present.complete_since is None
            return None if unknown or UNNAMED in present.doubts else ZEROS
        if currency in present.doubts:
            return None
        return shown.available, shown.locked

    def shown(self, currency: str) -> Amounts | None:
        """The amounts that are shown, marked or not."""
        balance = self._present.balance(currency)
        return None if balance is None else (balance.available, balance.locked)

    # Time.

    def pass_time(self) -> None:
        """Account for the time until now: called before anything changes."""
        now, before = self._timeline.now, self._at
        if now == before:
            return
        self._at = now
        present = self._present
        if present.state.final:
            return
        self.seconds += now - before
        if present.state is State.LIVE:
            until = min(now, present.dead_at, present.lease_ends_at)
            if until > before:
                self.live += until - before
                doubts = len(present.doubts)
                if doubts:
                    share = min(1.0, doubts / len(CURRENCIES))
                    self.doubted += (until - before) * share
            age = until - present.proof
            if age > self.longest_stale and len(present.doubts) < len(CURRENCIES):
                self.longest_stale = age
            if self._wrong:
                self._measure(until)

    def _measure(self, until: float) -> None:
        if all(until - since < SHORT for since, _ in self._wrong.values()):
            return
        detection = self._machine.detection_time(until)
        if detection is None:
            return  # Audits are switched off: nothing is promised.
        for code, (since, promise) in self._wrong.items():
            # Whoever looked while it was wrong may go by what was shown then.
            if detection < promise:
                promise = detection
                self._wrong[code] = since, promise
            wrong = until - since
            self.longest_wrong = max(self.longest_wrong, wrong)
            self.least_slack = min(self.least_slack, promise - wrong)
            if wrong > promise:
                self._findings.add(
                    "overdue",
                    f"{code} was wrong for {wrong:.1f} s of {promise:.1f}: shown "
                    f"{_text(self.shown(code))}, true {_text(self._ledger.now[code])}",
                )

    def _look(self, code: str) -> None:
        """See whether a currency is wrong now."""
        amounts = self.unmarked(code)
        if amounts is None or amounts == self._ledger.now[code]:
            if self._wrong:
                self._wrong.pop(code, None)
            return
        since = max(
            self._ledger.left(code, amounts),
            self._excused.get(code, -math.inf),
            self._live_since,
        )
        before = self._wrong.get(code)
        detection = self._machine.detection_time(self._timeline.now)
        promise = math.inf if detection is None else detection
        if before is not None and before[0] == since:
            promise = min(promise, before[1])
        self._wrong[code] = since, promise

    def truth_changed(self, currency: str) -> None:
        """See what the change of the truth has made wrong."""
        self._look(currency)

    # After a call.

    def opened(self, headers: Mapping[str, str], at: Moment) -> None:
        """A connection was reported open."""
        self.newest.opened(headers, at)

    def pushed(self, pushes: Sequence[Pushed]) -> None:
        """Frames were handed over and taken."""
        now = self._timeline.now
        everything = False
        for push in pushes:
            code = push.currency
            self._excused[code] = now
            if push.garbled:
                everything = True
                before = self._unread.get(code, -math.inf)
                self._unread[code] = max(before, push.changed)
            else:
                self._learned[code] = now
                self.newest.pushed(code, push.amounts, push.key, now)
        for code in CURRENCIES if everything else {push.currency for push in pushes}:
            self._check(code)

    def replied(self, answer: Answer, asked: float, effects: Sequence[Effect]) -> None:
        """A read was handed over that the machine waited for."""
        for effect in effects:
            if isinstance(effect, Publish):
                for item in effect.items:
                    if isinstance(item, AssetUpdate):
                        self._updated(item, answer, asked)
                    elif isinstance(item, StateChange):
                        self._because_of_audit = False
            elif isinstance(effect, HangUp) and not self._present.state.final:
                self._because_of_audit = True
                self.counts["reconnects"] += 1
        for code in CURRENCIES:
            self._check(code)

    def _updated(self, update: AssetUpdate, answer: Answer, asked: float) -> None:
        """Take what a read led to for the newest, if the read did say so."""
        code, amounts = update.currency, (update.available, update.locked)
        if answer.named.get(code, ZEROS if answer.complete else None) == amounts:
            audit = update.source is Source.AUDIT
            self.newest.believed(code, amounts, asked=asked, audit=audit)
        before, truth = update.previous, self._ledger.now[code]
        right = (
            before is not None
            and (before.available, before.locked) == truth
            # And not only because the truth returned to it.
            and self._learned.get(code, -math.inf) >= self._ledger.since[code]
        )
        self._learned[code] = self._timeline.now
        if right and amounts != truth:
            marked = " (marked)" if code in self._present.doubts else ""
            self.counts[f"destroyed by {update.source}{marked}"] += 1
            text = f"{code}, which was right, became {_text(amounts)}{marked}"
            self._findings.note("DESTROYED", text)
            if update.source is Source.AUDIT and not marked:
                self._findings.add("destroyed", text)
            if self._because_of_audit and update.source is Source.RECOVERED:
                self.counts[f"undone after an audit's reconnect{marked}"] += 1
                if not marked:
                    self._findings.add("undone", text)

    def called(self, event: str) -> None:
        """Note whether the stream became LIVE by a call, or ceased to be."""
        state, before = self._present.state, self._state
        if state is before:
            return
        self._state = state
        if state is State.LIVE:
            self._live_since = self._timeline.now
        elif before is State.LIVE:
            self._live_since = math.inf
            self._wrong.clear()
            if event == "due" and self._machine.link is Link.READY:
                self.counts["leases ended"] += 1

    def _check(self, code: str) -> None:
        """Judge one currency, of which something may have changed."""
        self._look(code)
        amounts = self.unmarked(code)
        if amounts is None:
            return
        newest = self.newest.get(code)
        if newest is not None and amounts != newest:
            self._findings.add(
                "older", f"{code} shows {_text(amounts)}, was sent {_text(newest)}"
            )
        unread = self._unread.get(code)
        if (
            unread is not None
            and amounts != self._ledger.now[code]
            and self._ledger.left(code, amounts) < unread
        ):
            self._findings.add(
                "unread",
                f"{code} shows {_text(amounts)}, a newer push could not be read",
            )

    def not_the_newest(self) -> list[str]:
        """Currencies that do not show, unmarked, the newest that was sent."""
        found = []
        for code in CURRENCIES:
            amounts, newest = self.unmarked(code), self.newest.get(code)
            if newest is not None and amounts is not None and amounts != newest:
                found.append(code)
        return found


def _text(amounts: Iterable[object] | None) -> str:
    return "nothing" if amounts is None else "/".join(map(str, amounts))
