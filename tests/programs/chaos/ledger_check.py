"""A check of a stream and its listener against the ledger, whatever the faults."""

from __future__ import annotations

import math
import random
import threading
import time
from dataclasses import dataclass
from typing import Any, Mapping, Protocol, Sequence

from assetstream import (
    AssetUpdate,
    Balance,
    CallbackError,
    Health,
    State,
    StateChange,
)
from assetstream.model.states import TRANSITIONS
from assetstream.runtime.loop import clock
from assetstream.simulator.account import Account
from tests.programs.chaos.fault_effects import SILENT
from tests.programs.chaos.figures import Figures
from tests.support.balances import true_balances
from tests.support.clock import FACTOR

__all__ = [
    "LOOK",
    "CheckedAccount",
    "Listener",
    "Watcher",
    "note_live_without_data",
    "recovered",
]

#: Seconds that a currency may be in doubt before it counts as disputed.
DISPUTE_PATIENCE = 160.0
#: Looks by which an update has come to a listener whose queue is empty.
DELIVERED_AFTER = 1000
#: Real seconds between two looks: of ``recovered``, and of the watcher.
LOOK, WATCH = 0.002, 0.02
ZEROS = (0, 0)

Amounts = dict[str, tuple[Any, Any]]


class Stream(Protocol):
    """The attributes of an ``AssetStream`` that are checked."""

    @property
    def balances(self) -> Mapping[str, Balance]: ...
    @property
    def state(self) -> State: ...
    @property
    def error(self) -> Exception | None: ...
    def health(self) -> Health: ...


class Listener:
    """A user whose handlers are slow or raise at times, and keep every balance."""

    def __init__(self, rng: random.Random, figures: Figures) -> None:
        self._rng = rng
        self._figures = figures
        self.balances: Amounts = {}
        self._errors: list[str] = []
        self.state = State.NEW
        #: The number of changes to STALE.
        self.stale = 0

    def on_asset(self, update: AssetUpdate) -> None:
        self._figures.updates += 1
        before = update.previous
        amounts = (before.available, before.locked) if before else ZEROS
        if amounts != self.balances.get(update.currency, ZEROS):
            self._figures.note("missed", f"what came before {update}: {before}")
        self.balances[update.currency] = (update.available, update.locked)
        self._dawdle(0.01, 0.02)

    def on_state(self, change: StateChange) -> None:
        reached = {change.previous}
        for _ in range(change.folded + 1):  # It stands for so many changes.
            reached = {after for state in reached for after in TRANSITIONS[state]}
        legal = change.current in reached
        if change.previous is State.STALE and change.current is State.LIVE:
            legal = legal and change.gap is not None  # S1
        self.stale += change.current is State.STALE
        if change.previous is not self.state or not legal:
            self._figures.note("illegal", str(change))
        self.state = change.current
        self._dawdle(0.05, 0.1)

    def on_error(self, error: Exception) -> None:
        self._errors.append(str(error))
        self._figures.silences += SILENT in str(error)
        if not isinstance(error, CallbackError):
            self._dawdle(0.005, 0.01)

    def error_texts(self) -> list[str]:
        """Return the texts of all errors so far."""
        return self._errors

    def nonzero_balances(self) -> Amounts:
        """Return the listener's non-zero balances."""
        return {code: both for code, both in dict(self.balances).items() if any(both)}

    def _dawdle(self, slow: float, wrong: float) -> None:
        chance = self._rng.random()
        if chance < slow:
            time.sleep(0.02)
        elif chance < slow + wrong:
            raise RuntimeError("a user's mistake")


class CheckedAccount:
    """An account, its stream, and the listener of that."""

    def __init__(self, account: Account, stream: Stream, listener: Listener) -> None:
        self.account = account
        self.stream = stream
        self.listener = listener
        # Connections and STALEs, when they were last compared.
        self._counted = (0, 0)

    def known(self) -> Amounts | None:
        """Return the stream's non-zero balances; None unless LIVE and unmarked."""
        # Read in this order: LIVE must hold while the balances are looked at.
        balances = self.stream.balances.items()
        found = {c: (b.available, b.locked) for c, b in balances if b.total}
        stale = any(b.stale for _, b in balances)
        return None if stale or self.stream.state is not State.LIVE else found

    def reported_losses(self) -> bool:
        """Return False if a connection was lost without a change to STALE."""
        stream = self.stream
        losses = stream.health().reconnects
        stale = self.listener.stale
        busy = stream.health().pending or stream.state is not State.LIVE
        if busy or stream.health().reconnects != losses:
            return True  # A loss is under way: the next call counts it.
        before, self._counted = self._counted, (losses, stale)
        return losses == before[0] or stale > before[1]

    def __str__(self) -> str:
        stream = self.stream
        return (
            f"{stream.state} {stream.error!r} {stream.health()} "
            f"{dict(stream.balances)}, true {true_balances(self.account)}"
        )


