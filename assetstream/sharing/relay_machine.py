"""One worker of a fleet as a machine without I/O: what it does next, and when.

It is asked for the next action, which whoever asks carries out and answers. It holds no
balance: what streams say waits elsewhere, and it decides when that is written.

=====  ==============================================================================
O2     An account that the engine refuses to have written is asked for anew, or its
       stream ends: nobody goes on in the belief to own it.
O3     Cut off from the engine, nothing is said. The streams go on for a time, for
       most often it comes back; then they end, before or after others may begin them.
O6     What waits is written first: it renews the lease, which a backlog must not cost.
P2     A pulse is composed when the one before is acknowledged, and sent when all is
       written that was said before it was composed.
P3     While the engine is away nothing is kept. By each new connection all accounts are
       asked for anew, so that what an older one has sent is refused, and the first that
       is written of each is the whole book.
=====  ==============================================================================
"""

from __future__ import annotations

import math
from collections import deque
from typing import Collection, Iterable, Mapping, Sequence

from assetstream.model.errors import AssetStreamError, ConfigurationError
from assetstream.sharing.actions import (
    Action,
    Begin,
    Compose,
    Enlist,
    Finish,
    GiveBack,
    Inform,
    Reach,
    Rewrite,
    Shut,
    Survey,
    Take,
    Tell,
    Wait,
    Write,
)
from assetstream.sharing.entries import Pulse
from assetstream.sharing.ownership import Acquired, Claims, Seat
from assetstream.sharing.pulses import INTERVAL, LEASE, PulseNumbers
from assetstream.sharing.word import Word, make_pulse

__all__ = ["CUT_OFF", "HOLD", "STRICT", "RelayMachine"]

#: Seconds for which streams go on without the engine.
HOLD = 30.0
#: The same where never two workers may be connected: less than a lease (O3).
STRICT = 3.5
#: Seconds until the engine is tried again, at first and at most.
RETRY = 0.1
MOST_RETRY = 1.0
#: Seconds between two looks at who has what, while others have, and while none do.
LOOK = 0.5
SELDOM = LEASE
#: Seconds between two times at which the accounts are named.
ENLIST = 3600.0
#: Accounts that are asked for at once.
MOST_TAKEN = 100
#: Seconds for which streams may end before their accounts are given back.
CLOSING = 1.0
#: Seconds until an account is asked for again whose stream could not be begun.
SHUNNED = 30.0

CUT_OFF = "the relay is cut off from its engine"
STOPS = "the relay stops"


