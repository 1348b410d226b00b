"""The audit finds what was never pushed by comparing the book with REST.

Pure, like the book. ``Audit`` judges reads, ``audit_schedule`` plans them,
and ``reads`` asks for them. The rules, with those kept there:

=====  ==============================================================================
A1     5 s and 15 s after LIVE, then every audit interval, +- 20 %.
A2     A currency is judged only on two reads sent at least 10 s after its last push and
       2 s apart, with no push before the second is merged. A push that could not be
       read, another reason for doubt and a read that changed it count like a push.
A3     A read equal to a value held within 5 minutes may be a lagging replica's: wait
       until 60 s after the last push.
A4     Both reads differ from the book and agree: the book is corrected. They differ
       from each other too: the later one is taken and the connection made anew.
A5     Drift with no push since the last clean audit: make the connection anew, after
       the third in a row at a slow pace.
A6     Causes coalesce (``reads`` keeps the pace, ``turns`` the budget of the place).
A7     LIVE is a lease: no completed audit for 2 intervals + 30 s ends it.
A8     A currency that drifts in 3 successive audits with pushes between: one error, the
       push is kept, in doubt.
=====  ==============================================================================
"""

from __future__ import annotations

import math

from msgspec import Struct

from assetstream.core.book import REST_LAG, ZERO, BalanceBook
from assetstream.core.entry import Entry
from assetstream.core.moment import Stamp
from assetstream.model.errors import AssetStreamError, ProtocolError
from assetstream.model.events import AssetUpdate
from assetstream.protocol import BalanceReport, Limits, Snapshot

__all__ = ["LAG_WAIT", "SECOND_READ", "Audit", "AuditResult"]

#: The second read is sent this long after the first (A2, S2).
SECOND_READ = 2.0
#: A value that was recently held is believed this long after the last push (A3).
LAG_WAIT = 60.0
#: Drifts in a row, pushes between, that make a dispute (A8).
DRIFTS_TO_DISPUTE = 3
#: Reconnects in a row for drift before they are paced (A5).
FREE_RECONNECTS = 3


class AuditResult(Struct):
    """The effect of one read of an audit.

    Attributes:
        second: a second read is needed, at least ``SECOND_READ`` after the first.
        items: updates and errors to publish, in order.
        reconnect: why the connection should be made anew, or None.
        drifts: how many currencies were corrected or disputed.
        again_at: monotonic time at which a currency can be judged; inf if none waits.
    """

    second: bool = False
    items: list[AssetUpdate | AssetStreamError] = []
    reconnect: str | None = None
    drifts: int = 0
    again_at: float = math.inf


