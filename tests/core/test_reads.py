"""The reads of one stream: when they are due, and the outcome of each reply."""

from __future__ import annotations

from typing import Any

import pytest

from assetstream.core.audit import PATIENCE
from assetstream.core.audit_schedule import AuditSchedule
from assetstream.core.book import BalanceBook
from assetstream.core.effects import Ask, CallOff, Fetch, Forgo, Turn
from assetstream.core.outcomes import HttpReply
from assetstream.core.present import Present
from assetstream.core.reads import AUDIT_PACE, READ_TIMEOUT, Read, ReadFailed, Reads
from assetstream.exchanges import CoinW, Upbit
from assetstream.model.errors import ConnectionLost, ProtocolError
from assetstream.protocol import NEVER, HttpCall, Instant
from tests.support.books import at, report
from tests.support.specs import SPECS, START_MS


class Subject:
    """Reads of an Upbit account, on a connection whose subscription is proved."""

    def __init__(self) -> None:
        self.spec = SPECS["upbit"]
        exchange = self.spec.make()
        self.book = BalanceBook(Present("upbit", "upbit-1"))
        self.schedule = AuditSchedule(
            exchange.limits, 60.0, lambda: 0.5, adaptive=False
        )
        self.reads = Reads(exchange, self.book, self.schedule, lambda: 0.5)
        self.ticket = 0
        self.reads.ready(0.0)

    def fetch(self, now: float) -> Fetch:
        """Ask for the read that is due, and grant it."""
        self.ticket += 1
        ask = self.reads.ask(now, self.ticket)
        assert ask is not None
        instant = Instant(now, START_MS + int(now * 1000))
        fetch = self.reads.granted(ask.ticket, instant, "nonce")
        assert fetch is not None
        return fetch

    def reply(self, now: float, outcome: Any = None) -> Read | ReadFailed:
        """Answer the read under way, by default with good balances."""
        if isinstance(outcome, (bytes, type(None))):
            outcome = HttpReply(200, {}, outcome or self.spec.reply)
        assert self.reads.waits_for(self.ticket)
        return self.reads.replied(outcome, now, at(now))

    def read(self, now: float, outcome: Any = None) -> Read | ReadFailed:
        """Ask for a read, grant it, and answer it."""
        self.fetch(now)
        return self.reply(now, outcome)


@pytest.fixture
def subject() -> Subject:
    return Subject()


def test_a_snapshot_is_read_first(subject: Subject) -> None:
    """One turn and one call fill the book."""
    assert subject.reads.deadline == 0.0
    assert subject.reads.ask(0.0, 7) == Ask(7, Turn.SNAPSHOT)
    assert subject.reads.deadline == NEVER
    fetch = subject.reads.granted(7, Instant(0.0, START_MS), "nonce")
    assert fetch is not None
    assert fetch.timeout == READ_TIMEOUT
    subject.ticket = 7
    merged = subject.reply(0.5)

    assert isinstance(merged, Read)
    assert merged.merged
    assert len(merged.items) == subject.spec.balances
    assert subject.reads.deadline == 5.5


