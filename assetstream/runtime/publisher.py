"""Where news leaves the session: the state, the callbacks' mailbox, the watches.

Everything here is written by the session's thread, in the step that changed the book,
so every queue shows the order in which the book changed (W2). Only a watch that comes
after the end is told of it by its own thread.
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
from assetstream.runtime.mailbox import End, News, WatchQueue

__all__ = ["Outlet"]

logger = logging.getLogger("assetstream")


class Outlet:
    """The stream's state, and everyone who hears of news."""

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
        self._watches: tuple[WatchQueue, ...] = ()
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
        """Why it is in the state that ``state_at`` tells."""
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
        """It was LIVE once, and has not ended."""
        return self.state in (State.LIVE, State.STALE)

    @property
    def deadline(self) -> float:
        """When a slow callback is to be looked at."""
        return self._dispatcher.deadline

    def due(self, now: float) -> None:
        """Tell of a callback that is too slow."""
        if now >= self._dispatcher.deadline:
            self._dispatcher.due()

    def deliver(self, news: Sequence[News]) -> None:
        """Tell everyone, in order. Called for each push: hence without detours."""
        for item in news:
            if isinstance(item, AssetUpdate):
                self._recent.note(item)
                for watch in self._watches:
                    watch.put(item)
            else:
                self._tell(item)
        if not self._handlers.asset:
            # Nobody asked for updates: they are not even queued.
            news = [item for item in news if not isinstance(item, AssetUpdate)]
        if news:
            self._mailbox.put(news)

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

    def join(self, watch: WatchQueue) -> None:
        """Add a watch; its first item tells the present state."""
        if self.state.final:
            failed = self.state is State.FAILED
            watch.put(End(self.error if failed else self.interrupt))
            watch.joined.set()
            return
        watch.put(self._present())
        if watch.with_book:
            received = datetime.now(timezone.utc)
            for balance in self._book.balances().values():
                watch.put(
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
        self._watches = (*self._watches, watch)
        watch.joined.set()

    def leave(self, watch: WatchQueue) -> None:
        """Remove a watch; from the session's thread, like ``join``."""
        self._watches = tuple(w for w in self._watches if w is not watch)
        # Another thread may be waiting for its next item.
        watch.put(End(None))

    def _tell(self, item: AssetStreamError | StateChange) -> None:
        """Note an error, or tell the watches of a state; and tell the witnesses."""
        if isinstance(item, AssetStreamError):
            item.exchange = item.exchange or self._book.exchange
            item.account = item.account or self._book.account
            # Reporters of crashes show the variables of its frames: what was
            # received, and the proxy's password, are among them.
            item.with_traceback(None).__context__ = None
            self.error = item
        else:
            for watch in self._watches:
                watch.put(item)
        for witness in self._handlers.witnesses:
            witness(item)

    def _present(self) -> StateChange:
        book = self._book
        return StateChange(
            book.exchange, book.account, self.state, self.state, "present"
        )

    def _end(self, error: BaseException | None) -> None:
        watches, self._watches = self._watches, ()
        for watch in watches:
            watch.put(End(error))
        self._mailbox.close()
