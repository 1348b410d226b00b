"""A reader's copy of one account: snapshot and log joined, shown by a ``Present``.

Pure: it is given what came from the engine, and the time, and returns what is to be
published.

=====  ==============================================================================
F1     A snapshot names the place where the log goes on: no gap, and nothing twice.
F2     The log's numbers have no holes; a hole, or an entry that cannot be read, means:
       read anew. What differs then is RECOVERED.
F3     An engine that is behind what was read before is another one: read anew.
F4     A log of which only a part was read proves nothing: no pulse counts until the
       rest is there.
F5     What comes late is delivered, as what it was, before LIVE; the change to LIVE
       carries the gap, which began with the last proof.
V3     What was read anew is LIVE only by a pulse that was composed since.
V4     Whoever asks for the state is answered by the clock, as in each ``Present``.
=====  ==============================================================================
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Iterable, Mapping, Sequence

from assetstream.core.gap import GapTracker
from assetstream.core.moment import Moment
from assetstream.core.present import UNNAMED, Present
from assetstream.display.balances import is_held
from assetstream.model.errors import AssetStreamError, ProtocolError
from assetstream.model.events import (
    ZERO,
    AssetUpdate,
    Balance,
    Event,
    Source,
    StateChange,
)
from assetstream.model.states import State
from assetstream.sharing.entries import (
    BookEntry,
    ErrorEntry,
    ErrorFacts,
    LogItem,
    OwnerEntry,
    ResetEntry,
    SharedAccount,
    StateEntry,
    UpdateEntry,
    amounts_of,
    error_of,
    moment,
)
from assetstream.sharing.pulses import OwnerPulses

__all__ = ["ABSENT", "Copybook"]

FRESH = "its owner vouches for it"
SILENT = "its owner was not heard of for too long"
UNOWNED = "no worker owns it"
ABSENT = "the engine has no account of this name"
#: What to do about each.
REMEDIES = {
    SILENT: "Look whether it runs and reaches the engine; another one that has the "
    "account's key takes over.",
    UNOWNED: "Start a relay that has the account's key.",
    ABSENT: "Check its label, and the name of its fleet.",
}

Amounts = tuple[Decimal, Decimal]


class Copybook:
    """One account as a reader knows it. One thread writes; any reads ``present``.

    Args:
        present: what is shown.
        horizon: for how long a pulse is believed; seconds.

    Attributes:
        owner: the worker whose pulses count; "": none.
        last_id: where the log goes on; "": it has to be read anew first.
        snapshots: how often it was read anew.
        cut: why its owner cannot be heard of; None while it can.
    """

    def __init__(self, present: Present, horizon: float) -> None:
        self.present = present
        self.owner = ""
        self.last_id = ""
        self.snapshots = 0
        self.cut: AssetStreamError | None = None
        self._horizon = horizon
        self._token = self._seq = self._connection = 0
        # What the owner says of its stream.
        self._state = State.CONNECTING
        self._reason = "started"
        self._error: AssetStreamError | None = None
        # What could not be read.
        self._refused: ProtocolError | None = None
        # Only a part of the log was read (F4).
        self._partly = False
        # When it was read anew (V3).
        self._since = math.inf
        # The last pulse that counted.
        self._counted = 0
        # Currencies in doubt by an update, until a pulse of that number tells.
        self._doubted: dict[str, int] = {}
        self._gap = GapTracker()
        self._recovered: set[str] = set()

    @property
    def deadline(self) -> float:
        """Moment at which time alone changes it; seconds of ``clock.now``."""
        if self.present.state is State.LIVE:
            # It is LIVE at that very moment, too.
            return math.nextafter(self.present.dead_at, math.inf)
        # An owner that is gone brings nothing by which to notice it.
        waiting = self._trouble() == SILENT and self.present.error is None
        return self._since + self._horizon if waiting else math.inf

    @property
    def lost(self) -> bool:
        """True while it has to be read anew."""
        return not self.last_id

    def begin(self) -> list[Event]:
        """Begin: the first change of state."""
        return [self.present.change(State.CONNECTING, "started")]

    def end(self, reason: str) -> list[Event]:
        """End for good."""
        return [self.present.change(State.STOPPED, reason)]

    def fail(self, error: AssetStreamError) -> list[Event]:
        """Fail for good: nothing can be read."""
        self.present.error = error
        return [error, self.present.change(State.FAILED, error.problem)]

    # What comes from the engine.

    def restore(self, account: SharedAccount | None, at: Moment) -> list[Event]:
        """Take the account as it was read anew; None: the engine has none (F1)."""
        if account is None:
            self.owner = self.present.owner = ""
            self._say(State.CONNECTING, ABSENT, None)
            return self._stale(at)
        head = account.head
        try:
            book = self._amounts(account.book)
        except ProtocolError as error:
            return self.refuse(error)
        self.snapshots += 1
        self._refused = None
        self.present.exchange = head.exchange
        self.owner = self.present.owner = head.owner
        self.last_id = account.last_id
        self._token, self._seq = head.token, head.seq
        self._connection = head.connection
        if head.owner:
            self._say(head.state, head.reason, head.error)
        else:
            self._say(State.STALE, UNOWNED, head.error)
        self._since, self._partly, self._counted = at.now, False, 0
        # The first pulse that counts names all that is in doubt.
        self._doubted.clear()
        return [*self._stale(at), *self._replace(account.book, book, at)]

    def apply(
        self, items: Sequence[LogItem], complete: bool, at: Moment
    ) -> list[Event]:
        """Take entries of the log, in order (F2, F4).

        Args:
            items: all that followed, or a part of it.
            complete: there is nothing more.
            at: the time.
        """
        events: list[Event] = []
        updates: list[tuple[UpdateEntry, Amounts]] = []
        if self._partly and complete and not items:
            self.last_id = ""  # the rest may be lost, and not have been there
        self._partly = not complete
        for item in items:
            entry = item.entry
            if item.seq != self._seq + 1 or isinstance(entry, OwnerEntry):
                self.last_id = ""
                break
            try:
                if isinstance(entry, UpdateEntry):
                    amounts = amounts_of(self.present.account, entry.currency, entry)
                    updates.append((entry, amounts))
                else:
                    events += self._update(updates, at)
                    updates = []
                    events += self._note(entry, at)
            except ProtocolError as error:
                return [*events, *self._update(updates, at), *self.refuse(error)]
            self._seq, self.last_id = item.seq, item.id
        return [*events, *self._update(updates, at)]

    def refuse(self, error: ProtocolError) -> list[Event]:
        """Read it anew: something cannot be read. The same again is not repeated."""
        self.last_id = ""
        refused, self._refused = self._refused, error
        if refused is not None and refused.problem == error.problem:
            return []
        return [error]

    def compare(self, token: int | None, seq: int | None) -> None:
        """Compare what a new connection's engine has; None: nothing (F3)."""
        if token != self._token or seq is None or seq < self._seq:
            self.last_id = ""

    # LIVE or not.

    def judge(self, pulses: OwnerPulses | None, at: Moment) -> list[Event]:
        """Decide the state by the owner's newest pulse, and by the time (V2, V4).

        Args:
            pulses: the owner's; None: there is no owner.
            at: the time.
        """
        present = self.present
        if pulses is not None and not self.lost and not self._partly:
            self._count(pulses)
        live = self._state is State.LIVE and at.now <= present.dead_at
        if not live:
            stale = self._stale(at)
            present.reason = self._trouble()
            return stale
        return [] if present.state is State.LIVE else [self._live(at)]

    def _count(self, pulses: OwnerPulses) -> None:
        """Let a pulse count: its doubts before its word (W2)."""
        present = self.present
        account = present.account
        if pulses.composed < self._since or pulses.connection != self._connection:
            return  # V3, V7
        if pulses.number != self._counted:
            self._counted = pulses.number
            self._doubted = {
                code: number
                for code, number in self._doubted.items()
                if number > pulses.number
            }
            self._doubt(pulses.doubts.get(account, ()))
        present.heard_at, present.audited_at = pulses.proof, pulses.composed
        if self._state is State.LIVE:
            present.proof = pulses.proof
            present.dead_at = pulses.until(account, self._horizon)

    def _doubt(self, codes: Iterable[str]) -> None:
        """Show which currencies are in doubt, or not known (K4)."""
        present = self.present
        named = {*codes, *self._doubted}
        held = present.balances
        doubts = {
            # Until the last proof it was good.
            code: present.doubts.get(code, present.proof)
            for code in named
            if code == UNNAMED or code in held
        }
        present.unknown = frozenset(named - set(doubts))
        present.doubts = doubts

    def _live(self, at: Moment) -> StateChange:
        present = self.present
        if present.complete_since is None:
            present.complete_since = at.utc
        present.error = self._error = None
        gap = self._gap.close(at.utc, len(self._recovered))
        return self.present.change(State.LIVE, FRESH, gap)

    def _stale(self, at: Moment) -> list[Event]:
        """Let it be LIVE no more."""
        present = self.present
        present.dead_at = -math.inf
        before, present.error = present.error, self._cause(at)
        if present.state is State.CONNECTING:
            return self._untold(before)
        if present.state is not State.LIVE:
            return []
        self._gap.start(at.utc, at.now - present.proof)
        self._recovered.clear()
        return [self.present.change(State.STALE, self._trouble())]

    def _untold(self, before: AssetStreamError | None) -> list[Event]:
        """Return the error, which no change of state tells, if it is news."""
        error = self.present.error
        if error is None or error in (self.cut, self._refused):
            return []
        same = before is not None and before.problem == error.problem
        return [] if same else [error]

    def _cause(self, at: Moment) -> AssetStreamError | None:
        """Return the error that says what there is to mend, if anything is known."""
        error = self.cut or self._refused or self._error
        trouble = self._trouble()
        patient = trouble == SILENT and at.now - self._since < self._horizon
        if error is not None or trouble not in REMEDIES or patient:
            return error
        return AssetStreamError(
            trouble,
            remedy=REMEDIES[trouble],
            exchange=self.present.exchange,
            account=self.present.account,
        )

    def _trouble(self) -> str:
        """Say why it is not LIVE."""
        trouble = self.cut or self._refused
        if trouble is not None:
            return trouble.problem
        return SILENT if self._state is State.LIVE else self._reason

    # What an owner says.

    def _say(self, state: State, reason: str, error: ErrorFacts | None) -> None:
        # An owner that has stopped or failed may be followed by another one.
        self._state, self._reason = state, reason
        self._error = None
        if error is not None:
            exchange, account = self.present.exchange, self.present.account
            self._error = error_of(error, exchange, account)

    def _note(
        self, entry: StateEntry | ResetEntry | ErrorEntry, at: Moment
    ) -> list[Event]:
        if isinstance(entry, ErrorEntry):
            error = error_of(entry.error, self.present.exchange, self.present.account)
            self._error = self.present.error = error
            return [error]
        book = self._amounts(entry.book) if isinstance(entry, ResetEntry) else {}
        self._say(entry.state, entry.reason, entry.error)
        if isinstance(entry, ResetEntry):
            return [*self._stale(at), *self._replace(entry.book, book, at)]
        return [] if entry.state is State.LIVE else self._stale(at)

    def _amounts(self, book: Mapping[str, BookEntry]) -> dict[str, Amounts]:
        account = self.present.account
        return {code: amounts_of(account, code, each) for code, each in book.items()}

    def _replace(
        self, book: Mapping[str, BookEntry], amounts: dict[str, Amounts], at: Moment
    ) -> list[Event]:
        """Take a whole book; what it does not name is zero, where it is complete."""
        present = self.present
        first = present.complete_since is None
        source = Source.SNAPSHOT if first else Source.RECOVERED
        changes: list[tuple[str, Amounts, int | None, Source]] = []
        for code, pair in amounts.items():
            shown = present.balances.get(code)
            if shown is None or (shown.available, shown.locked) != pair:
                changes.append((code, pair, book[code].changed, source))
        if self._state in (State.LIVE, State.STALE):
            changes += [
                (code, (ZERO, ZERO), None, source)
                for code, shown in present.balances.items()
                if code not in book and is_held(shown)
            ]
        events: list[Event] = []
        replaced: dict[str, Balance] = {}
        for code, pair, changed, kind in changes:
            update = self._show(code, pair, changed, None, at, kind, replaced)
            if update.previous is not None or is_held(update):
                events.append(update)
        present.balances.update(replaced)
        return events

    def _update(
        self, updates: Sequence[tuple[UpdateEntry, Amounts]], at: Moment
    ) -> list[Event]:
        """Show what the log says of some currencies, in one step (W2)."""
        present = self.present
        events: list[Event] = []
        shown: dict[str, Balance] = {}
        for entry, pair in updates:
            changed = entry.received // 1000 if entry.time is None else entry.time
            code = entry.currency
            if entry.doubted:
                self._doubted[code] = entry.doubted
                present.doubts = {code: present.proof, **present.doubts}
            events.append(
                self._show(code, pair, changed, entry, at, entry.source, shown)
            )
        present.balances.update(shown)
        return events

    def _show(
        self,
        code: str,
        pair: Amounts,
        changed: int | None,
        entry: UpdateEntry | None,
        at: Moment,
        source: Source,
        shown: dict[str, Balance],
    ) -> AssetUpdate:
        present = self.present
        previous = shown.get(code) or present.balances.get(code)
        if source is Source.RECOVERED:
            self._recovered.add(code)
        # The events make a datetime of it if anyone looks.
        when: Any = at.utc if changed is None else changed
        time: Any = entry.time if entry else None
        present.taken_at[code] = at.now
        shown[code] = Balance(
            present.exchange, present.account, code, *pair, when, source,
            present.standing,
        )  # fmt: skip
        return AssetUpdate(
            present.exchange,
            present.account,
            code,
            *pair,
            time,
            moment(entry.received) if entry else at.utc,
            source,
            entry.update_id if entry else None,
            previous,
        )
