"""Judges what a stream says of its balances by the exchange's own ledger.

No rule of the machine is known here. A balance is *unmarked* while the stream is LIVE
and the balance not in doubt. It is right while the ledger says so, and for ``GRACE``
after that; it is older than received if the exchange had sent something newer, by push
or by REST. Each measure is kept by currency, from one change to the next of what is
true, shown, marked or received.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import Collection, Sequence

from assetstream.core.effects import Effect, HangUp, Publish
from assetstream.core.link import Link
from assetstream.core.machine import StreamMachine
from assetstream.core.present import UNNAMED
from assetstream.model.events import AssetUpdate, Balance, Source
from assetstream.model.states import State
from tests.support.world.exchange import Pushed
from tests.support.world.findings import Findings
from tests.support.world.ledger import ZEROS, Amounts, Ledger
from tests.support.world.rest import Answer
from tests.support.world.timeline import Timeline

__all__ = ["Measures", "Promise"]

#: What was true a moment ago waits for its push; seconds.
GRACE = 3.0
#: Older than received for so long is a finding: patience, and the way of a push.
OLD = 5.0
#: What was right is made wrong by reads so often in so many seconds, and no more:
#: twice, then REST and stream disagree, and REST wins after ten minutes (A8).
MOST_UNDONE = 12
SEESAW = 1800.0
#: Wrong for less is not compared with the detection time yet, seconds.
SHORT = 1.0
TELLERS = {
    Source.STREAM: "push",
    Source.AUDIT: "audit",
    Source.RECOVERED: "snapshot",
    Source.SNAPSHOT: "first snapshot",
}

#: What makes the order of what was sent uncertain; without dates late is like new.
DISORDER = ("ahead", "stuck", "biased", "exchange step", "unfair date", "no dates")
#: Each kind of finding, and what excuses it: a ``Weather``'s ingredient, or "repeats".
EXCUSES = {
    "overdue": {"stuck", "biased"},
    "undone": {"repeats", "stuck", "biased", "exchange step", "unfair date"},
    "disordered": {"repeats", *DISORDER},
    "older": {"repeats", *DISORDER},
    "invented": {"biased"},
    "hasty": {"repeats", "biased", "exchange step", "unfair date"},
    "seesaw": {"repeats", "stuck"},
    "repeated": {"repeats", "exchange step", "unfair date"},
}


class Measures:
    """Sums of what was measured, in currency-seconds unless noted.

    Attributes:
        seconds: since the stream was started; of the account.
        known: something is shown.
        live: and the stream is LIVE.
        useful: and it is not marked.
        wrong: unmarked, and not true for over ``GRACE``.
        right: true, or until ``GRACE`` ago.
        marked: of that: marked, or the stream not LIVE.
        doubted: of that: marked while LIVE.
        old: each stretch of time unmarked and older than received.
        wrongs: how long each number was wrong at the end of a stretch unmarked.
        doubts: the lengths of doubts, from when the exchange was well again.
        counts: of what happened.
    """

    def __init__(self) -> None:
        self.seconds = self.known = self.live = self.useful = 0.0
        self.wrong = self.right = self.marked = self.doubted = 0.0
        self.old: list[float] = []
        self.wrongs: list[float] = []
        self.doubts: list[float] = []
        self.counts: Counter[str] = Counter()

    def add(self, other: Measures) -> None:
        """Add another's sums."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if isinstance(value, float):
                setattr(self, name, mine + value)
            elif isinstance(value, list):
                mine.extend(value)
            else:
                mine.update(value)


class Line:
    """The judge's account of one currency, as it was when it last changed."""

    __slots__ = (
        "balance",
        "code",
        "doubted",
        "index",
        "marked",
        "old",
        "past",
        "received",
        "said",
        "told",
        "touched",
        "undone",
        "value",
        "wrong",
    )

    def __init__(self, code: str, ledger: Ledger, now: float) -> None:
        self.code = code
        self.past = ledger.past[code]
        self.index = ledger.index[code]
        self.value: Amounts | None = None
        self.balance: Balance | None = None
        self.marked = False
        self.touched = now
        # The newest place in the ledger's past that was sent to us.
        self.received = 0
        # How long it has been older than received, and how long wrong.
        self.old = self.wrong = 0.0
        self.doubted = math.inf
        # The places that the last two reads said, and those that pushes have told.
        self.said: tuple[int, int] = (-1, -1)
        self.told: set[int] = set()
        # When reads last made it wrong that was right.
        self.undone = deque([-math.inf] * MOST_UNDONE, maxlen=MOST_UNDONE)