class Audit:
    """Judges the reads of one audit after the other."""

    def __init__(self, book: BalanceBook, limits: Limits) -> None:
        self._book = book
        self._limits = limits
        # Currencies whose first read differed, with its report.
        self._suspects: dict[str, BalanceReport] = {}
        self._first_sent = -math.inf
        # When a currency can be judged that the first read could not judge yet.
        self._again_at = math.inf
        self._clean_at = -math.inf
        self._reconnects = 0
        self._reconnected_at = -math.inf

    def connected(self, now: float) -> None:
        """Note a merged snapshot, which counts as a clean audit (A5)."""
        self._suspects.clear()
        self._clean_at = now

    def first_read(self, snapshot: Snapshot, at: Stamp, sent: float) -> AuditResult:
        """Compare the first read; suspects ask for a second one."""
        result = AuditResult(items=[])
        self._suspects.clear()
        self._first_sent = sent
        self._book.doubt_unread(snapshot, at)  # S2
        for report in self._readings(snapshot):
            entry = self._book.entry(report.currency) or Entry()
            if not self._may_judge(entry, sent):
                self._try_again(entry, result)
            elif not self._explained(entry, report, at, result):
                self._suspects[report.currency] = report
        absent = self._book.absent
        if absent.doubted is not None and snapshot.complete:
            if self._may_judge(absent, sent):
                absent.settle()
            else:
                self._try_again(absent, result)
        result.second = bool(self._suspects)
        self._again_at = result.again_at
        if not result.second and result.again_at == math.inf:
            self._clean_at = at.now
        self._book.publish()
        return result

    def second_read(self, snapshot: Snapshot, at: Stamp, sent: float) -> AuditResult:
        """Judge the suspects of the first read (A2-A5, A8)."""
        result = AuditResult(items=[], again_at=self._again_at)
        self._book.doubt_unread(snapshot, at)  # S2
        readings = {r.currency: r for r in self._readings(snapshot)}
        unequal = False
        for code, before in self._suspects.items():
            report = readings.get(code)
            entry = self._book.entry(code) or Entry()
            if report is None:  # Not understood this time: in doubt.
                continue
            if entry.heard_at >= self._first_sent:  # A2
                self._try_again(entry, result)
            elif not self._explained(entry, report, at, result):
                unequal = unequal or not _same(before, report)
                self._drifted(code, report, at, result)
        self._suspects.clear()
        mute = self._book.pushed_at < self._clean_at
        if unequal or (result.drifts and mute):
            result.reconnect = self._reconnect(at.now, unequal)
        elif result.drifts == 0 and result.again_at == math.inf:
            self._clean_at = at.now
        self._book.publish()
        return result

    def pushed(self) -> None:
        """Note a push: the subscription works, drift starts counting anew (A5)."""
        self._reconnects = 0

    def _readings(self, snapshot: Snapshot) -> list[BalanceReport]:
        """Return the read's amounts of each currency it covers (S2)."""
        readings = list(snapshot.balances)
        if snapshot.complete:
            named = {report.currency for report in readings}
            readings += [
                BalanceReport(code, ZERO, ZERO)
                for code in self._book.entries()
                if code not in named
            ]
        # A zero of a currency without an entry changes nothing.
        return [
            r
            for r in readings
            if r.available or r.locked or self._book.entry(r.currency) is not None
        ]

    @staticmethod
    def _may_judge(entry: Entry, sent: float) -> bool:
        return sent - entry.heard_at >= REST_LAG  # A2

    @staticmethod
    def _explained(
        entry: Entry, report: BalanceReport, at: Stamp, result: AuditResult
    ) -> bool:
        """True if a read agrees, or may be a lagging replica's: no suspicion."""
        if entry.equals(report):
            entry.settle()
            return True
        waits_until = entry.pushed_at + LAG_WAIT
        if at.now < waits_until and entry.held_recently(report, at.now):  # A3
            result.again_at = min(result.again_at, waits_until)
            return True
        return False

    @staticmethod
    def _try_again(entry: Entry, result: AuditResult) -> None:
        # Only doubt is worth an extra read: a busy currency heals itself (A2).
        if entry.doubted is not None and not entry.disputed:
            result.again_at = min(result.again_at, entry.heard_at + REST_LAG)

    def _drifted(
        self, code: str, report: BalanceReport, at: Stamp, result: AuditResult
    ) -> None:
        entry = self._book.entry(code)
        if entry is not None and entry.disputed:
            return  # Published before; it must not hide that others drift (A5).
        result.drifts += 1
        if entry is not None:
            pushed_since = entry.pushed_at > entry.drifted_at
            entry.drifts = entry.drifts + 1 if pushed_since else 1
            entry.drifted_at = at.now
            if entry.drifts >= DRIFTS_TO_DISPUTE:  # A8
                entry.doubt(at)
                entry.disputed = True
                result.items.append(self._disagreement(report))
                return
        update = self._book.correct(report, at)
        if update is not None:
            result.items.append(update)

    def _reconnect(self, now: float, unequal: bool) -> str | None:
        """Return why to connect anew; None while the pace forbids it (A4, A5)."""
        pace = self._limits.drift_reconnect_interval
        if self._reconnects >= FREE_RECONNECTS and now < self._reconnected_at + pace:
            return None
        self._reconnects += 1
        self._reconnected_at = now
        if unequal:
            return "two reads of a balance differed from it and from each other"
        return "balances changed and nothing was pushed"

    def _disagreement(self, report: BalanceReport) -> ProtocolError:
        return ProtocolError(
            f"{self._book.exchange}: REST and stream disagree about {report.currency} "
            "again and again; the pushed balance is kept and marked stale",
            remedy="Compare it with the exchange's own page before you rely on it.",
            frame=report.raw,
            currency=report.currency,
            exchange=self._book.exchange,
            account=self._book.account,
        )


def _same(one: BalanceReport, other: BalanceReport) -> bool:
    return one.available == other.available and one.locked == other.locked
