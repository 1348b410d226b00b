"""A model exchange in simulated time, and the real book, audit and reads against it.

The exchange keeps the true balances. What it pushes may be late, doubled, lost or
unreadable; its REST lags, may garble an entry and fail; connections end. ``World``
plays the session and measures what the promise is about: how long a balance was wrong
while the stream was LIVE and the balance not in doubt.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import Counter
from datetime import timedelta
from typing import Any, Callable, Iterator, NamedTuple
from unittest import mock

from assetstream.runtime.reads import READ_TIMEOUT, Reads

from assetstream.core.audit import Audit, Verdict
from assetstream.core.audit_schedule import AuditSchedule
from assetstream.core.book import BalanceBook
from assetstream.core.moment import Moment
from assetstream.model.errors import AssetStreamError, ConnectionLost
from assetstream.model.events import AssetUpdate, Source
from assetstream.protocol import BalanceReport, Instant, Limits, Snapshot
from assetstream.runtime import reads as reads_module
from assetstream.runtime.net.rest_client import HttpReply
from tests.support.books import START, START_MS
from tests.support.model_exchange import CURRENCIES, ZEROS, Amounts, Ledger, Push, Reply

LIMITS = Limits(
    connects_per_second=1.0,
    reads_per_second=30.0,
    ping_interval=20.0,
    pong_timeout=10.0,
    audit_interval=60.0,
    audit_interval_locked=None,
)


class World:
    """One account at a model exchange, and one stream that follows it.

    Args:
        reply: says how the next REST read goes.
        rng: for the jitter of the audits.
        limits: the exchange's.
        adaptive: the audit interval is the exchange's own.
    """

    def __init__(
        self,
        reply: Callable[[], Reply],
        rng: random.Random,
        limits: Limits = LIMITS,
        adaptive: bool = True,
    ) -> None:
        self.now = 1000.0
        self.limits = limits
        self._reply = reply
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count(1)
        self.ledger = Ledger()
        # The connection.
        self.generation = 0
        self.connected = False
        self.mute = False
        self.clock_step = 0.0
        self.live_since = math.inf
        # What the stream was told last, by the rules of the promise.
        self.newest: dict[str, tuple[Amounts, tuple[int, int]]] = {}
        self._last_reply: Snapshot = Snapshot(())
        self._snapshots: dict[bytes, Snapshot] = {}
        # When the stream learned of what it shows.
        self._learned: dict[str, float] = {}
        # Since when each was wrong, and the shortest detection time shown since.
        self._promised: dict[str, tuple[float, float]] = {}
        # When each currency was last pushed.
        self._excused: dict[str, float] = {}
        # When the newest push that could not be read told a change of it.
        self._unread: dict[str, float] = {}
        # The present connection, or the one to come, is there because of an audit.
        self._because_of_audit = False
        self._under_way: list[Callable[[Any], None]] = []
        #: What happened, counted.
        self.counts: Counter[str] = Counter()
        #: The longest that a balance was wrong, LIVE and unmarked; and its slack.
        self.longest_wrong = 0.0
        self.least_slack = math.inf
        self.trace: list[str] = []

        self.book = BalanceBook("model", "model-1")
        self.audit = Audit(self.book, limits)
        self.schedule = AuditSchedule(
            limits, limits.audit_interval, rng.random, adaptive=adaptive
        )
        parts: Any = self  # It is exchange, REST and owner of the reads in one.
        self.reads = Reads(
            parts, self.book, self.audit, self.schedule, parts, parts, rng.random
        )

    # What a test does to it.

    def connect(self) -> None:
        """A connection is made and its subscription proved."""
        self.generation += 1
        self.connected = True
        self.mute = False
        self.note(f"connection {self.generation}")
        self.reads.ready(self.generation, self.now)

    def disconnect(self, wait: float = 1.0) -> None:
        """The connection is lost; another follows."""
        self.note("disconnected")
        self.connected = False
        self.live_since = math.inf
        self.reads.disconnected()
        self.after(wait, self.connect)

    def change(self, currency: str, amounts: Amounts, push: Push) -> None:
        """The truth changes and is pushed."""
        if amounts == self.ledger.now[currency]:
            return
        self.ledger.change(self.now, currency, amounts)
        self.note(f"{currency} = {amounts[0]}/{amounts[1]} {push}")
        if self.mute or not self.connected:
            return
        key = (START_MS + int(self.now * 1000), next(self._order))
        report = BalanceReport(currency, *amounts, key)
        for delay in push.delays:
            self.after(delay, self._arrival(self.generation, report, push.unreadable))

    def advance(self, seconds: float) -> None:
        """Let time pass, with all that happens in it."""
        end = self.now + seconds
        with mock.patch.object(reads_module, "clock", self._Clock(self)):
            while True:
                due = self.reads.deadline
                event = self._events[0][0] if self._events else math.inf
                if self.live_since < math.inf:
                    event = min(event, max(self.schedule.lease_ends_at, self.now))
                if min(due, event) > end:
                    break
                self.now = max(self.now, min(due, event))
                self.judge()
                if self.now >= self.schedule.lease_ends_at and self.is_live:  # A7
                    self.note("lease ended")
                    self.live_since = math.inf
                    self.counts["leases ended"] += 1
                elif event <= due:
                    heapq.heappop(self._events)[2]()
                else:
                    self.reads.due(self.now)
        self.now = end
        self.judge()

    # What is asked of it.

    @property
    def is_live(self) -> bool:
        """The stream says LIVE."""
        return self.live_since < math.inf

    @property
    def detection_time(self) -> float:
        """What ``health()`` would show."""
        shown = self.schedule.detection_time(self.now, self.book, READ_TIMEOUT)
        assert shown is not None
        return shown

    def shown(self, currency: str) -> Amounts | None:
        """What the stream says of a currency; None if nothing."""
        balance = self.book.balance(currency)
        return None if balance is None else (balance.available, balance.locked)

    def unmarked(self) -> Iterator[tuple[str, Amounts]]:
        """The balances that the promise holds for at this moment."""
        if self.is_live:
            for code in CURRENCIES:
                amounts = self.shown(code)
                entry = self.book.entry(code) or self.book.absent
                if entry.doubted is None and amounts is not None:
                    yield code, amounts

    def judge(self) -> None:
        """Measure how long each unmarked balance has been wrong by now."""
        for code, amounts in self.unmarked():
            if amounts != self.ledger.now[code]:
                since = max(
                    self.ledger.left(code, amounts),
                    self._excused.get(code, -math.inf),
                    self.live_since,
                )
                wrong = self.now - since
                # Whoever looked while it was wrong may go by what was shown then.
                before, promise = self._promised.get(code, (since, math.inf))
                if before != since:
                    promise = math.inf
                promise = min(promise, self.detection_time)
                self._promised[code] = (since, promise)
                self.longest_wrong = max(self.longest_wrong, wrong)
                self.least_slack = min(self.least_slack, promise - wrong)

    def taken_for_read(self) -> list[str]:
        """Currencies that show, unmarked, what an unreadable push made out of date."""
        return [
            f"{code} shows {amounts}, a newer push could not be read"
            for code, amounts in self.unmarked()
            if amounts != self.ledger.now[code]
            and self.ledger.left(code, amounts) < self._unread.get(code, -math.inf)
        ]

    def not_the_newest(self) -> list[str]:
        """Currencies that do not show the newest value that was sent to us."""
        return [
            f"{code} shows {amounts}, was told {self.newest[code][0]}"
            for code, amounts in self.unmarked()
            if code in self.newest and amounts != self.newest[code][0]
        ]

    # What the reads see: an exchange, a REST client, an owner.

    def read(self, instant: Instant, nonce: str) -> None:
        """Describe the call."""

    def fetch(self, call: None, timeout: float, done: Callable[[Any], None]) -> None:
        """Answer a REST read, later."""
        reply = self._reply()
        as_of = self.now - reply.lag
        duration = min(reply.duration, timeout)
        self._under_way.append(done)
        if reply.fails:
            error = ConnectionLost("the model's REST failed")
            self._end_call(duration, done, error)
            return
        self.note(f"read as of {as_of - 1000:.3f}: {reply}")
        body = str(next(self._order)).encode()
        self._snapshots[body] = self.ledger.snapshot(as_of, reply)
        self._end_call(duration, done, HttpReply(200, {}, body))

    def redacted(self, data: bytes) -> bytes:
        """It has no secrets."""
        return data

    def read_replied(self, status: int, headers: object, body: bytes) -> Snapshot:
        """Understand a reply."""
        self._last_reply = self._snapshots.pop(body)
        return self._last_reply

    def call_off(self) -> None:
        """The call under way ends at once, with an error."""
        for done in self._under_way:
            self._end_call(0.0, done, ConnectionLost("given up"))

    def instant(self, now: float) -> Instant:
        """Return the monotonic time ``now`` as adapters are given it."""
        return Instant(now, self.moment().exchange_ms)

    def moment(self) -> Moment:
        """The present moment."""
        received = START + timedelta(seconds=self.now + self.clock_step)
        milliseconds = START_MS + int((self.now + self.clock_step) * 1000)
        return Moment(self.now, received, milliseconds, self.generation)

    def merged(self, news: list[AssetUpdate]) -> None:
        """The snapshot of a connection is merged."""
        self._told(news)
        self._because_of_audit = False
        self.live_since = self.now
        self.note(f"LIVE, in doubt: {self.book.in_doubt()}")

    def audited(self, verdict: Verdict) -> None:
        """An audit is completed."""
        self.counts["audits"] += 1
        self._told(u for u in verdict.news if isinstance(u, AssetUpdate))
        self.note(f"audited: {verdict}")
        if not self.is_live:
            self.live_since = self.now
        if verdict.reconnect:
            self.counts["reconnects"] += 1
            self._because_of_audit = True
            self.disconnect()

    def warn(self, error: AssetStreamError) -> None:
        self.note(f"told: {error}")

    def read_failed(self, error: AssetStreamError) -> bool:
        """A read failed; another may be tried."""
        self.counts["failed reads"] += 1
        return True

    # Within.

    class _Clock(NamedTuple):
        world: World

        def now(self) -> float:
            return self.world.now

    def note(self, text: str) -> None:
        """Keep a trace to read when a test fails."""
        self.trace.append(f"{self.now - 1000:9.3f} {text}")

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        """Do something later."""
        heapq.heappush(self._events, (self.now + seconds, next(self._order), event))

    def _end_call(
        self, duration: float, done: Callable[[Any], None], result: object
    ) -> None:
        def end() -> None:
            if done in self._under_way:
                self._under_way.remove(done)
                done(result)

        self.after(duration, end)

    def _arrival(
        self, generation: int, report: BalanceReport, unreadable: str
    ) -> Callable[[], None]:
        def arrive() -> None:
            if generation != self.generation or not self.connected:  # W1
                return
            self._excused[report.currency] = self.now
            if unreadable:
                self.note(f"unreadable {unreadable} of {report.currency}")
                named = report.currency if unreadable == "entry" else None
                assert report.key is not None
                changed = (report.key[0] - START_MS) / 1000 - 0.001
                before = self._unread.get(report.currency, -math.inf)
                self._unread[report.currency] = max(before, changed)
                self.book.doubt(named, self.moment())
                self.reads.doubted(self.now)
                return
            self._pushed(report)

        return arrive

    def _pushed(self, report: BalanceReport) -> None:
        assert report.key is not None
        code, moment = report.currency, self.moment()
        was_right = self._is_right(code, self.shown(code))
        known = self.newest.get(code)
        ahead = report.key[0] > moment.exchange_ms + 60_000  # K3
        if known is None or ahead or report.key > known[1]:
            key = known[1] if known and ahead else report.key
            if ahead and known is None:
                key = (0, 0)
            self.newest[code] = (_amounts(report), key)
        news = self.book.push([report], moment)
        self.reads.pushed()
        if any(isinstance(item, AssetStreamError) for item in news):
            self.reads.doubted(self.now)
        self._learned[code] = self.now
        if was_right and self.shown(code) != self.ledger.now[code]:
            self.counts["undone by a late push"] += 1
        self.note(f"pushed {code} {report.available}/{report.locked}")

    def _is_right(self, code: str, amounts: Amounts | None) -> bool:
        """Tell whether it is the truth, and not only because that returned to it."""
        learned = self._learned.get(code, -math.inf)
        return amounts == self.ledger.now[code] and learned >= self.ledger.since[code]

    def _told(self, news: Any) -> None:
        """Take what a read led to for the newest, if the read did say so."""
        read = {r.currency: r for r in self._last_reply.balances}
        for update in news:
            code = update.currency
            amounts = (update.available, update.locked)
            key = self.newest.get(code, (ZEROS, (0, 0)))[1]
            said = read.get(code, BalanceReport(code, *ZEROS))
            if _amounts(said) == amounts:
                self.newest[code] = (amounts, key)
            before = update.previous
            right = before and self._is_right(code, (before.available, before.locked))
            self._learned[code] = self.now
            if right and amounts != self.ledger.now[code]:
                entry = self.book.entry(code)
                marked = " (marked)" if entry and entry.doubted is not None else ""
                self.counts[f"destroyed by {update.source}{marked}"] += 1
                self.note(f"DESTROYED {code} by {update.source}{marked}")
                if self._because_of_audit and update.source is Source.RECOVERED:
                    self.counts[f"undone after an audit's reconnect{marked}"] += 1


def _amounts(report: BalanceReport) -> Amounts:
    assert report.available is not None
    assert report.locked is not None
    return report.available, report.locked