class Promise:
    """Measures and judges what one stream says about its balances.

    Args:
        excused: what an exchange does that the promise does not cover, or an account
            that repeats its amounts: see ``EXCUSES``.

    Attributes:
        measures: what was measured.
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
        *,
        excused: Collection[str] = (),
    ) -> None:
        self.measures = Measures()
        self.counts = self.measures.counts
        self.longest_wrong = self.longest_stale = 0.0
        self.least_slack = math.inf
        # REST may say that there is nothing where there is something.
        self._lies = not {"omitted", "empty"}.isdisjoint(excused)
        self._timeline = timeline
        self._machine = machine
        self._present = machine.present
        self._ledger = ledger
        self._findings = findings
        self._excused = {k for k, v in EXCUSES.items() if not v.isdisjoint(excused)}
        self._at = timeline.now
        self._lines = {code: Line(code, ledger, self._at) for code in ledger.codes}
        # What the present showed at the last look.
        self._doubts = self._present.doubts
        self._since = self._present.complete_since
        self._live = False
        self._live_since = math.inf
        # LIVE lasts until then if nothing comes.
        self._until = math.inf
        # Nobody looks until then: the host sleeps.
        self._asleep_until = -math.inf
        # The exchange was last seen to be unwell then.
        self._well_since = 0.0
        # Since when each is wrong, and the shortest detection time shown since.
        self._wrong: dict[str, tuple[float, float]] = {}

    # What is shown.

    def unmarked(self, currency: str) -> Amounts | None:
        """The amounts that the promise holds for at present; None if it does not."""
        line = self._lines[currency]
        live = self._live and self._present.holds(self._timeline.now)
        return line.value if live and not line.marked else None

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
        if self._live:
            if now > self._until:  # The proof ran out while nobody looked (L1).
                until, self._until = self._until, math.inf
                self._measure(until)
                self._touch_all(until)
                self._live = False
                self._wrong.clear()
            else:
                until = now
                if self._wrong:
                    self._measure(now)
            age = until - present.proof
            if age > self.longest_stale:
                self.longest_stale = age

    def sleep(self, until: float) -> None:
        """Note that the host sleeps: to nobody is anything older than received."""
        self.pass_time()
        self._touch_all(self._at)
        self._asleep_until = until

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
            if wrong > promise and not (self._lies and self._shows_nothing()):
                self._wrong[code] = since, math.inf  # Found once.
                self._find(
                    "overdue",
                    f"{code} was wrong for {wrong:.1f} s of {promise:.1f}: shown "
                    f"{_text(self.shown(code))}, true {_text(self._ledger.now[code])}",
                )

    def _shows_nothing(self) -> bool:
        """True if an empty list, which REST may give for long, agrees with all."""
        return not any(any(line.value or ()) for line in self._lines.values())

    def _look(self, line: Line) -> None:
        """See whether a currency is wrong now."""
        code, amounts = line.code, line.value
        if not self._live or line.marked or amounts is None or amounts == line.past[-1]:
            if self._wrong:
                self._wrong.pop(code, None)
            return
        since = max(self._ledger.left(code, amounts), self._live_since)
        before = self._wrong.get(code)
        detection = self._machine.detection_time(self._timeline.now)
        promise = math.inf if detection is None else detection
        if before is not None and before[0] == since:
            promise = min(promise, before[1])
        self._wrong[code] = since, promise

    def _touch(self, line: Line, now: float) -> None:
        """Account for a currency until now, as it was since the last touch."""
        passed = now - line.touched
        if passed <= 0.0:
            return
        line.touched = now
        value = line.value
        if value is None:
            return
        sums = self.measures
        sums.known += passed
        unmarked = False
        if self._live:
            sums.live += passed
            if not line.marked:
                unmarked = True
                sums.useful += passed
        right = passed
        true = value == line.past[-1]
        if not true:
            wrong = now - self._ledger.left(line.code, value)
            right = max(0.0, min(passed, GRACE - (wrong - passed)))
            if unmarked:
                sums.wrong += passed - right
                if wrong > GRACE and wrong > line.wrong:
                    line.wrong = wrong
        sums.right += right
        if not unmarked:
            sums.marked += right
            if self._live:
                sums.doubted += right
        elif (
            line.index.get(value, -1) < line.received
            and value != line.past[line.received]
        ):
            line.old += min(passed, max(0.0, now - self._asleep_until))
            if not true:
                # A zero comes back, and a read that says it may be as old.
                lie = self._lies and value == ZEROS
                if line.old > OLD and any(line.past[line.received]) and not lie:
                    self._find(
                        "older",
                        f"{line.code} shows {_text(value)}, was sent "
                        f"{_text(line.past[line.received])} {line.old:.1f} s ago",
                    )
                return
            line.old = 0.0
        if line.old:
            sums.old.append(line.old)
            line.old = 0.0
        if line.wrong and (not unmarked or true):
            sums.wrongs.append(line.wrong)
            line.wrong = 0.0

    def _touch_all(self, now: float) -> None:
        for line in self._lines.values():
            self._touch(line, now)

    def truth_changes(self, currency: str) -> None:
        """Account for the time in which something else was true."""
        self._touch(self._lines[currency], self._timeline.now)

    def truth_changed(self, currency: str) -> None:
        """See what the change of the truth has made wrong."""
        self._look(self._lines[currency])

    def well(self) -> None:
        """Note that the exchange was unwell until now."""
        self._well_since = self._timeline.now

    def close(self) -> Measures:
        """Return what was measured until now, with what is still open."""
        now = self._timeline.now
        self._touch_all(now)
        for line in self._lines.values():
            if line.old:
                self.measures.old.append(line.old)
            if line.wrong:
                self.measures.wrongs.append(line.wrong)
            if line.marked:
                self._doubt_ends(line, now)
        closed, self.measures = self.measures, Measures()
        return closed

    # After a call.

    def called(self, event: str, effects: Sequence[Effect]) -> None:
        """See what a call has changed."""
        present, now = self._present, self._timeline.now
        told: list[AssetUpdate] = []
        for effect in effects:
            if type(effect) is Publish:
                told += [item for item in effect.items if type(item) is AssetUpdate]
        live = present.state is State.LIVE
        if live is not self._live:
            self._touch_all(now)
            self._live = live
            if live:
                self._live_since = now
            elif event == "due" and self._machine.link is Link.READY:
                self.counts["leases ended"] += 1
            self._changed_all(now)
        elif (
            present.doubts is not self._doubts
            or present.complete_since is not self._since
        ):
            self._changed_all(now)
        else:
            for update in told:
                self._changed(self._lines[update.currency], now)
        self._doubts = present.doubts
        self._since = present.complete_since
        self._until = min(present.dead_at, present.lease_ends_at)
        for update in told:
            self._told(update)

    def _changed_all(self, now: float) -> None:
        for line in self._lines.values():
            self._changed(line, now)

    def _changed(self, line: Line, now: float) -> None:
        """Take over what is shown of a currency now."""
        present, code = self._present, line.code
        balance = present.balances.get(code)
        value: Amounts | None
        if balance is None:
            unknown = present.complete_since is None or code in present.unknown
            value = None if unknown else ZEROS
            marked = UNNAMED in present.doubts
        else:
            marked = code in present.doubts
            value = line.value
            if balance is not line.balance:
                value = balance.available, balance.locked
        self._touch(line, now)
        line.balance = balance
        line.value = value
        if marked is not line.marked:
            line.marked = marked
            if marked:
                line.doubted = now
            else:
                self._doubt_ends(line, now)
        self._look(line)

    def _doubt_ends(self, line: Line, now: float) -> None:
        since = max(line.doubted, min(self._well_since, now))
        self.measures.doubts.append(now - since)

    def _told(self, update: AssetUpdate) -> None:
        """Judge an update: was it news, and did it ever happen?"""
        before, code = update.previous, update.currency
        amounts = update.available, update.locked
        line = self._lines[code]
        place = line.index.get(amounts, -1)
        if place < 0:
            self.counts["never held"] += 1
            self._find("invented", f"{code} was told to be {_text(amounts)}")
        by = TELLERS[update.source]
        if by == "push":
            if place in line.told:
                self._find("repeated", f"{code} was told to be {_text(amounts)} again")
            line.told.add(place)
        if before is None:
            return
        previous = before.available, before.locked
        if previous != line.past[-1] or amounts == previous:
            return
        # What was right is told to be something else.
        marked = " (marked)" if line.marked else ""
        self.counts[f"undone by {by}{marked}"] += 1
        text = f"{code}, which was right, became {_text(amounts)}{marked} by {by}"
        self._findings.note("UNDONE", text)
        if by == "push":
            if not marked and amounts == line.value:
                self._find("disordered", text)
        elif line.received == line.index[previous]:
            # Else it was right by chance: it came back, and we were not told.
            self._find("undone", text)
            line.undone.append(self._timeline.now)
            if line.undone[0] > self._timeline.now - SEESAW:
                self._find("seesaw", f"{code}: {len(line.undone)} times by reads")
            if by == "audit" and not marked and line.said[0] != line.said[1]:
                self._find("hasty", text)

    def pushed(self, pushes: Sequence[Pushed]) -> None:
        """Frames are about to be handed over on a connection that lives."""
        for push in pushes:
            self._receive(push.currency, push.index)

    def read(self, answer: Answer) -> None:
        """A read is about to be handed over that the machine waits for."""
        for code, place in answer.seen.items():
            self._receive(code, place)
            line = self._lines[code]
            line.said = line.said[1], place

    def replied(self, effects: Sequence[Effect]) -> None:
        """It was."""
        for effect in effects:
            if isinstance(effect, HangUp) and not self._present.state.final:
                self.counts["reconnects"] += 1

    def _receive(self, code: str, place: int) -> None:
        line = self._lines[code]
        if place > line.received:
            self._touch(line, self._timeline.now)
            line.received = place

    def _find(self, kind: str, text: str) -> None:
        if kind not in self._excused:
            self._findings.add(kind, text)
        self.counts[kind] += 1


def _text(amounts: Amounts | None) -> str:
    return "nothing" if amounts is None else "/".join(map(str, amounts))
