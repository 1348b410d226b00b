"""The balance book: what is known of one account, and which news wins.

Pure: it is told the time and starts nothing. The rules it keeps:

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
greater key, dated after the doubt began, says every field anew: a busy currency heals
itself (A2). A read sent within 10 s of what was last heard of a currency may be a
lagging replica's: what it changes is taken, and in doubt (S1).
"""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from typing import Any, Callable, Iterable, Mapping
from weakref import WeakMethod

from assetstream.core.entry import Entry
from assetstream.core.moment import Moment
from assetstream.model.errors import ProtocolError
from assetstream.model.events import AssetUpdate, Balance, Source
from assetstream.protocol import BalanceReport, Snapshot

__all__ = ["BalanceBook"]

ZERO = Decimal(0)
# Bound once: to look up a member of an enum takes as long as to make an event.
STREAM = Source.STREAM
FUTURE_MS = 60_000
#: A read sent this soon after a push may come from a replica that has not seen it.
REST_LAG = 10.0

Standing = Callable[[Balance], tuple[float, bool]]


class BalanceBook:
    """All balances of one account. One thread writes (W2), any thread reads.

    Args:
        exchange: name put into every event.
        account: label put into every event.
        standing: answers ``(age, stale)`` for the balances made here: a bound method,
            whose object is not kept alive by them.
    """

    def __init__(
        self,
        exchange: str,
        account: str,
        standing: Standing | None = None,
    ) -> None:
        self.exchange = exchange
        self.account = account
        self._standing = standing and _weakly(standing)
        self._entries: dict[str, Entry] = {}
        # Replaced by one assignment, so that no reader sees half of a change (W2).
        self._shown: dict[str, Balance] = {}
        #: When the first complete snapshot was merged: what is not here is zero.
        self.complete_since: datetime | None = None
        #: Stands for every currency that is not here.
        self.absent = Entry()
        #: Pushes older than what was known (K1).
        self.ignored = 0
        #: Pushes dated in the future (K3).
        self.misdated = 0
        #: When any currency was last pushed; -inf if never.
        self.pushed_at = float("-inf")

    # Reading, from any thread.

    def balances(self) -> dict[str, Balance]:
        """A consistent copy of everything that is shown."""
        return self._shown.copy()

    def balance(self, currency: str) -> Balance | None:
        """One currency's balance, zeros for one never held; None if not known (K4)."""
        shown = self._shown.get(currency)
        if shown is not None:
            return shown
        if currency in self._entries:
            # Looked at again: it may have come to be known between the two looks.
            return self._shown.get(currency)
        if self.complete_since is None:
            return None
        return Balance(
            self.exchange,
            self.account,
            currency,
            ZERO,
            ZERO,
            self.complete_since,
            Source.SNAPSHOT,
            self._standing,
        )

    def last_change(self, currency: str) -> Decimal:
        """Of a currency's total, when that changed last; zero if not remembered."""
        entry = self._entries.get(currency)
        return entry.last_change() if entry else ZERO

    def entry(self, currency: str) -> Entry | None:
        """What is known of a currency, shown or not."""
        return self._entries.get(currency)

    def entries(self) -> Mapping[str, Entry]:
        """What is known of every currency, shown or not."""
        return self._entries

    def in_doubt(self) -> tuple[str, ...]:
        """The currencies in doubt, sorted."""
        entries = self._entries.copy()
        return tuple(sorted(c for c, e in entries.items() if e.doubted is not None))

    # Writing, from the session's thread only.

    def push(
        self, reports: Iterable[BalanceReport], moment: Moment
    ) -> list[AssetUpdate | ProtocolError]:
        """Apply pushes in the order they came; return what to tell the user."""
        news: list[AssetUpdate | ProtocolError] = []
        shown, entries = self._shown.copy(), self._entries.copy()
        latest = moment.exchange_ms + FUTURE_MS
        for report in reports:
            entry = entries.get(report.currency)
            if entry is None:
                entry = entries[report.currency] = Entry()
            key = report.key
            if key is not None and key[0] > latest:  # K3
                self.misdated += 1
                news.append(self._future(report))
                entry.doubt(moment)
                key = None
            if not entry.push(report, key, moment):
                self.ignored += 1
                continue
            self.pushed_at = moment.now
            update = self._show(entry, report, moment, STREAM, shown)
            if update is not None:
                news.append(update)
        self._replace(shown, entries)
        return news

    def doubt(self, currency: str | None, moment: Moment) -> None:
        """Put a currency, or with None the whole book, in doubt (K5)."""
        if currency is None:
            for entry in (self.absent, *self._entries.values()):
                entry.doubt(moment)
        else:
            # One never heard of is noted too: it can no longer be taken for zero.
            self._entries.setdefault(currency, Entry()).doubt(moment)

    def doubt_unread(self, snapshot: Snapshot, moment: Moment) -> None:
        """Put in doubt what an incomplete read left unsaid (S2)."""
        if snapshot.complete:
            return
        for code in filter(None, snapshot.unreadable):
            self.doubt(code, moment)
        nameless = "" in snapshot.unreadable
        if nameless:
            self.absent.doubt(moment)
        # The entry that was bad may have been any of those that are not there.
        said = {report.currency for report in snapshot.balances}
        for code, entry in self._entries.items():
            if code not in said and (nameless or not entry.is_zero):
                entry.doubt(moment)

    def doubtful(self, snapshot: Snapshot) -> bool:
        """Tell whether a snapshot needs a second, equal one to be believed (S2)."""
        if snapshot.empty or not snapshot.balances:
            return True
        named = {report.currency for report in snapshot.balances}
        named.update(snapshot.unreadable)
        missing = [
            code
            for code, balance in self._shown.items()
            if balance.total and code not in named
        ]
        return len(missing) > 1

    def merge(
        self, snapshot: Snapshot, moment: Moment, sent: float
    ) -> list[AssetUpdate]:
        """Merge a snapshot that was asked for on this connection (S1, S2).

        Args:
            snapshot: the read.
            moment: when it is merged.
            sent: monotonic time at which it was asked for.
        """
        self.doubt_unread(snapshot, moment)
        news: list[AssetUpdate] = []
        shown, entries = self._shown.copy(), self._entries.copy()
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
                entry.doubt(moment)
            if not entry.take_read(report, moment):  # S1
                entry.doubt(moment)
            update = self._show(entry, report, moment, Source.RECOVERED, shown)
            if update is not None:
                news.append(update)
        self._replace(shown, entries)
        if snapshot.complete:
            if sent - self.absent.heard_at >= REST_LAG:  # A2
                self.absent.settle()
            self.complete_since = self.complete_since or moment.received
        return news

    def correct(self, report: BalanceReport, moment: Moment) -> AssetUpdate | None:
        """Take an audit's value over whatever a push said (A4); keys stay (K2)."""
        shown, entries = self._shown.copy(), self._entries.copy()
        entry = entries.setdefault(report.currency, Entry())
        entry.correct(report, moment)
        update = self._show(entry, report, moment, Source.AUDIT, shown)
        self._replace(shown, entries)
        return update

    def _replace(self, shown: dict[str, Balance], entries: dict[str, Entry]) -> None:
        # In this order: a currency that has just come to be known is shown before it
        # counts as one that was heard of.
        self._shown = shown
        self._entries = entries

    def _show(
        self,
        entry: Entry,
        report: BalanceReport,
        moment: Moment,
        source: Source,
        shown: dict[str, Balance],
    ) -> AssetUpdate | None:
        """Put a currency into ``shown`` if it is fully known and differs from there."""
        available, locked = entry.available.amount, entry.locked.amount
        if available is None or locked is None:  # K4
            return None
        previous = entry.balance
        if previous is None:
            if self.complete_since is None:
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
            moment.received if time is None else time,
            source,
            self._standing,
        )
        entry.replace(balance, moment.now)
        shown[report.currency] = balance
        if previous is None and not balance.total and source is not STREAM:
            return None  # Read as zero, never known otherwise: no news (D3).
        return AssetUpdate(
            self.exchange,
            self.account,
            report.currency,
            available,
            locked,
            time,
            moment.received,
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


def _weakly(standing: Standing) -> Standing:
    # An event that the user keeps must not keep its whole stream. What is more, events
    # so refer to nothing that could refer to them, and the garbage collector, which
    # would find nothing, does not visit them (``gc=False``).
    method = WeakMethod(standing)

    def ask(balance: Balance) -> tuple[float, bool]:
        answer = method()
        return answer(balance) if answer else (math.inf, True)

    return ask
