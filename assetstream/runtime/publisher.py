"""Publishes the events of one stream: to its state, its mailbox, its subscriptions.

The reader thread writes all of it, in the step that changed the book, so every queue
shows the order in which the book changed (W2). Only a subscription that comes after the
end receives it from its own thread.
"""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import Callable, Sequence

from assetstream.core.book import BalanceBook
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import AssetUpdate, Balance, Gap, Source, StateChange
from assetstream.model.history import Recent
from assetstream.model.states import TRANSITIONS, State
from assetstream.runtime.dispatcher import Dispatcher
from assetstream.runtime.liveness import Proof
from assetstream.runtime.loop import clock
from assetstream.runtime.mailbox import End, Event, Subscription

__all__ = ["Outlet"]

logger = logging.getLogger("assetstream")


class Outlet:
    """The stream's state, and all queues that its events go into."""

    def __init__(
        self,
        book: BalanceBook,
        dispatcher: Dispatcher,
        proof: Proof,
        changed: Callable[[StateChange], None],
        recent: Recent,
    ) -> None:
        self._book = book
        self.proof = proof
        self._changed = changed
        self._recent = recent
        self._dispatcher = dispatcher
        self._handlers = dispatcher.handlers
        self._mailbox = dispatcher.mailbox
        # Replaced, never changed: any thread may leave.
        self._subscriptions: tuple[Subscription, ...] = ()
        #: The state as last decided; ``state_at`` knows better (L1).
        self.state = State.NEW
        #: Why it is in that state, in words.
        self.reason = ""
        #: Why it is not LIVE, or the last thing that went wrong.
        self.error: AssetStreamError | None = None
        #: A SystemExit or KeyboardInterrupt that came out of a handler.
        self.interrupt: BaseException | None = None
        #: The last time that was missed.
        self.last_gap: Gap | None = None

    # Asked from any thread.

    def state_at(self, now: float) -> State:
        """The state; STALE once the proof has run out, noticed or not (L1, A7)."""
        state = self.state
        if state is State.LIVE and not self.proof.holds(now):
            return State.STALE
        return state

    def reason_at(self, now: float) -> str:
        """Reason for the state that ``state_at`` returns."""
        if self.state is State.LIVE and not self.proof.holds(now):
            return "no proof of life, or no audit, for too long"
        return self.reason

    def standing(self, balance: Balance) -> tuple[float, bool]:
        """Answer ``(age, stale)`` for a balance of the book."""
        now = clock.now()
        entry = self._book.entry(balance.currency) or self._book.absent
        proof = self.proof.while_live
        stale = self.state_at(now) is not State.LIVE
        if entry.balance is not balance and entry is not self._book.absent:
            proof, stale = min(proof, entry.replaced_at), True
        doubted = entry.doubted
        if doubted is not None:
            proof, stale = min(proof, doubted), True
        return max(0.0, now - proof), stale

    # In the session's thread.

    @property
    def was_live(self) -> bool:
        """True if it was LIVE once, and has not ended."""
        return self.state in (State.LIVE, State.STALE)

    @property
    def deadline(self) -> float:
        """Moment to look for a slow callback."""
        return self._dispatcher.deadline

    def due(self, now: float) -> None:
        """Warn of a callback that is too slow."""
        if now >= self._dispatcher.deadline:
            self._dispatcher.due(now)

    def deliver(self, events: Sequence[Event]) -> None:
        """Publish events in order. Called for each push: hence without detours."""
        for item in events:
            if isinstance(item, AssetUpdate):
                self._recent.note(item)
                for subscription in self._subscriptions:
                    subscription.put(item)
            else:
                self._tell(item)
        if not self._handlers.asset:
            # Nobody asked for updates: they are not even queued.
            events = [item for item in events if not isinstance(item, AssetUpdate)]
        if events:
            self._mailbox.put(events)
            self._dispatcher.check(clock.now())

    def change(self, state: State, reason: str, gap: Gap | None = None) -> None:
        """Go to another state; the one place that does."""
        if state is self.state:
            return
        if state not in TRANSITIONS[self.state]:
            raise RuntimeError(f"no way from {self.state} to {state}")
        change = StateChange(
            self._book.exchange, self._book.account, self.state, state, reason, gap
        )
        self.reason = reason
        self.state = state
        if state is State.LIVE:
            self.error = None
        if gap is not None:
            self.last_gap = gap
            self._recent.add_gap(gap)
        logger.debug("%s: %s", self._book.account, change)
        self.deliver([change])
        self._changed(change)

    def fail(self, error: AssetStreamError) -> None:
        """End by an error: updates first, then ``on_error``, then ``on_state``."""
        error.fatal = True
        self.deliver([error])
        self.change(State.FAILED, str(error))
        self._end(error)

    def stop(self, reason: str) -> None:
        """End because the user stopped it; undelivered updates are dropped."""
        self._mailbox.discard_updates()
        self.change(State.STOPPED, reason)
        self._end(self.interrupt)

    def subscribe(self, subscription: Subscription) -> None:
        """Add a subscription; its first item is the present state."""
        if self.state.final:
            failed = self.state is State.FAILED
            subscription.put(End(self.error if failed else self.interrupt))
            subscription.begun.set()
            return
        subscription.put(self._present())
        if subscription.with_book:
            received = datetime.now(timezone.utc)
            for balance in self._book.balances().values():
                subscription.put(
                    AssetUpdate(
                        balance.exchange,
                        balance.account,
                        balance.currency,
                        balance.available,
                        balance.locked,
                        None,
                        received,
                        Source.SNAPSHOT,
                    )
                )
        self._subscriptions = (*self._subscriptions, subscription)
        subscription.begun.set()

    def unsubscribe(self, subscription: Subscription) -> None:
        """Remove a subscription; from the session's thread, like ``subscribe``."""
        self._subscriptions = tuple(
            s for s in self._subscriptions if s is not subscription
        )
        # Another thread may be waiting for its next item.
        subscription.put(End(None))

    def _tell(self, item: AssetStreamError | StateChange) -> None:
        """Publish an error or a state, and keep the error."""
        if isinstance(item, AssetStreamError):
            item.exchange = item.exchange or self._book.exchange
            item.account = item.account or self._book.account
            # Reporters of crashes show the variables of its frames: what was
            # received, and the proxy's password, are among them.
            item.with_traceback(None).__context__ = None
            self.error = item
        else:
            for subscription in self._subscriptions:
                subscription.put(item)
        for witness in self._handlers.witnesses:
            witness(item)

    def _present(self) -> StateChange:
        book = self._book
        return StateChange(
            book.exchange, book.account, self.state, self.state, "present"
        )

    def _end(self, error: BaseException | None) -> None:
        subscriptions, self._subscriptions = self._subscriptions, ()
        for subscription in subscriptions:
            subscription.put(End(error))
        self._mailbox.close()
