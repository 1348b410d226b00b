"""A model exchange in simulated time, and the real book, audit and reads against it.

The exchange keeps the true balances. What it pushes may be late, doubled, lost or
unreadable; its REST lags, may garble an entry and fail; connections end. ``World`` plays
the session and measures what the promise is about: how long a balance was wrong while
the stream was LIVE and the balance not in doubt.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Callable, Iterator, NamedTuple
from unittest import mock

from assetstream.audit import Audit, AuditSchedule, Verdict
from assetstream.book import BalanceBook, Moment
from assetstream.errors import AssetStreamError, ConnectionLost
from assetstream.events import AssetUpdate, Source
from assetstream.protocol import BalanceReport, Limits, Snapshot
from assetstream.runtime import reads as reads_module
from assetstream.runtime.http import HttpReply
from assetstream.runtime.reads import READ_TIMEOUT, Reads

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
START_MS = int(START.timestamp() * 1000)
CURRENCIES = ("BTC", "ETH", "USDT", "XRP")
#: As far behind as the promise allows REST to be, seconds.
MAX_LAG = 10.0
LIMITS = Limits(
    connects_per_second=1.0,
    reads_per_second=30.0,
    ping_interval=20.0,
    pong_timeout=10.0,
    audit_interval=60.0,
    audit_interval_locked=None,
)

Amounts = tuple[Decimal, Decimal]
ZEROS = (Decimal(0), Decimal(0))


class Push(NamedTuple):
    """What becomes of one change's push: when it arrives, if at all, and how."""

    #: Seconds until it arrives, once for each copy; () if it is lost.
    delays: tuple[float, ...] = (0.0,)
    #: "" if it can be read, else what of it cannot: "entry" or "frame".
    unreadable: str = ""


