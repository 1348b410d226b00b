"""The balance book keeps what is known of one account and decides which report wins.

Pure: it is given the time and starts nothing. The rules it keeps:

=====  ==============================================================================
K1     Per currency and field the newest key wins; equal key: the later arrival wins;
       no key: by arrival. Older pushes are ignored and counted.
K2     REST never sets, moves or clears a key.
K3     A time over 60 s in the future is an error: by arrival, key unchanged, in doubt.
K4     A missing currency or field is unchanged, zero is zero, amounts are absolute; a
       currency with an unknown field is not shown.
K5     An unreadable frame puts its currency in doubt, else the whole book.
S1     What a push on this connection set is kept and a read that differs puts it in
       doubt; everything else takes the read, as RECOVERED.
S2     What a complete snapshot omits is zero; a bad entry is unchanged and in doubt;
       an empty or shrunken snapshot needs a second, equal one.
D3     The first snapshot delivers non-zero currencies only.
=====  ==============================================================================

Doubt ends when an audit's read agrees or corrects (``audit.py``), or when a push with a
greater key, dated after the doubt began, names every field: a busy currency heals
itself (A2). A read sent within 10 s of the last push or doubt of a currency may be a
lagging replica's: what it changes is taken, and in doubt (S1).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Iterable, Mapping

from msgspec import Struct

from assetstream.core.entry import Entry
from assetstream.core.moment import Stamp
from assetstream.core.present import UNNAMED, Present
from assetstream.model.errors import ProtocolError
from assetstream.model.events import AssetUpdate, Balance, Source
from assetstream.protocol import BalanceReport, Snapshot

__all__ = ["BalanceBook", "Pushed"]

ZERO = Decimal(0)
# Bound once: to look up a member of an enum takes as long as to make an event.
STREAM = Source.STREAM
FUTURE_MS = 60_000
#: A read sent this soon after a push may come from a replica that has not seen it.
REST_LAG = 10.0


class Pushed(Struct, gc=False):
    """The effect of one batch of pushes.

    Attributes:
        items: updates and errors to publish, in order.
        applied: something of it was not too old (K1).
        doubted: something of it is in doubt (K3).
    """

    items: list[AssetUpdate | ProtocolError]
    applied: bool = False
    doubted: bool = False


class BalanceBook:
    """All balances of one account. One thread writes (W2); any reads ``present``.

    Args:
        present: where the balances, the doubts and what is unknown are shown.
    """

    def __init__(self, present: Present) -> None:
        self.present = present
        self.exchange = present.exchange
        self.account = present.account
        self._standing = present.standing
        self._taken_at = present.taken_at
        self._entries: dict[str, Entry] = {}
        #: Stands for every currency that is not here.
        self.absent = Entry()
        #: When any currency was last pushed; -inf if never.
        self.pushed_at = float("-inf")

    def entry(self, currency: str) -> Entry | None:
        """The entry of a currency, shown or not."""
        return self._entries.get(currency)

    def entries(self) -> Mapping[str, Entry]:
        """The entries of all currencies, shown or not."""
        return self._entries

    def last_change(self, currency: str) -> Decimal:
        """Return by how much a currency's total changed last; zero if not remembered.

        From any thread.
        """
        entry = self._entries.get(currency)
        return entry.last_change() if entry else ZERO

    def push(self, reports: Iterable[BalanceReport], at: Stamp) -> Pushed:
        """Apply pushes in the order they came."""
        items: list[AssetUpdate | ProtocolError] = []
        present, entries = self.present, self._entries
        shown = present.balances.copy()
        latest = at.exchange_ms + FUTURE_MS
        # A push ends a doubt only where there is one.
        in_doubt = bool(present.doubts)
        applied = misdated = changed = False
        for report in reports:
            entry = entries.get(report.currency)
            if entry is None:
                entry = entries[report.currency] = Entry()
                changed = True
            key = report.key
            if key is not None and key[0] > latest:  # K3
                misdated = changed = True
                items.append(self._future(report))
                entry.doubt(at)
                key = None
            if in_doubt and entry.doubted is not None:
                changed = True
            if not entry.push(report, key, at):
                present.ignored += 1
                continue
            applied = True
            update = self._show(entry, report, at, STREAM, shown)
            if update is not None:
                items.append(update)
        if applied:
            self.pushed_at = at.now
        if changed:
            self.publish(shown)
        else:
            present.balances = shown
        return Pushed(items, applied, misdated)

    def publish(self, shown: dict[str, Balance] | None = None) -> None:
        """Bring ``present`` up to date: called after any step but a push.

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
            present.balances = shown
        present.unknown = frozenset(
            code for code, entry in self._entries.items() if entry.balance is None
        )
        present.doubts = doubts

    def doubt(self, currency: str | None, at: Stamp) -> None:
        """Put a currency, or with None the whole book, in doubt (K5)."""
        if currency is None:
            for entry in (self.absent, *self._entries.values()):
                entry.doubt(at)
        else:
            # A currency without an entry gets one: it can no longer be taken for zero.
            self._entries.setdefault(currency, Entry()).doubt(at)
        self.publish()

    def doubt_unread(self, snapshot: Snapshot, at: Stamp) -> None:
        """Put in doubt what an incomplete read left out (S2)."""
        if snapshot.complete:
            return
        for code in filter(None, snapshot.unreadable):
            self._entries.setdefault(code, Entry()).doubt(at)
        nameless = "" in snapshot.unreadable
        if nameless:
            self.absent.doubt(at)
        # The entry that was bad may have been any of those that are not there.
        read = {report.currency for report in snapshot.balances}
        for code, entry in self._entries.items():
            if code not in read and (nameless or not entry.is_zero):
                entry.doubt(at)
        self.publish()

    def doubtful(self, snapshot: Snapshot) -> bool:
        """True if a snapshot needs a second, equal one to be believed (S2)."""
        if snapshot.empty or not snapshot.balances:
            return True
        named = {report.currency for report in snapshot.balances}
        named.update(snapshot.unreadable)
        missing = [
            code
            for code, balance in self.present.balances.items()
            if balance.total and code not in named
        ]
        return len(missing) > 1

    def merge(self, snapshot: Snapshot, at: Stamp, sent: float) -> list[AssetUpdate]:
        """Merge a snapshot that was asked for on this connection (S1, S2).

        Args:
            snapshot: the read.
            at: when it is merged.
            sent: monotonic time at which it was asked for.
        """
        self.doubt_unread(snapshot, at)
        items: list[AssetUpdate] = []
        shown, entries = self.present.balances.copy(), self._entries
        read = {report.currency: report for report in snapshot.balances}
        for code in [*read, *(c for c in entries if c not in read)]:
            report = read.get(code)
            entry = entries.get(code)
            if report is None:
                if not snapshot.complete:  # S2
                    continue
                report = BalanceReport(code, ZERO, ZERO)
            if entry is None:
                if not report.available and not report.locked:  # D3
                    continue
                entry = entries[code] = Entry()
            if entry.may_be_lagging(report, sent, REST_LAG):
                entry.doubt(at)
            if not entry.take_read(report, at):  # S1
                entry.doubt(at)
            update = self._show(entry, report, at, Source.RECOVERED, shown)
            if update is not None:
                items.append(update)
        if snapshot.complete and sent - self.absent.heard_at >= REST_LAG:  # A2
            self.absent.settle()
        self.publish(shown)
        if snapshot.complete:
            # Behind the balances: else one of them could be taken for a zero.
            since = self.present.complete_since
            self.present.complete_since = since or at.received
        return items

    def correct(self, report: BalanceReport, at: Stamp) -> AssetUpdate | None:
        """Take an audit's amounts over those of any push (A4); keys stay (K2)."""
        shown = self.present.balances.copy()
        entry = self._entries.setdefault(report.currency, Entry())
        entry.correct(report, at)
        update = self._show(entry, report, at, Source.AUDIT, shown)
        self.publish(shown)
        return update

    def _show(
        self,
        entry: Entry,
        report: BalanceReport,
        at: Stamp,
        source: Source,
        shown: dict[str, Balance],
    ) -> AssetUpdate | None:
        """Put a currency into ``shown`` if it is fully known and differs from there."""
        available, locked = entry.available.amount, entry.locked.amount
        if available is None or locked is None:  # K4
            return None
        previous = entry.balance
        if previous is None:
            if self.present.complete_since is None:
                # Nothing was known yet that this could be a change of, pushed or not.
                source = Source.SNAPSHOT
        elif previous.available == available and previous.locked == locked:
            return None
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
        entry.replace(balance, at.now)
        self._taken_at[report.currency] = at.now
        shown[report.currency] = balance
        if previous is None and not balance.total and source is not STREAM:
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
