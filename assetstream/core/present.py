"""The present of one stream, as any thread may read it (L1, A7, W2).

The thread that owns the machine replaces each field by one assignment, and changes the
balances by one ``update`` for each step, into which no other thread can come: its cost
is that of what changed, not of what is held. Whoever asks for the state is answered by
the clock, whether or not a thread has noticed that the proof has run out.
"""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Callable, Mapping
from weakref import WeakMethod

from assetstream.model.errors import AssetStreamError
from assetstream.model.events import Balance, Gap, Source, Standing, StateChange
from assetstream.model.states import State

__all__ = ["UNNAMED", "Present"]

ZERO = Decimal(0)
NO_DOUBTS: Mapping[str, float] = MappingProxyType({})

#: Stands for every currency that the book does not hold.
UNNAMED = ""


class Present:
    """State, proofs, balances and doubts of this moment. All times are monotonic.

    Args:
        exchange: name that every balance carries.
        account: label that every balance carries.
        clock: returns the monotonic time, for whoever asks for an age.

    Attributes:
        state: the state as last decided; ``state_at`` knows better (L1).
        reason: why it is in that state, in words.
        error: why the stream is not LIVE, or the last thing that went wrong since.
        proof: last frame or pong while LIVE: ages are counted from it; -inf before.
        heard_at: last frame or pong in any state; -inf before the first.
        dead_at: when a silent connection counts as lost; -inf while there is none.
        lease_ends_at: when LIVE ends without another completed audit (A7).
        balances: currency -> what is shown. Other threads look one up, or copy all:
            either way they see whole steps (W2).
        doubts: currency -> since when it is in doubt; ``UNNAMED`` stands for all that
            are not held.
        unknown: currencies of which a field is not known yet (K4).
        taken_at: currency -> when the balance that is shown took its value.
        verified_at: currency -> when the last read was asked for that agreed with what
            is shown, or set it; ``UNNAMED`` stands for all that are not held.
        audited_at: when the last read was asked for after which every currency that may
            be judged was judged; -inf before the first. Where there is an ``owner``:
            when its newest word was composed, at the earliest.
        owner: the worker of another process that knows the balances; "": none, or this
            stream has them from the exchange itself.
        complete_since: when the first complete snapshot was merged: since then what is
            not held is zero. Our time, UTC.
        attempts: connections begun, failed ones included.
        round_trip: seconds that the last answered ping took; None before the first.
        ignored: pushes older than what was known.
        audits: comparisons with REST that were completed.
        drifts: currencies that such a comparison corrected.
    """

    def __init__(
        self, exchange: str, account: str, clock: Callable[[], float] = lambda: 0.0
    ) -> None:
        self.exchange = exchange
        self.account = account
        self._clock = clock
        self.state = State.NEW
        self.reason = ""
        self.error: AssetStreamError | None = None
        self.proof = -math.inf
        self.heard_at = -math.inf
        self.dead_at = -math.inf
        self.lease_ends_at = math.inf
        self.balances: dict[str, Balance] = {}
        self.doubts: Mapping[str, float] = NO_DOUBTS
        self.unknown: frozenset[str] = frozenset()
        self.taken_at: dict[str, float] = {}
        self.verified_at: dict[str, float] = {}
        self.audited_at = -math.inf
        self.owner = ""
        self.complete_since: datetime | None = None
        self.attempts = 0
        self.round_trip: float | None = None
        self.ignored = 0
        self.audits = 0
        self.drifts = 0
        #: Answers for the balances made for this account.
        self.standing: Standing = _weakly(self._standing)

    def holds(self, now: float) -> bool:
        """True while proof of life and lease last."""
        return now <= self.dead_at and now <= self.lease_ends_at

    def state_at(self, now: float) -> State:
        """The state; STALE once the proof has run out, noticed or not (L1, A7)."""
        state = self.state
        if state is State.LIVE and not self.holds(now):
            return State.STALE
        return state

    def reason_at(self, now: float) -> str:
        """The reason for the state that ``state_at`` returns."""
        if self.state is State.LIVE and not self.holds(now):
            return "no proof of life, or no audit, for too long"
        return self.reason

    def change(self, state: State, reason: str, gap: Gap | None = None) -> StateChange:
        """Go to another state; for the thread that writes."""
        previous, self.reason, self.state = self.state, reason, state
        return StateChange(self.exchange, self.account, previous, state, reason, gap)

    def balance(self, currency: str) -> Balance | None:
        """One currency's balance, zeros for one never held; None if not known (K4)."""
        # The balances last: what comes to be known meanwhile is found there (W2).
        since, unknown = self.complete_since, self.unknown
        shown = self.balances.get(currency)
        if shown is not None:
            return shown
        if since is None or currency in unknown:
            return None
        return Balance(
            self.exchange,
            self.account,
            currency,
            ZERO,
            ZERO,
            since,
            Source.SNAPSHOT,
            self.standing,
        )

    def in_doubt(self) -> tuple[str, ...]:
        """The currencies in doubt, sorted."""
        return tuple(sorted(code for code in self.doubts if code != UNNAMED))

    def _standing(self, balance: Balance) -> tuple[float, bool, float]:
        now = self._clock()
        code = balance.currency
        proof = self.proof
        stale = self.state_at(now) is not State.LIVE
        # The balances last: they are replaced before a doubt is lifted, and before the
        # read that has set them counts (W2).
        doubts, unknown, verified_at = self.doubts, self.unknown, self.verified_at
        shown = self.balances.get(code)
        held = shown is not None or code in unknown
        doubted = doubts.get(code if held else UNNAMED)
        verified = verified_at.get(code if held else UNNAMED, -math.inf)
        # A zero that was made for a currency that is still not held is good.
        if held and shown is not balance:
            over, stale = self.taken_at.get(code, -math.inf), True
            proof, verified = min(proof, over), min(verified, over)
        if doubted is not None:
            proof, stale = min(proof, doubted), True
        return max(0.0, now - proof), stale, max(0.0, now - verified)


def _weakly(standing: Standing) -> Standing:
    # An event that the user keeps must not keep its whole stream. What is more, events
    # so refer to nothing that could refer to them, and the garbage collector, which
    # would find nothing, does not visit them (``gc=False``).
    method = WeakMethod(standing)

    def ask(balance: Balance) -> tuple[float, bool, float]:
        answer = method()
        return answer(balance) if answer else (math.inf, True, math.inf)

    return ask