@dataclass
class WrongBalance:
    """A balance that is unmarked and wrong.

    Attributes:
        since: when it was seen to be wrong first.
        limit: for how long it may be.
        looks: at it, since then.
    """

    since: float
    limit: float
    looks: int = 0

    def lasted(self, now: float) -> float:
        """Return the seconds since then, as far as this process has had its turns.

        A busy machine makes streams late, and the watcher with them.
        """
        return min(now - self.since, self.looks * WATCH * FACTOR)


class Watcher(threading.Thread):
    """A thread that checks streams all the time: nothing unmarked stays wrong."""

    def __init__(
        self, checked_accounts: Sequence[CheckedAccount], figures: Figures
    ) -> None:
        super().__init__(name="chaos-watcher")
        self._subjects = checked_accounts
        self._figures = figures
        self._over = threading.Event()
        self._wrong: dict[tuple[CheckedAccount, str], WrongBalance] = {}

    def run(self) -> None:
        try:
            while not self._over.wait(WATCH):
                for checked in self._subjects:
                    self._look(checked)
        except Exception as error:
            # The streams are unwatched from now on.
            self._figures.note("died", f"{self.name}: {error!r}")

    def _look(self, checked: CheckedAccount) -> None:
        now = clock.now()
        right = checked.account.balances
        for code, balance in checked.stream.balances.items():
            at = (checked, code)
            given = (balance.available, balance.locked)
            if given == right.get(code) or balance.stale:
                self._wrong.pop(at, None)
                continue
            promised = checked.stream.health().detection_time
            if promised is None:
                continue  # audits are off
            # The balance may have been right in between, unseen.
            correct = last_correct(checked.account, code, given)
            wrong = self._wrong.get(at)
            if wrong is None:
                wrong = self._wrong[at] = WrongBalance(now, promised)
            elif wrong.since < correct:
                wrong.since, wrong.looks = correct, 0
            wrong.looks += 1
            # The detection time changes with locked amounts; the longest one counts.
            wrong.limit = max(wrong.limit, promised)
            if wrong.lasted(now) > wrong.limit:
                self._figures.note(
                    "wrong", f"{code} for {now - wrong.since:.1f} s: {checked}"
                )
                del self._wrong[at]

    def __enter__(self) -> Watcher:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self.join()


def note_live_without_data(
    checked_accounts: Sequence[CheckedAccount], figures: Figures, why: str
) -> None:
    """Note each stream that is LIVE on a connection long dead (L1)."""
    for checked in checked_accounts:
        if checked.stream.state is State.LIVE:
            figures.note("wrong", f"LIVE after a long {why}: {checked}")


def last_correct(account: Account, code: str, amounts: tuple[Any, Any]) -> float:
    """Return when the currency last had these amounts; -inf if it never did.

    While money moves all the time, a number found by an audit is soon out of date
    again: it is judged by its own age.
    """
    until = clock.now()
    for standing in reversed(account.history(code)):
        if (standing.available, standing.locked) == amounts:
            return until
        until = standing.since
    return -math.inf


def recovered(
    checked: CheckedAccount, figures: Figures, bound: float, context: str
) -> bool:
    """Wait until stream and listener have the ledger's balances; note faults.

    Args:
        subject: who.
        figures: where it is noted.
        bound: seconds; never LIVE and right again within them is a failure.
        context: what goes with the note of that failure.
    """
    began = clock.now()
    nudge_at = began + DISPUTE_PATIENCE
    disturbed = False
    known_at: float | None = None
    looks = 0
    while True:
        now = clock.now()
        right = true_balances(checked.account)
        if right == checked.known():
            known_at = known_at or now
            looks += 1
            if checked.listener.nonzero_balances() == right:
                break
            # The book may be ahead of its updates, but not for long.
            if looks > DELIVERED_AFTER and not checked.stream.health().pending:
                shown = checked.listener.nonzero_balances()
                figures.note("missed", f"after {context}: shown {shown}, true {right}")
                break
        else:
            disturbed, known_at, looks = True, None, 0
        if now > began + bound or checked.stream.state.final:
            figures.note("never_live", f"after {context}: {checked}")
            return False
        if now > nudge_at:
            # REST and stream disagreed again and again (A8): such a currency stays
            # marked until a push and a read agree, so let it be pushed once more.
            for code in checked.stream.health().in_doubt:
                checked.account.deposit(code, "0.01")
                figures.nudged += 1
            nudge_at += DISPUTE_PATIENCE
        time.sleep(LOOK)
    if disturbed:
        figures.recoveries.append(known_at - began)
    if not checked.reported_losses():
        figures.note("illegal", f"after {context}: a loss without STALE: {checked}")
    return True
