"""The balance book keeps what is known of one account, and shows it.

Pure: it is given the time and starts nothing. Each push and each amount that a read
names becomes a piece of evidence (``core/evidence``), which knows what wins. Kept here:

=====  ==============================================================================
W2     What readers see is replaced before a doubt is lifted, never after.
T1     A push's date becomes our monotonic time on arrival, as wide as the clock of the
       host that pushes; it is fair unless it is ahead, or 10 s behind.
K1     No time, or one field only: by arrival, the key unchanged, not fair. So is a key
       that is older by its time, and newer by its number; the other way round the push
       is passed over, and its currency in doubt.
K3     A time over 60 s in the future is an error: by arrival, key unchanged, in doubt.
       A stored key that is ahead of the clock, which has stepped, counts as none.
K4     A missing currency or field is unchanged, zero is zero, amounts are absolute; a
       currency with an unknown field is not shown.
K5     An unreadable frame puts its currency in doubt, else the whole book.
K6     A push that tells of a change, but not the amounts, puts its currency in doubt.
S4     The first push after the first snapshot is STREAM, its change from zero.
D3     The first snapshot delivers non-zero currencies only.
=====  ==============================================================================
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Iterable, Mapping

from msgspec import Struct

from assetstream.core.entry import NOTHING, Entry
from assetstream.core.evidence import (
    LONG_LAG,
    REST_LAG,
    Amounts,
    Judgement,
    Piece,
    blank,
    weigh,
)
from assetstream.core.moment import Stamp
from assetstream.core.present import UNNAMED, Present
from assetstream.model.errors import ProtocolError
from assetstream.model.events import AssetUpdate, Balance, Source, exact_sum
from assetstream.protocol import BalanceReport

__all__ = ["BalanceBook", "Pushed", "complete"]

# Bound once: to look up a member of an enum takes as long as to make an event.
STREAM = Source.STREAM
NEW = Judgement.NEW
FUTURE_MS = 60_000
#: A push that was stored and is dated so far ahead of the clock counts for nothing, ms.
AHEAD_MS = 5_000
#: A push dated so far behind the clock is not fair, ms.
BEHIND_MS = REST_LAG * 1000
#: REST has caught up with what came at a moment just after so many seconds.
CAUGHT_UP = REST_LAG + 0.001
#: A push ignored so recently was perhaps judged by a wrong clock, seconds (T1).
IGNORED_RECENTLY = 120.0


class Pushed(Struct, gc=False):
    """The effect of one batch of pushes.

    Attributes:
        items: updates and errors to publish, in order.
        recheck_at: when REST can have caught up with what of it is in doubt; inf: no
            doubt, and no error among the items.
    """

    items: list[AssetUpdate | ProtocolError]
    recheck_at: float = math.inf


class BalanceBook:
    """All balances of one account. One thread writes (W2); any reads ``present``.

    Args:
        present: where the balances, the doubts and what is unknown are shown.
        serial: the second item of a push's key is a serial number: where it
            contradicts the first, the order is in question (K1).
    """

    def __init__(self, present: Present, *, serial: bool = False) -> None:
        self.present = present
        self.exchange = present.exchange
        self.account = present.account
        self._serial = serial
        self._standing = present.standing
        self._taken_at = present.taken_at
        self._entries: dict[str, Entry] = {}
        #: Stands for every currency that is not here.
        self.absent = Entry()
        #: How many currencies that are shown have anything locked.
        self.locked = 0
        #: When any currency was last pushed, whatever came of it; -inf if never.
        self.pushed_at = -math.inf

    def entry(self, currency: str) -> Entry | None:
        """The entry of a currency, shown or not."""
        return self._entries.get(currency)

    def entries(self) -> Mapping[str, Entry]:
        """The entries of all currencies, shown or not."""
        return self._entries

    def enter(self, currency: str) -> Entry:
        """The entry of a currency; a new one knows what is known of all others."""
        entry = self._entries.get(currency)
        if entry is None:
            entry = self._entries[currency] = Entry()
            entry.evidence.ground = self.absent.evidence.ground
            entry.evidence.open = self.absent.evidence.open
            entry.doubted = self.absent.doubted
        return entry

    @property
    def recheck_at(self) -> float:
        """The moment by which REST has caught up with all that is open, or inf."""
        return min(map(_recheck_at, (self.absent, *self._entries.values())))

    def last_change(self, currency: str) -> Decimal:
        """Return by how much a currency's total changed last; zero if it never did.

        From any thread.
        """
        entry = self._entries.get(currency)
        return entry.last_change() if entry else Decimal(0)

    # Pushes.

    def push(self, reports: Iterable[BalanceReport], at: Stamp) -> Pushed:
        """Weigh pushes in the order they came."""
        items: list[AssetUpdate | ProtocolError] = []
        entries = self._entries
        shown: dict[str, Balance] = {}
        now, least, most, serial = at.now, at.least_ms, at.most_ms, self._serial
        behind = least - BEHIND_MS
        recheck_at = math.inf
        changed = False
        for report in reports:
            self.pushed_at = now
            entry = entries.get(report.currency)
            if entry is None:
                entry = self.enter(report.currency)
                changed = True
            key, available, locked = report.key, report.available, report.locked
            if (
                key is None
                or available is None
                or locked is None
                or not behind <= key[0] <= most
            ):
                piece = self._unfair(entry, report, at, items)
            elif entry.misdated and hash((key, available, locked)) in entry.misdated:
                piece = None  # It came before, and was ahead (K1).
            else:
                age = (key[0] - least) / 1000
                piece = Piece(
                    (available, locked),
                    now + (key[0] - most) / 1000,
                    now if age > 0 else now + age,
                    now,
                    key,
                )
            if serial and piece and _contradicts_itself(piece, entry.evidence.push):
                self._pass_over(entry, piece, now)
                piece = None
            # Nearly every push follows the one before it.
            if piece is None or not entry.follow(piece):
                changed |= self._weigh(entry, piece, at)
                recheck_at = min(recheck_at, _recheck_at(entry))
                if piece is None or entry.evidence.ground is not piece:
                    continue
            update = self._show(entry, report, at, STREAM, shown)
            if update is not None:
                items.append(update)
        if changed:
            self.publish(shown)
        else:
            self.present.balances.update(shown)
        return Pushed(items, recheck_at)

    def _weigh(self, entry: Entry, piece: Piece | None, at: Stamp) -> bool:
        """Weigh a push, None for one that is passed over; True if there is a doubt."""
        known = entry.evidence
        if piece is not None and piece.fair and known.push is not None:
            self._question(known.push, piece, at.most_ms)
        if piece is None or weigh(known, piece) is not Judgement.NEW:
            self.present.ignored += 1
            if piece is not None and piece.amounts != known.amounts:
                entry.ignored_at = at.now
        if not known.open and entry.doubted is None:
            return False
        self.note(entry, at.now)
        return True

    @staticmethod
    def _pass_over(entry: Entry, piece: Piece, now: float) -> None:
        """Doubt what is shown if a push that counts for nothing says otherwise (K1)."""
        if piece.amounts != entry.evidence.amounts:
            weigh(entry.evidence, blank(now, now, now))

    def _question(self, last: Piece, piece: Piece, most: float) -> None:
        """Take the word of dates that contradict the clock, or each other, from them.

        Then the moments alone decide about the two pushes.
        """
        assert last.key is not None
        assert piece.key is not None
        if piece.key >= last.key:
            return
        if last.key[0] > most + AHEAD_MS:  # K3: its time has not come yet.
            last.fair = False
        if self._serial and piece.key[1] > last.key[1]:  # K1
            piece.fair = False

    def _unfair(
        self,
        entry: Entry,
        report: BalanceReport,
        at: Stamp,
        items: list[AssetUpdate | ProtocolError],
    ) -> Piece | None:
        """Make the piece of a push whose date is missing, or not to be believed.

        None if it says nothing new, or nothing at all without a ground (K4).
        """
        key, known, now = report.key, entry.evidence, at.now
        if report.available is None and report.locked is None:
            return None
        if key is not None:
            if entry.repeats(report):
                return None
            if key[0] > at.most_ms + FUTURE_MS:  # K3
                items.append(self._future(report))
                weigh(known, blank(now, now, now))
                key = None
        earliest = now - REST_LAG
        if key is None:  # By arrival: an equal key gives way to what comes later.
            key = known.push.key if known.push else (0, 0)
        else:  # Perhaps the clock is right, and it was under way for so long.
            earliest = min(earliest, now + (key[0] - at.most_ms) / 1000)
        amounts = complete(report, known.amounts)
        if amounts is None:
            return blank(earliest, now, now)
        return Piece(amounts, earliest, now, now, key, fair=False)

    # Doubts.

    def unreadable(self, currency: str | None, at: Stamp) -> None:
        """Note that a push of a currency, or with None of any, was not read (K5)."""
        now = at.now
        entries = (
            [self.absent, *self._entries.values()]
            if currency is None
            else [self.enter(currency)]
        )
        for entry in entries:
            self.doubt(entry, blank(now, now, now))
        self.publish()

    def outdate(self, currency: str, at: Stamp) -> None:
        """Note a push that told of a change, but not the amounts (K6)."""
        now = self.pushed_at = at.now
        entry = self.enter(currency)
        entry.outdated_at = now
        self.doubt(entry, blank(now, now, now))
        self.publish()

    def stepped(self, at: Stamp) -> bool:
        """Doubt what was perhaps ignored by a wrong clock (T1); True if there is."""
        now, found = at.now, False
        for entry in self._entries.values():
            if now - entry.ignored_at < IGNORED_RECENTLY:
                self.doubt(entry, blank(now, now, now))
                found = True
        if found:
            self.publish()
        return found

    def doubt(self, entry: Entry, unread: Piece) -> None:
        """Put an entry in doubt by a piece without amounts."""
        weigh(entry.evidence, unread)
        self.note(entry, unread.latest)

    @staticmethod
    def note(entry: Entry, now: float) -> None:
        """Note since when an entry is in doubt."""
        if not entry.in_doubt:
            entry.doubted = None
        elif entry.doubted is None:
            entry.doubted = now

    # Reads.

    def take(
        self,
        entry: Entry,
        report: BalanceReport,
        at: Stamp,
        source: Source,
        shown: dict[str, Balance],
    ) -> AssetUpdate | None:
        """Show what a read has led to; ``publish`` follows once for all of them."""
        self.note(entry, at.now)
        return self._show(entry, report, at, source, shown)

    def publish(self, shown: dict[str, Balance] | None = None) -> None:
        """Bring ``present`` up to date.

        New doubts are shown before new balances, and ended doubts after them: no reader
        sees a number unmarked that is in doubt, or was when it came (W2).
        """
        present = self.present
        doubts = {
            code: entry.doubted
            for code, entry in self._entries.items()
            if entry.doubted is not None
        }
        if self.absent.doubted is not None:
            doubts[UNNAMED] = self.absent.doubted
        if doubts:
            present.doubts = {**present.doubts, **doubts}
        if shown is not None:
            # In this order: a currency that has just come to be known is shown before
            # it counts as one that has an entry.
            present.balances.update(shown)
        present.unknown = frozenset(
            code for code, entry in self._entries.items() if entry.balance is None
        )
        present.doubts = doubts

    def _show(
        self,
        entry: Entry,
        report: BalanceReport,
        at: Stamp,
        source: Source,
        shown: dict[str, Balance],
    ) -> AssetUpdate | None:
        """Put a currency that is known into ``shown`` if it has changed."""
        ground = entry.evidence.ground
        assert ground is not None
        assert ground.amounts is not None
        available, locked = ground.amounts
        previous = entry.balance
        if previous is None:
            if self.present.complete_since is None:
                # Nothing was known yet that this could be a change of, pushed or not.
                source = Source.SNAPSHOT
            else:
                entry.former = NOTHING
            self.locked += bool(locked)
        else:
            free, held = previous.available == available, previous.locked == locked
            if free and held:
                return None
            if not held:
                self.locked += bool(locked) - bool(previous.locked)
            # Where one is the same the other has changed, and so has the total.
            if free or held or previous.total != exact_sum(ground.amounts):
                entry.former = previous
        # The events make a datetime of it if anyone looks.
        time: Any = None if report.key is None else report.key[0]
        balance = Balance(
            self.exchange,
            self.account,
            report.currency,
            available,
            locked,
            at.received if time is None else time,
            source,
            self._standing,
        )
        entry.balance = balance
        self._taken_at[report.currency] = at.now
        shown[report.currency] = balance
        if previous is None and not available and not locked and source is not STREAM:
            return None  # Read as zero, never known otherwise: no change (D3).
        return AssetUpdate(
            self.exchange,
            self.account,
            report.currency,
            available,
            locked,
            time,
            at.received,
            source,
            report.update_id,
            previous,
            0,
            report.raw,
        )

    def _future(self, report: BalanceReport) -> ProtocolError:
        return ProtocolError(
            f"{self.exchange}: a change of {report.currency} is dated more than "
            f"{FUTURE_MS // 1000} s in the future; it was applied as it came and "
            f"{report.currency} is in doubt until it has been verified",
            remedy="If this goes on, check this machine's clock.",
            frame=report.raw,
            currency=report.currency,
            exchange=self.exchange,
            account=self.account,
        )


def _contradicts_itself(piece: Piece, last: Piece | None) -> bool:
    """True if a push is newer than the last by its time, and older by its number (K1).

    Neither can be believed then. A number of 0 says nothing, nor does one long after
    the last push: numbers may begin anew, and no push is late by more.
    """
    if last is None or piece.at - last.at > LONG_LAG:
        return False
    assert last.key is not None
    assert piece.key is not None
    time, number = piece.key
    return time > last.key[0] and 0 < number < last.key[1]


def _recheck_at(entry: Entry) -> float:
    """Return the moment by which REST has caught up with what is open, or inf."""
    if not entry.evidence.open or entry.disputed:
        return math.inf  # A dispute waits for the audits that come anyway (A8).
    return max(piece.latest for piece in entry.evidence.open) + CAUGHT_UP


def complete(report: BalanceReport, known: Amounts | None) -> Amounts | None:
    """Return both amounts, one that is not said from what is known (K4).

    None if it is not known.
    """
    available, locked = report.available, report.locked
    if available is None:
        available = known[0] if known else None
    if locked is None:
        locked = known[1] if known else None
    return None if available is None or locked is None else (available, locked)