class RelayMachine:
    """Decides what a worker does. Times are monotonic seconds of its own.

    Args:
        worker: its name, which no other one has or had.
        keys: account that it may own -> the exchange, and its key's fingerprint.
        capacity: how many accounts it owns at most; None: any number.
        hold: for how long streams go on without the engine; seconds.

    Attributes:
        tokens: account -> token, of those that the engine has given it.
        workers: how many workers live, by the engine's last word.
        connections: how many there were; the number of the present one (V7).
        connected: there is a connection, and the engine has answered a pulse.
        told_at: when the last pulse was acknowledged; -inf: none was.
        fenced: times that a write was refused (O2).
        resets: times that a whole book was written.
        takeovers: accounts taken from another worker.
        error: why there is no connection; None while there is one.
        failure: why it has ended, if not because it was to stop.
    """

    def __init__(
        self,
        worker: str,
        keys: Mapping[str, str],
        *,
        capacity: int | None = None,
        hold: float = HOLD,
    ) -> None:
        self._worker, self._keys, self._hold = worker, keys, hold
        self._claims = Claims(worker, capacity)
        self._numbers = PulseNumbers()
        self.tokens: dict[str, int] = {}
        self.workers = 0
        self.connections = 0
        self.connected = False
        self.told_at = -math.inf
        self.fenced = self.resets = self.takeovers = 0
        self.error: AssetStreamError | None = None
        self.failure: AssetStreamError | None = None
        # What is to be done with streams, before anything else.
        self._todo: deque[Action] = deque()
        # Accounts whose streams were begun, those that have ended by themselves, and
        # those that were told to end and have not.
        self._open: set[str] = set()
        self._over: set[str] = set()
        self._closing: set[str] = set()
        # Accounts of which the engine has the whole book by the present token.
        self._whole: set[str] = set()
        # Accounts of which the engine may have said that this worker owns them: it
        # vouches for each, or excepts it, until another one does. That nobody owns one
        # is not enough: readers are not told by an engine that was emptied.
        self._named: set[str] = set()
        self._to_take: dict[str, None] = {}
        self._to_return: dict[str, int] = {}
        self._shunned: dict[str, float] = {}
        self._foreign: set[str] = set()
        # The connection.
        self._reached = self._reached_once = False
        self._reached_at = -math.inf
        self._retry_at, self._retry = -math.inf, RETRY
        # When the last call was sent that has renewed the lease.
        self._renewed_at = -math.inf
        # The pulse: its number while it is composed, when that began, for which
        # accounts, and what was composed; and whether there may be anything unwritten
        # that was said before.
        self._composing = 0
        self._composed_at = -math.inf
        self._vouching: frozenset[str] = frozenset()
        self._words: dict[str, Word] | None = None
        self._unwritten = False
        self._look_at = self._enlist_at = -math.inf
        self._stop_at = math.inf
        self._ended = False

    @property
    def hold_ends_at(self) -> float:
        """The end of all streams, if the engine stays away (O3).

        From any thread: theirs see to it, for this one may be waiting for the engine.
        """
        return self._renewed_at + self._hold

    @property
    def number(self) -> int:
        """Of the first pulse that is composed from now on, or a smaller one.

        From any thread: an update in doubt names it.
        """
        return self._numbers.last + 1

    # What is next.

    def next(self, now: float, waiting: bool) -> Action:
        """Return the next action.

        Args:
            now: the present.
            waiting: there is something to be written.
        """
        if self._todo:
            return self._todo.popleft()
        if self._ended:
            return Finish()
        if not self._reached:
            return self._without_engine(now)
        if not self.connected:
            self._compose(now)
            return Tell(self._pulse({}), True)
        return self._with_engine(now, waiting)

    def _without_engine(self, now: float) -> Action:
        if self._stopping:
            if self._closing and now < self._stop_at:
                return Wait(self._stop_at)
            return Finish()
        if now < self._retry_at:
            return Wait(self._retry_at)
        return Reach()

    def _with_engine(self, now: float, waiting: bool) -> Action:
        if self._stopping and now >= self._stop_at:
            return GiveBack(self.tokens.copy(), STOPS, True)
        # Pulses go before all else: to begin a thousand streams takes its time.
        if self._words is not None and not self._unwritten:
            return Tell(self._pulse(self._words), False)
        if now >= self._pulse_at:
            self._vouching = frozenset(self._whole)
            return Compose(self._compose(now))
        if self._unwritten:
            return self._write()
        if self._to_take:
            taken = tuple(self._to_take)[:MOST_TAKEN]
            # The answer may be lost, and the engine have named it all the same.
            self._named.update(taken)
            return Take(taken)
        if self._to_return:
            return GiveBack(self._to_return.copy(), STOPS, False)
        if now >= self._enlist_at:
            return Enlist()
        if now >= self._look_at:
            return Survey()
        if waiting and not self._is_stuck(now):
            return self._write()
        if self._stopping and not self._closing:
            return GiveBack(self.tokens.copy(), STOPS, True)
        times = self._pulse_at, self._look_at, self._enlist_at, self._stop_at
        return Wait(min(times))

    def _write(self) -> Write:
        # What is said from now on may not be in it.
        self._unwritten = False
        return Write()

    def _is_stuck(self, now: float) -> bool:
        """A thread of the streams does not answer: no write may renew the lease."""
        return self._words is None and now - self.told_at > LEASE

    @property
    def _stopping(self) -> bool:
        return self._stop_at < math.inf

    @property
    def _pulse_at(self) -> float:
        if self._words is not None:
            return math.inf  # it is there, and waits until all is written
        # One that does not come is composed anew; who was asked may be gone.
        return self._composed_at + (LEASE if self._composing else INTERVAL)

    # What the engine answers.

    def reached(self, now: float) -> None:
        """Note that there is a connection."""
        self._reached, self._reached_at = True, now
        self.connections += 1

    def lost(self, error: AssetStreamError | None, now: float) -> None:
        """Note that there is none any more, or that none was to be had.

        Args:
            error: why; None: it was given up.
            now: the present.
        """
        before, self.error = self.error, error
        # P3: whatever the engine may have of it, it is asked for and written anew.
        self.tokens.clear()
        self._whole.clear()
        self._to_take.clear()
        self._to_return.clear()
        self._words, self._composing, self._unwritten = None, 0, False
        self._reached = self.connected = False
        if error is None:
            self._retry_at = now
            return
        if not self._reached_once and error.fatal:
            self.failure, self._ended = error, True
            return
        if before is None:
            self._todo.append(Inform(error))
        self._retry_at = now + self._retry
        self._retry = min(2 * self._retry, MOST_RETRY)

    def told(self, workers: int, sent: float, now: float) -> None:
        """Note the answer to a pulse: how many workers live; 0: the lease is over."""
        first = not self.connected
        if not workers:
            self.lost(None, now)
            return
        self._numbers.acknowledge(self._numbers.last)
        self._words, self._composing = None, 0
        self.workers, self.told_at, self._renewed_at = workers, now, sent
        if first:
            self.connected = self._reached_once = True
            self.error, self._retry = None, RETRY
            self._enlist_at = now
            if not self._stopping:
                self._look_at = now
                self._ask_for(sorted(self._named | self._open))

    def enlisted(self, now: float) -> None:
        """Note that the engine knows the accounts."""
        self._enlist_at = now + ENLIST

    def taken(self, answers: Mapping[str, Acquired], now: float) -> None:
        """Note which accounts it was given, and who has the others."""
        for account, (token, owner) in answers.items():
            self._to_take.pop(account, None)
            if token:
                self.tokens[account] = token
                self.takeovers += owner not in ("", self._worker)
                if account in self._closing:
                    continue  # it is asked for anew when that has ended
                if account not in self._open:
                    self._open.add(account)
                    self._todo.append(Begin(account))
                self._todo.append(Rewrite(account))
            elif owner:
                self._named.discard(account)
                self._shut([account], f"worker {owner} has taken it")
            else:
                self.lost(None, now)  # the lease is over
                return

    def seen(self, seats: Sequence[Seat], now: float) -> None:
        """Note who has which account, and choose what to ask for."""
        for account, owner, alive, key in seats:
            if owner == self._worker:
                if account not in self.tokens:
                    self._ask_for([account])
                continue
            if account in self.tokens:
                self._fence(account)
            elif owner:
                self._named.discard(account)
            known = self._keys[account]
            if alive and key != known and account not in self._foreign:
                self._foreign.add(account)
                self._todo.append(Inform(_foreign(account, owner, key, known)))
        mine = all(seat.account in self.tokens for seat in seats)
        self._look_at = now + (SELDOM if mine else LOOK)
        self._shunned = {a: at for a, at in self._shunned.items() if at > now}
        out = self._foreign | self._closing | self._shunned.keys()
        seats = [seat for seat in seats if seat.account not in out]
        self._ask_for(
            self._claims.choose(seats, self.workers, self._reached_at, now),
        )

    def written(
        self, answers: Mapping[str, bool], resets: Collection[str], sent: float
    ) -> None:
        """Note what was written, and what was refused.

        Args:
            answers: account -> whether this worker owns it.
            resets: accounts of which the whole book was written.
            sent: when the first of it was.
        """
        for account, owned in answers.items():
            if not owned:
                self._fence(account)
            elif account in resets:
                self.resets += 1
                self._whole.add(account)
        if answers:
            self._renewed_at = sent

    def given_back(self, accounts: Iterable[str], last: bool) -> None:
        """Note that accounts were given back; and that this was the last to be done."""
        for account in accounts:
            self._to_return.pop(account, None)
        self._ended = self._ended or last

    # What streams, and their threads, answer.

    def composed(self, number: int, words: Mapping[str, Word]) -> None:
        """Note what the streams have said for the pulse of that number."""
        if number == self._composing and self._words is None:
            known = self._vouching & self._whole
            self._words = {a: word for a, word in words.items() if a in known}
            self._unwritten = True

    def ended(self, account: str) -> None:
        """Note that a stream has ended, asked to or by itself."""
        if account not in self._closing:
            self._over.add(account)
            return
        self._closing.discard(account)
        if account in self._named and self.connected and not self._stopping:
            self._ask_for([account])

    def expired(self, account: str) -> None:
        """Note that a stream ends because the engine has been away for too long."""
        self._shut([account], CUT_OFF)

    def refused(self, account: str, error: AssetStreamError, now: float) -> None:
        """Note that a stream could not be begun."""
        self._open.discard(account)
        self._todo = deque(each for each in self._todo if each != Rewrite(account))
        self._todo.append(Inform(error))
        self._shunned[account] = now + SHUNNED
        token = self.tokens.pop(account, 0)
        if token:
            self._to_return[account] = token

    # What the user does.

    def stop(self, now: float) -> None:
        """End: the streams first, for others are to connect when these do not."""
        if not self._stopping:
            self._stop_at, self._look_at = now + CLOSING, math.inf
            self._to_take.clear()
            self._shut(sorted(self._open), STOPS)

    # Steps.

    def _compose(self, now: float) -> int:
        self._composing, self._composed_at = self._numbers.compose(), now
        self._words = None
        return self._composing

    def _pulse(self, words: Mapping[str, Word]) -> Pulse:
        number, clock = self._composing, self._composed_at
        named = sorted(self._named)
        return make_pulse(number, max(0.0, clock), self.connections, named, words)

    def _ask_for(self, accounts: Iterable[str]) -> None:
        for account in accounts:
            if account not in self._closing and account not in self._shunned:
                self._drop(account)
                self._to_take[account] = None

    def _fence(self, account: str) -> None:
        """Ask for an account that may be another's by now, or by an older token."""
        self.fenced += 1
        self._drop(account)
        if account in self._open:
            self._ask_for([account])

    def _drop(self, account: str) -> None:
        self.tokens.pop(account, None)
        self._whole.discard(account)

    def _shut(self, accounts: Iterable[str], reason: str) -> None:
        for account in accounts:
            if account in self._open:
                self._open.discard(account)
                if account in self._over:
                    self._over.discard(account)
                else:
                    self._closing.add(account)
                self._todo.append(Shut(account, reason))


def _foreign(account: str, owner: str, key: str, known: str) -> ConfigurationError:
    return ConfigurationError(
        f"worker {owner} of this fleet has an account of that label by another key, "
        f"{key} and not {known}: this worker does not take it",
        remedy="Give it another label, or the fleet another name. If it is the same "
        "account, have all workers use one key for it.",
        account=account,
    )