def test_a_call_is_signed_when_it_is_granted(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signature is made at the grant, as it does not keep."""
    signed: list[tuple[Instant, str]] = []
    call = HttpCall("GET", "https://localhost/")

    def read(exchange: Upbit, instant: Instant, nonce: str) -> HttpCall:
        signed.append((instant, nonce))
        return call

    monkeypatch.setattr(Upbit, "read", read)
    subject.reads.ask(0.0, 1)
    assert signed == []
    instant = Instant(30.0, START_MS + 30_000)
    fetch = subject.reads.granted(1, instant, "nonce")

    assert signed == [(instant, "nonce")]
    assert fetch == Fetch(1, call, READ_TIMEOUT)


def test_w1_nothing_of_a_lost_connection_counts(subject: Subject) -> None:
    """A queued read is forgone, one under way called off, its reply dropped."""
    subject.reads.ask(0.0, 1)
    assert subject.reads.disconnected() == Forgo(1)
    assert subject.reads.granted(1, Instant(1.0, START_MS), "nonce") is None
    assert subject.reads.disconnected() is None
    assert subject.reads.deadline == NEVER

    subject.ticket = 1
    subject.reads.ready(2.0)
    subject.fetch(2.0)
    assert subject.reads.disconnected() == CallOff(2)
    assert not subject.reads.waits_for(1)
    assert subject.book.present.balances == {}


def test_s2_an_account_may_be_empty(subject: Subject) -> None:
    """The stream is LIVE, and asks once more when REST must have caught up."""
    read = subject.read(0.0, subject.spec.void)
    assert isinstance(read, Read)
    assert read.merged
    assert subject.schedule.due_at == 5.0
    subject.read(5.0, subject.spec.void)
    assert subject.book.present.doubts
    assert subject.reads.deadline == pytest.approx(10.001)
    subject.read(10.001, subject.spec.void)

    assert not subject.book.present.doubts


def test_s3_a_failed_read_is_tried_again(subject: Subject) -> None:
    """The read backs off, and still reads the snapshot."""
    waits: list[float] = []
    now = 0.0
    for _ in range(5):
        failed = subject.read(now, ConnectionLost("gone"))
        assert isinstance(failed, ReadFailed)
        waits.append(subject.reads.deadline - now)
        now = subject.reads.deadline
    ask = subject.reads.ask(now, 99)

    assert waits == sorted(waits)
    assert waits[0] < waits[-1] <= 60
    assert ask == Ask(99, Turn.SNAPSHOT)


def test_s3_a_read_that_succeeds_lets_the_waits_begin_anew(subject: Subject) -> None:
    """The next failure is another one."""
    subject.read(0.0, ConnectionLost("gone"))
    first = subject.reads.deadline
    subject.read(first, ConnectionLost("gone"))
    assert subject.reads.deadline > 2 * first
    subject.read(10.0)
    subject.reads.disconnected()
    subject.reads.ready(100.0)
    subject.read(100.0, ConnectionLost("gone"))

    assert subject.reads.deadline == pytest.approx(100 + first)


def test_s3_what_cannot_be_understood_has_failed(subject: Subject) -> None:
    """The outcome is an error, not an account of zeros."""
    failed = subject.read(0.0, b'[{"currency":5}]')
    assert isinstance(failed, ReadFailed)
    assert isinstance(failed.error, ProtocolError)
    assert subject.book.present.balances == {}


def test_s2_an_entry_that_cannot_be_read_is_reported_once(subject: Subject) -> None:
    """Later audits do not report the entry again; it stays in doubt."""
    garbled = subject.spec.reply.replace(b'"balance":"', b'"balance":"x', 1)
    assert garbled != subject.spec.reply
    merged = subject.read(0.0, garbled)
    assert isinstance(merged, Read)
    assert isinstance(merged.items[0], ProtocolError)
    again = subject.read(20.0, garbled)

    assert isinstance(again, Read)
    assert not [i for i in again.items if isinstance(i, ProtocolError)]
    assert subject.book.present.doubts


def test_a6_audits_keep_their_pace(subject: Subject) -> None:
    """Audits are at least five seconds apart, whatever their cause."""
    subject.read(0.0)
    audited = subject.read(5.0)
    assert isinstance(audited, Read)
    assert not audited.merged
    subject.schedule.request(5.1)

    assert subject.reads.deadline == 5.0 + AUDIT_PACE
    assert subject.book.present.audits == 1


def test_a2_the_second_read_of_an_audit_follows_two_seconds_later(
    subject: Subject,
) -> None:
    """The second read checks a drift, 2 s after the first was written."""
    subject.read(0.0)
    less = subject.spec.reply.replace(b'"balance":"1', b'"balance":"2', 1)
    assert less != subject.spec.reply
    first = subject.read(20.0, less)
    assert isinstance(first, Read)
    assert first.judged.second
    assert subject.book.present.audits == 0
    assert subject.reads.deadline == 22.0
    second = subject.read(22.0, less)

    assert isinstance(second, Read)
    assert second.judged.drifts == 1
    assert subject.book.present.audits == 1
    assert subject.book.present.drifts == 1


def test_reads_keep_the_exchanges_limit(subject: Subject) -> None:
    """New connections do not reset the limit."""
    subject.read(0.0)
    subject.reads.disconnected()
    subject.reads.ready(0.01)

    limits = subject.spec.make().limits
    assert subject.reads.deadline == pytest.approx(limits.reads.pace)


def test_patience_ends_by_a_deadline_of_its_own(subject: Subject) -> None:
    """What no push has explained is in doubt, and compared when REST caught up."""
    for now in (0.0, 5.0, 15.0):
        subject.read(now)
    (first, *_) = subject.book.present.balances
    pushed = report(first, "7", key=(16_000, 0))
    subject.book.push([pushed], at(16.0))
    subject.schedule.request(20.0)
    other = subject.spec.reply.replace(b'"balance":"1', b'"balance":"2', 1)
    subject.read(20.0, other)
    assert subject.reads.deadline == 20.0 + PATIENCE
    subject.reads.due(20.0 + PATIENCE - 0.1)
    assert not subject.book.present.doubts
    subject.reads.due(20.0 + PATIENCE)

    assert set(subject.book.present.doubts) == {first}
    assert subject.schedule.due_at == pytest.approx(30.001)


def test_a7_what_is_held_back_pulls_the_audits_in() -> None:
    """Only for pushes with something locked is the interval looked at."""
    subject = Subject()
    subject.schedule = AuditSchedule(CoinW.limits, 30.0, lambda: 0.5, adaptive=True)
    exchange = subject.spec.make()
    subject.reads = Reads(exchange, subject.book, subject.schedule, lambda: 0.5)
    subject.reads.ready(0.0)
    subject.read(0.0)
    (first, *_) = subject.book.present.balances

    def push(now: float, locked: str) -> None:
        key = int(now * 1000), 0
        pushed = subject.book.push([report(first, "1", locked, key)], at(now))
        subject.reads.pushed(pushed.items, now)

    push(1.0, "0")
    for now in (5.0, 20.0):
        subject.read(now)
    assert subject.schedule.lease_ends_at == 20.0 + 90.0
    subject.schedule.due_at = 50.0
    push(25.0, "0")
    assert subject.schedule.lease_ends_at == 110.0
    push(26.0, "1")

    assert subject.schedule.lease_ends_at == 80.0
    assert subject.schedule.due_at == 35.0