class Reply(NamedTuple):
    """How one REST read goes."""

    duration: float = 0.1
    lag: float = 0.0
    #: A currency whose entry cannot be read, "" for one without a name.
    garbled: str | None = None
    omitted: str | None = None
    fails: bool = False


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
        # The truth, when it became so, and when each former value ceased to be true.
        self.truth: dict[str, Amounts] = dict.fromkeys(CURRENCIES, ZEROS)
        self._history: list[tuple[float, str, Amounts]] = []
        self._left: dict[tuple[str, Amounts], float] = {}
        # The connection.
        self.generation = 0
        self.mute = False
        self.clock_step = 0.0
        self.live_since = math.inf
        # What the stream was told last, by the rules of the promise.
        self.newest: dict[str, tuple[Amounts, tuple[int, int]]] = {}
        self._last_reply: Snapshot = Snapshot(())
        self._snapshots: dict[bytes, Snapshot] = {}
        # Since when the truth is what it is, and when the stream learned of its own.
        self._true_since: dict[str, float] = dict.fromkeys(CURRENCIES, 0.0)
        self._learned: dict[str, float] = {}
        # When each currency was last pushed.
        self._excused: dict[str, float] = {}
        # When the newest push that could not be read told a change of it.
        self._unread: dict[str, float] = {}
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
        self.mute = False
        self.note(f"connection {self.generation}")
        self.reads.ready(self.generation, self.now)

    def disconnect(self, wait: float = 1.0) -> None:
        """The connection is lost; another follows."""
        self.note("disconnected")
        self.live_since = math.inf
        self.reads.disconnected()
        self.after(wait, self.connect)

    def change(self, currency: str, amounts: Amounts, push: Push) -> None:
        """The truth changes and is pushed."""
        before = self.truth[currency]
        if amounts == before:
            return
        self._left[currency, before] = self.now
        self.truth[currency] = amounts
        self._true_since[currency] = self.now
        self._history.append((self.now, currency, amounts))
        self.note(f"{currency} = {amounts[0]}/{amounts[1]} {push}")
        if self.mute or not self.live_or_reading:
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
    def live_or_reading(self) -> bool:
        """The exchange has someone to push to."""
        return self.reads._generation != 0

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
            if amounts != self.truth[code]:
                since = max(
                    self._left.get((code, amounts), -math.inf),
                    self._excused.get(code, -math.inf),
                    self.live_since,
                )
                wrong = self.now - since
                self.longest_wrong = max(self.longest_wrong, wrong)
                self.least_slack = min(self.least_slack, self.detection_time - wrong)

    def taken_for_read(self) -> list[str]:
        """Currencies that show, unmarked, what an unreadable push made out of date."""
        return [
            f"{code} shows {amounts}, a newer push could not be read"
            for code, amounts in self.unmarked()
            if amounts != self.truth[code]
            and self._left.get((code, amounts), -math.inf)
            < self._unread.get(code, -math.inf)
        ]

    def not_the_newest(self) -> list[str]:
        """Currencies that do not show the newest value that was sent to us."""
        return [
            f"{code} shows {amounts}, was told {self.newest[code][0]}"
            for code, amounts in self.unmarked()
            if code in self.newest and amounts != self.newest[code][0]
        ]

    # What the reads see: an exchange, a REST client, an owner.

    def read(self, nonce: str) -> None:
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
        body = str(next(self._order)).encode()
        self._snapshots[body] = self._snapshot(as_of, reply)
        self._end_call(duration, done, HttpReply(200, {}, body))

    def read_replied(self, status: int, headers: object, body: bytes) -> Snapshot:
        """Understand a reply."""
        self._last_reply = self._snapshots.pop(body)
        return self._last_reply

    def cancel(self) -> None:
        """The call under way ends at once, with an error."""
        for done in self._under_way:
            self._end_call(0.0, done, ConnectionLost("given up"))

    def moment(self) -> Moment:
        """The present moment."""
        received = START + timedelta(seconds=self.now + self.clock_step)
        milliseconds = START_MS + int((self.now + self.clock_step) * 1000)
        return Moment(self.now, received, milliseconds, self.generation)

    def merged(self, news: list[AssetUpdate]) -> None:
        """The snapshot of a connection is merged."""
        self._told(news)
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
            self.disconnect()

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
            if generation != self.generation or not self.live_or_reading:  # W1
                return
            self._excused[report.currency] = self.now
            if unreadable:
                self.note(f"unreadable {unreadable} of {report.currency}")
                named = report.currency if unreadable == "entry" else None
                assert report.key is not None
                changed = (report.key[0] - START_MS) / 1000 - 0.001
                before = self._unread.get(report.currency, -math.inf)
                self._unread[report.currency] = max(before, changed)
                self.book.doubt(named, self.now)
                self.reads.doubted(self.now)
                return
            self._pushed(report)

        return arrive

    def _pushed(self, report: BalanceReport) -> None:
        assert report.key is not None and report.available is not None
        assert report.locked is not None
        code, moment = report.currency, self.moment()
        was_right = self._is_right(code, self.shown(code))
        known = self.newest.get(code)
        ahead = report.key[0] > moment.exchange_ms + 60_000  # K3
        if known is None or ahead or report.key > known[1]:
            key = known[1] if known and ahead else report.key
            if ahead and known is None:
                key = (0, 0)
            self.newest[code] = ((report.available, report.locked), key)
        news = self.book.push([report], moment)
        self.reads.pushed()
        if any(isinstance(item, AssetStreamError) for item in news):
            self.reads.doubted(self.now)
        self._learned[code] = self.now
        if was_right and self.shown(code) != self.truth[code]:
            self.counts["undone by a late push"] += 1
        self.note(f"pushed {code} {report.available}/{report.locked}")

    def _is_right(self, code: str, amounts: Amounts | None) -> bool:
        """Tell whether it is the truth, and not only because that returned to it."""
        learned = self._learned.get(code, -math.inf)
        return amounts == self.truth[code] and learned >= self._true_since[code]

    def _told(self, news: Any) -> None:
        """Take what a read led to for the newest, if the read did say so."""
        read = {r.currency: (r.available, r.locked) for r in self._last_reply.balances}
        for update in news:
            code = update.currency
            amounts = (update.available, update.locked)
            key = self.newest.get(code, (ZEROS, (0, 0)))[1]
            if read.get(code, ZEROS) == amounts:
                self.newest[code] = (amounts, key)
            assert update.previous is None or update.source is not Source.SNAPSHOT
            before = update.previous
            right = before and self._is_right(code, (before.available, before.locked))
            self._learned[code] = self.now
            if right and amounts != self.truth[code]:
                entry = self.book.entry(code)
                marked = " (marked)" if entry and entry.doubted is not None else ""
                self.counts[f"destroyed by {update.source}{marked}"] += 1
                self.note(f"DESTROYED {code} by {update.source}{marked}")

    def _snapshot(self, as_of: float, reply: Reply) -> Snapshot:
        then: dict[str, Amounts] = {}
        for when, code, amounts in self._history:
            if when > as_of:
                break
            then[code] = amounts
        self.note(f"read as of {as_of - 1000:.3f}: {reply}")
        reports = tuple(
            BalanceReport(code, *amounts)
            for code, amounts in then.items()
            if amounts != ZEROS and code not in (reply.garbled, reply.omitted)
        )
        unreadable = ()
        if reply.garbled is not None and (reply.garbled in then or not reply.garbled):
            unreadable = (reply.garbled,)
        return Snapshot(reports, unreadable, empty=not reports)


