"""The audit finds what was never pushed by comparing the book with REST.

Pure, like the book. ``Audit`` turns each read into evidence and draws the consequences;
``audit_schedule`` plans audits, and ``reads`` asks for them. ``evidence`` judges:

=====  ==============================================================================
S1     A snapshot's amount needs one read; what overlaps with a newer push or read is
       in doubt, and what is shown stays.
S2     What a read omits is zero, unless an entry without a name makes it unknown; an
       entry that was not understood costs its currency alone. A held amount vanishes
       after three reads over 60 s, everything at once after 10 min; until then what
       is not held is in doubt as well.
A2     An audit's amount needs two reads, 2 s apart; the first puts it in doubt.
A4     The later of reads that differ is taken, the others stay open.
=====  ==============================================================================

and kept here are patience (a read that differs from a push and may be older is weighed
2 s later, so that pushes on their way can explain it), A5 (drift without a push makes
the connection anew) and A8 (a currency whose pushes REST denies three times in a row).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from msgspec import Struct

from assetstream.core.book import BalanceBook, complete
from assetstream.core.entry import DENIALS, Entry
from assetstream.core.evidence import (
    REST_LAG,
    ZEROS,
    Amounts,
    Judgement,
    Need,
    Piece,
    blank,
    certainly_newer,
    weigh,
)
from assetstream.core.moment import Stamp
from assetstream.core.present import UNNAMED
from assetstream.model.errors import AssetStreamError, ProtocolError
from assetstream.model.events import AssetUpdate, Balance, Source
from assetstream.protocol import BalanceReport, Snapshot

__all__ = ["SECOND_READ", "Audit", "Judged"]

#: The second read is sent this long after the first (A2), seconds.
SECOND_READ = 2.0
#: Pushes on their way are waited for so long before a read counts, seconds.
PATIENCE = 2.0

AT_SNAPSHOT = Need(1, 0.0)
IN_AUDIT = Need(2, 0.0)
#: A held amount is shown as zero, or omitted (S2).
VANISHED = Need(3, 60.0)
#: Nothing at all is named while something is held (S2).
ALL_VANISHED = Need(3, 600.0)
#: REST and stream disagree (A8).
DISPUTED = Need(5, 600.0)
#: A push of so long ago contradicts a read that names nothing (S2), seconds.
CONTRADICTS = (REST_LAG, 120.0)

#: Reconnects for drift that are free, and the seconds in which one more is (A5).
RECONNECTS = 3.0
RECONNECT_PACE = 600.0
#: A second drift without a push so soon after the first makes the connection anew (A5).
DRIFTS_TOGETHER = 600.0


class Judged(Struct):
    """The effect of one read.

    Attributes:
        items: updates and errors to publish, in order.
        recovered: how many currencies a snapshot changed.
        drifts: how many an audit corrected, or found in dispute.
        second: a second read is needed, at least ``SECOND_READ`` after this one.
        reconnect: why the connection should be made anew, or None.
    """

    items: list[AssetUpdate | AssetStreamError]
    recovered: int = 0
    drifts: int = 0
    second: bool = False
    reconnect: str | None = None


class Waiting(NamedTuple):
    """A read's amounts that a push on its way may explain."""

    until: float
    currency: str
    piece: Piece


