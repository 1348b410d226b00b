"""One currency of the book: its two amounts, their keys, its doubt."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from assetstream.core.moment import Stamp
from assetstream.model.events import ZERO, Balance, Source, exact_sum
from assetstream.protocol import BalanceReport

__all__ = ["Entry"]

Key = tuple[int, int]

#: How long a value counts as one that a lagging replica may still show (A3).
HELD_RECENTLY = 300.0
#: Less than the key of any push.
NO_KEY: Key = (-1, -1)
#: Bounds the memory of a currency that changes many times a second.
MAX_PAST = 4096


class Field:
    """One amount, the key of the push that set it, and that push's connection."""

    __slots__ = ("amount", "generation", "key", "pushed")

    def __init__(self) -> None:
        self.amount: Decimal | None = None
        self.key = NO_KEY
        #: That push's amount; a read may have changed ``amount`` since.
        self.pushed: Decimal | None = None
        #: The connection whose push last set it; 0 if none did (S1).
        self.generation = 0


class Entry:
    """Amounts, keys and doubt of one currency; written by the machine only (W2)."""

    __slots__ = (
        "available",
        "balance",
        "disputed",
        "doubted",
        "doubted_ms",
        "drifted_at",
        "drifts",
        "heard_at",
        "locked",
        "past",
        "pushed_at",
        "replaced_at",
    )

    def __init__(self) -> None:
        self.available = Field()
        self.locked = Field()
        #: What is shown; None while a field is unknown (K4).
        self.balance: Balance | None = None
        #: Monotonic time at which it fell in doubt; None: no doubt.
        self.doubted: float | None = None
        #: The exchange's time of the last reason for doubt: an older push is no answer.
        self.doubted_ms = 0
        #: REST and stream contradict each other again and again (A8).
        self.disputed = False
        #: Audits in a row that found it wrong, with a push between each (A8).
        self.drifts = 0
        #: Monotonic time of the last of them.
        self.drifted_at = float("-inf")
        #: Monotonic time of the last push that brought something.
        self.pushed_at = float("-inf")
        #: Monotonic time of the last push, reason for doubt, or read that changed it:
        #: a read that lags may not show that yet, so for a while none judges it (A2).
        self.heard_at = float("-inf")
        #: Monotonic time at which the shown balance took its value.
        self.replaced_at = float("-inf")
        #: (until, available, locked) of former values, oldest first (A3).
        self.past: deque[tuple[float, Decimal, Decimal]] = deque(maxlen=MAX_PAST)

    @property
    def is_zero(self) -> bool:
        """True if both amounts are known to be zero."""
        return self.available.amount == 0 and self.locked.amount == 0

    def doubt(self, at: Stamp) -> None:
        """Fall in doubt; an older doubt goes on."""
        self.heard_at = at.now
        self.doubted_ms = at.exchange_ms
        if self.doubted is None:
            self.doubted = at.now

    def settle(self) -> None:
        """End doubt, dispute and drifts: a read that may judge the currency agrees."""
        self.doubted = None
        self.disputed = False
        self.drifts = 0

    def push(self, report: BalanceReport, key: Key | None, at: Stamp) -> bool:
        """Apply a push (K1); False if all of it was too old."""
        available, locked = self.available, self.locked
        if (
            key is None
            or report.available is None
            or report.locked is None
            or key <= available.key
            or key <= locked.key
        ):
            return self._push_by_field(report, key, at)
        # A push that names both amounts, as nearly all do, ends an older doubt (A2).
        available.amount = available.pushed = report.available
        locked.amount = locked.pushed = report.locked
        available.key = locked.key = key
        available.generation = locked.generation = at.generation
        self.pushed_at = self.heard_at = at.now
        if self.doubted is not None and key[0] >= self.doubted_ms and not self.disputed:
            self.doubted = None
        return True

    def _push_by_field(self, report: BalanceReport, key: Key | None, at: Stamp) -> bool:
        took = False
        for field, amount in (
            (self.available, report.available),
            (self.locked, report.locked),
        ):
            if amount is None:
                continue
            if key is not None and key < field.key:
                continue
            took = True
            if key is not None:  # Without one it is by arrival, and the key stays.
                # A duplicate brings nothing: what a read corrected stays corrected.
                if (key, amount) == (field.key, field.pushed):
                    continue
                field.key, field.pushed = key, amount
            field.amount = amount
            field.generation = at.generation
            self.pushed_at = self.heard_at = at.now
        return took

    def take_read(self, report: BalanceReport, at: Stamp) -> bool:
        """Take a snapshot's amounts, no keys (K2); False if a push disagrees (S1)."""
        agrees = True
        for field, amount in (
            (self.available, report.available),
            (self.locked, report.locked),
        ):
            if amount is None:
                continue
            if field.generation == at.generation:
                agrees = agrees and field.amount == amount
            else:
                if field.amount != amount:
                    self.heard_at = at.now
                field.amount = amount
        return agrees

    def correct(self, report: BalanceReport, at: Stamp) -> None:
        """Take an audit's amounts, whoever set the present ones (A4), no keys (K2)."""
        self.heard_at = at.now
        self.doubted = None
        if report.available is not None:
            self.available.amount = report.available
        if report.locked is not None:
            self.locked.amount = report.locked

    def replace(self, balance: Balance, now: float) -> None:
        """Show a new balance and remember the old one as recently held."""
        old = self.balance
        if old is not None:
            past = self.past
            # Within a batch the clock stands still: nothing more is too old.
            if self.replaced_at != now:
                while past and past[0][0] < now - HELD_RECENTLY:
                    past.popleft()
            past.append((now, old.available, old.locked))
        self.balance = balance
        self.replaced_at = now

    def last_change(self) -> Decimal:
        """Return by how much the shown total changed last; zero if not remembered.

        From any thread.
        """
        shown, past = self.balance, self.past.copy()
        if shown is None:
            return ZERO
        if not past and shown.source is not Source.SNAPSHOT:
            return shown.total  # not known before, which counts as zero
        for _, available, locked in reversed(past):
            before = exact_sum((available, locked))
            if before != shown.total:
                return exact_sum((shown.total, before.copy_negate()))
        return ZERO

    def equals(self, report: BalanceReport) -> bool:
        """True if every amount the report gives is the one known here."""
        return (
            report.available is None or report.available == self.available.amount
        ) and (report.locked is None or report.locked == self.locked.amount)

    def held_recently(self, report: BalanceReport, now: float) -> bool:
        """True if it had the report's value within the last five minutes (A3)."""
        return any(
            until >= now - HELD_RECENTLY
            and report.available in (None, available)
            and report.locked in (None, locked)
            for until, available, locked in self.past
        )

    def may_be_lagging(self, report: BalanceReport, sent: float, lag: float) -> bool:
        """True if a read may come from a replica that is behind what is known."""
        return sent - self.heard_at < lag and not self.equals(report)