class Faults(NamedTuple):
    """How the model exchange misbehaves; probabilities, and times in seconds."""

    lost: float = 0.1
    late: float = 0.1
    doubled: float = 0.1
    unreadable: float = 0.03
    max_delay: float = 15.0
    max_lag: float = MAX_LAG
    garbled: float = 0.05
    failing: float = 0.0
    #: Of each change: the connection is lost, or goes mute, or our clock steps.
    disconnects: float = 0.02
    mute: float = 0.01
    clock_steps: float = 0.02


def simulate(
    seed: int, faults: Faults = Faults(), duration: float = 600.0, **options: Any
) -> World:
    """Play one account's life with random changes and faults; return what became."""
    rng = random.Random(seed)
    world = World(lambda: _random_reply(rng, faults), rng, **options)
    for code in CURRENCIES:
        world.change(code, _amounts(rng), Push(()))
    world.advance(20.0)
    world.connect()
    pace = rng.choice((0.5, 5.0, 30.0))
    end = world.now + duration
    while world.now < end:
        world.advance(rng.expovariate(1 / pace))
        busy = world.now % 200 < 100
        code = rng.choice(CURRENCIES if busy else CURRENCIES[:2])
        world.change(code, _amounts(rng), _random_push(rng, faults))
        if rng.random() < faults.disconnects and world.live_or_reading:
            world.disconnect(rng.uniform(0.5, 20.0))
        world.mute = world.mute or rng.random() < faults.mute
        if rng.random() < faults.clock_steps:
            world.clock_step = rng.choice((0.0, 0.0, -3600.0, -61.0, 3600.0))
        world.counts["not the newest"] += bool(world.not_the_newest())
        world.counts["unreadable taken for read"] += bool(world.taken_for_read())
    return world


def _amounts(rng: random.Random) -> Amounts:
    # Few values, so that a balance often returns to one it had before (A3).
    return Decimal(rng.randrange(6)), Decimal(rng.choice((0, 0, 1)))


def _random_push(rng: random.Random, faults: Faults) -> Push:
    if rng.random() < faults.lost:
        return Push(())
    delays = [rng.uniform(0.01, 0.3)]
    if rng.random() < faults.late:
        delays = [rng.uniform(0.3, faults.max_delay)]
    if rng.random() < faults.doubled:
        delays.append(delays[0] + rng.uniform(0.0, faults.max_delay))
    unreadable = ""
    if rng.random() < faults.unreadable:
        unreadable = rng.choice(("entry", "entry", "frame"))
    return Push(tuple(delays), unreadable)


def _random_reply(rng: random.Random, faults: Faults) -> Reply:
    return Reply(
        duration=rng.choice((0.05, 0.5, rng.uniform(0.0, READ_TIMEOUT))),
        lag=rng.choice((0.0, faults.max_lag, rng.uniform(0.0, faults.max_lag))),
        garbled=rng.choice((*CURRENCIES, ""))
        if rng.random() < faults.garbled
        else None,
        fails=rng.random() < faults.failing,
    )