class Audit:
    """Judges one read after the other.

    Args:
        book: the balances.
        pushes_everything: the exchange promises a push for every change (A5).
    """

    def __init__(self, book: BalanceBook, *, pushes_everything: bool) -> None:
        self._book = book
        self._pushes_everything = pushes_everything
        self._waiting: list[Waiting] = []
        # The last read after which no second was needed: when it came, and when it was
        # asked for.
        self._completed_at = -math.inf
        self._asked = -math.inf
        # Currencies with which reads have agreed, not published yet.
        self._verified: dict[str, float] = {}
        # Audits in a row that found drift and no push, and the last of them (A5).
        self._mute_drifts = 0
        self._drifted_at = -math.inf
        # Reconnects that are free now, and since when (A5).
        self._free = RECONNECTS
        self._freed_at = -math.inf

    @property
    def deadline(self) -> float:
        """The moment at which ``due`` must be called; monotonic."""
        return self._waiting[0].until if self._waiting else math.inf

    def due(self, now: float) -> None:
        """Weigh the amounts that no push has explained: they put it in doubt.

        None of them is shown: what is shown was as new as they are when they came, and
        what came since is no older.
        """
        self._weigh_waiting(now)
        self._publish(None)

    def disconnected(self) -> None:
        """Weigh all that waits: the lost connection brings no push any more."""
        self._asked = self._book.present.audited_at
        if self._waiting:
            self.due(math.inf)

    def read(
        self, snapshot: Snapshot, at: Stamp, asked: float, source: Source
    ) -> Judged:
        """Judge a read that was asked for at ``asked``, monotonic seconds."""
        # Reads are weighed in their order, else one that waits would seem to confirm
        # what comes after it, past another that agreed.
        self._weigh_waiting(math.inf)
        book, judged = self._book, Judged([])
        present = book.present
        named = {report.currency: report for report in snapshot.balances}
        held = any(_holds(entry) for entry in book.entries().values())
        nothing = not named and not snapshot.unreadable
        contradicted = nothing and any(
            _contradicts(entry, asked) for entry in book.entries().values()
        )
        # What is not believed of what is held proves no zero either.
        believed = not (nothing and held)
        doubtful = not believed and any(
            _holds(entry) and _outlasts(entry, asked)
            for entry in book.entries().values()
        )
        unequal = False
        shown: dict[str, Balance] = {}
        self._doubt_unread(snapshot, named, at, asked)
        for code in [*named, *(c for c in tuple(book.entries()) if c not in named)]:
            report = named.get(code)
            if report is None:
                if not snapshot.complete or code in snapshot.unreadable:
                    continue
                report = BalanceReport(code, *ZEROS)
            entry = book.entry(code)
            if entry is None:
                if not report.available and not report.locked:  # D3
                    continue
                entry = book.enter(code)
            entry.evidence.forget(asked)
            amounts = complete(report, entry.evidence.amounts)
            if amounts is None:
                book.doubt(entry, blank(asked - REST_LAG, at.now, asked))
                continue
            if not believed and amounts == entry.evidence.amounts:
                if doubtful and _outlasts(entry, asked):
                    book.doubt(entry, blank(asked - REST_LAG, at.now, asked))
                continue
            piece = Piece(amounts, asked - REST_LAG, at.now, asked)
            need = piece.need = _need(entry, amounts, source, held, nothing)
            if contradicted and amounts == ZEROS:
                piece.row = 0
            if self._is_patient(entry, piece):
                self._waiting.append(Waiting(at.now + PATIENCE, code, piece))
                continue
            before = entry.evidence.ground
            verdict = weigh(entry.evidence, piece)
            if verdict is Judgement.NEW:
                self._verified[code] = asked
            if verdict is Judgement.NEW and before and source is Source.AUDIT:
                unequal = unequal or bool(entry.evidence.open)
                self._drifted(entry, before, piece, report, judged)
            elif verdict is Judgement.NEW and entry.disputed:  # By a snapshot.
                entry.denied = DENIALS - 1
            elif verdict is Judgement.SAME:
                self._agreed(entry, piece, code)
            elif verdict is Judgement.OPEN and not need.seconds:
                newer = certainly_newer(piece, entry.evidence.ground or piece)
                judged.second = judged.second or newer
            update = book.take(entry, report, at, source, shown)
            if update is not None:
                judged.items.append(update)
                judged.recovered += update.source is Source.RECOVERED
        if believed or doubtful:
            self._judge_absent(believed and snapshot.complete, nothing, at, asked)
        mute = book.pushed_at < self._completed_at
        if judged.drifts:
            judged.reconnect = self._reconnect(at.now, mute=mute, unequal=unequal)
        if not judged.second:
            self._completed_at = at.now
            # Where the connection is made anew, its snapshot is the one that counts.
            self._asked = present.audited_at if judged.reconnect else asked
        self._publish(shown)
        if snapshot.complete:
            # Behind the balances: else one of them could be taken for a zero.
            present.complete_since = present.complete_since or at.received
        return judged

    def _weigh_waiting(self, now: float) -> None:
        while self._waiting and self._waiting[0].until <= now:
            _, code, piece = self._waiting.pop(0)
            entry = self._book.enter(code)
            if weigh(entry.evidence, piece) is Judgement.SAME:
                self._agreed(entry, piece, code)
            self._book.note(entry, piece.latest)

    def _publish(self, shown: dict[str, Balance] | None) -> None:
        """Show what was learnt; that a read agrees, behind what it has set (W2)."""
        present = self._book.present
        self._book.publish(shown)
        present.verified_at = {**present.verified_at, **self._verified}
        self._verified.clear()
        if not self._waiting:
            present.audited_at = self._asked

    def _doubt_unread(
        self,
        snapshot: Snapshot,
        named: dict[str, BalanceReport],
        at: Stamp,
        asked: float,
    ) -> None:
        """Put in doubt what a read names and was not understood (S2)."""
        book = self._book
        unread = {code for code in snapshot.unreadable if code}
        if not snapshot.complete:
            # The entry that was bad may have been any of those that are not there.
            unread.update(
                code
                for code, entry in book.entries().items()
                if code not in named and entry.evidence.amounts != ZEROS
            )
        for code in unread:
            book.doubt(book.enter(code), blank(asked - REST_LAG, at.now, asked))

    def _judge_absent(
        self, proves: bool, nothing: bool, at: Stamp, asked: float
    ) -> None:
        """Learn that what is in no entry is zero, if the read proves it (S2, S4)."""
        absent = self._book.absent
        first = absent.evidence.ground is None
        if proves:
            weigh(absent.evidence, Piece(ZEROS, asked - REST_LAG, at.now, asked))
            self._verified[UNNAMED] = asked
            if first and nothing:  # S2
                weigh(absent.evidence, blank(at.now, at.now, at.now))
        else:
            # Not before: what the read does name would share the doubt.
            weigh(absent.evidence, blank(asked - REST_LAG, at.now, asked))
        self._book.note(absent, at.now)

    @staticmethod
    def _is_patient(entry: Entry, piece: Piece) -> bool:
        """True if a push that is on its way may explain a read (patience)."""
        ground = entry.evidence.ground
        return (
            ground is not None
            and ground.key is not None
            and ground.amounts != piece.amounts
            and not certainly_newer(piece, ground)
        )

    def _agreed(self, entry: Entry, piece: Piece, code: str) -> None:
        """Note that a read agrees; that with a push ends a row of denials (A8).

        To say again what REST made of a push counts when nothing has changed for so
        long that REST would win.
        """
        self._verified[code] = piece.at
        push = entry.evidence.push
        if push is None:
            return
        # What it agrees with was set by that push.
        by_push = push is entry.evidence.ground or push.amounts == piece.amounts
        repeated = piece.amounts == entry.corrected
        over = entry.evidence.over
        changed_at = -math.inf if over is None else over.newest
        if by_push and not (repeated and piece.at - changed_at < DISPUTED.seconds):
            entry.denied = 0

    def _drifted(
        self,
        entry: Entry,
        before: Piece,
        piece: Piece,
        report: BalanceReport,
        judged: Judged,
    ) -> None:
        """Count a correction; the third push in a row that REST denies is kept (A8)."""
        if entry.disputed:  # REST wins; the next push that it denies begins it anew.
            entry.denied = DENIALS - 1
            return
        if before.earliest <= entry.outdated_at:  # K6: a push has said so as well.
            return
        judged.drifts += 1
        if before.key is None:
            return
        entry.corrected = piece.amounts
        entry.denied += 1
        if entry.denied == DENIALS:
            del self._verified[report.currency]
            entry.evidence.ground = before
            over = entry.evidence.over
            assert over is not None  # What was shown has just been put there.
            over.drop_last()
            piece.row, piece.began, piece.need = 1, piece.at, DISPUTED
            entry.evidence.open = (*entry.evidence.open, piece)
            judged.items.append(self._disagreement(report))

    def _reconnect(self, now: float, *, mute: bool, unequal: bool) -> str | None:
        """Return why to connect anew, or None (A4, A5)."""
        pushed = self._book.pushed_at > self._drifted_at
        if pushed or now - self._drifted_at > DRIFTS_TOGETHER:
            self._mute_drifts = 0
        self._mute_drifts += 1
        self._drifted_at = now
        if not mute:
            return None
        if not (unequal or self._pushes_everything or self._mute_drifts >= 2):
            return None
        since = min(now - self._freed_at, RECONNECTS * RECONNECT_PACE)
        self._free = min(RECONNECTS, self._free + since / RECONNECT_PACE)
        self._freed_at = now
        if self._free < 1.0:
            return None
        self._free -= 1.0
        self._mute_drifts = 0
        if unequal:
            return "a balance changed twice, as REST says, and nothing was pushed"
        return "balances changed and nothing was pushed"

    def _disagreement(self, report: BalanceReport) -> ProtocolError:
        return ProtocolError(
            f"REST and stream disagree about {report.currency} again and again; the "
            "pushed balance is kept and marked stale",
            remedy="Compare it with the exchange's own page before you rely on it.",
            frame=report.raw,
            currency=report.currency,
            exchange=self._book.exchange,
            account=self._book.account,
        )


def _holds(entry: Entry) -> bool:
    return entry.evidence.amounts not in (None, ZEROS)


def _contradicts(entry: Entry, asked: float) -> bool:
    """True if a push says that there is something, which a read must show (S2)."""
    ground = entry.evidence.ground
    if ground is None or ground.key is None or ground.amounts == ZEROS:
        return False
    return CONTRADICTS[0] <= asked - ground.at < CONTRADICTS[1]


def _outlasts(entry: Entry, asked: float) -> bool:
    """True if a read cannot lack by being late what is known."""
    ground = entry.evidence.ground
    return ground is not None and asked - ground.at >= REST_LAG


def _need(
    entry: Entry, amounts: Amounts, source: Source, held: bool, nothing: bool
) -> Need:
    """The row of reads that must say so against what is shown (S2, A2, A8)."""
    if entry.disputed:
        return DISPUTED
    if amounts == ZEROS and held:
        return ALL_VANISHED if nothing else VANISHED
    return AT_SNAPSHOT if source is Source.RECOVERED else IN_AUDIT
