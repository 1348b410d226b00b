"""Publishes the events of one stream: to its mailbox and its subscriptions.

The reader thread publishes, in the step that changed the book, so every queue shows the
order in which the book changed (W2). Only a subscription that comes after the end
receives it from its own thread.
"""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import Callable, Sequence

from assetstream.core.present import Present
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import AssetUpdate, Event, Gap, Source, StateChange
from assetstream.model.history import Recent
from assetstream.model.states import State
from assetstream.runtime.dispatcher import Dispatcher
from assetstream.runtime.loop import clock
from assetstream.runtime.mailbox import End, Subscription

__all__ = ["Publisher"]

logger = logging.getLogger("assetstream")


class Publisher:
    """Hands events to everybody: history, subscriptions, handlers.

    It is given events and a ``Present``, and knows no machine: whatever keeps a
    ``Present`` can publish by it.

    Args:
        present: what the events are about.
        dispatcher: calls the user's handlers.
        changed: called in the reader thread with every change of state.
        recent: keeps the last updates and gaps.

    Attributes:
        interrupt: a SystemExit or KeyboardInterrupt that came out of a handler.
        last_gap: the last time that was missed.
    """

    def __init__(
        self,
        present: Present,
        dispatcher: Dispatcher,
        changed: Callable[[StateChange], None],
        recent: Recent,
    ) -> None:
        self._present = present
        self._changed = changed
        self._recent = recent
        self._dispatcher = dispatcher
        self._handlers = dispatcher.handlers
        self._mailbox = dispatcher.mailbox
        # Replaced, never changed: any thread may leave.
        self._subscriptions: tuple[Subscription, ...] = ()
        self.interrupt: BaseException | None = None
        self.last_gap: Gap | None = None

    def publish(self, events: Sequence[Event]) -> None:
        """Publish events in order. Called for each push: hence without detours."""
        others: list[AssetStreamError | StateChange] = []
        for event in events:
            if isinstance(event, AssetUpdate):
                self._recent.note(event)
                for subscription in self._subscriptions:
                    subscription.put(event)
            else:
                others.append(event)
                if isinstance(event, StateChange):
                    self._note_change(event)
        if not self._handlers.asset:
            # Nobody asked for updates: they are not even queued.
            events = others
        if events:
            self._mailbox.put(events)
            self._dispatcher.check(clock.now())
        if others:
            try:
                self._witness(others)
            finally:
                # A witness or a logging handler that raises ends the stream, which
                # needs its end published.
                for event in others:
                    if isinstance(event, StateChange):
                        self._changed(event)
                        if event.current.final:
                            self._end(event.current)

    def subscribe(self, subscription: Subscription) -> None:
        """Add a subscription; its first event is the present state."""
        present = self._present
        state = present.state
        if state.final:
            failed = state is State.FAILED
            subscription.put(End(present.error if failed else self.interrupt))
            subscription.begun.set()
            return
        subscription.put(
            StateChange(present.exchange, present.account, state, state, "present")
        )
        if subscription.with_book:
            received = datetime.fromtimestamp(clock.wall(), timezone.utc)
            for balance in present.balances.values():
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
        """Remove a subscription; in the reader thread, like ``subscribe``."""
        self._subscriptions = tuple(
            s for s in self._subscriptions if s is not subscription
        )
        # Another thread may be waiting for its next event.
        subscription.put(End(None))

    def _note_change(self, change: StateChange) -> None:
        if change.current is State.STOPPED:
            self._mailbox.discard_updates()
        if change.gap is not None:
            self.last_gap = change.gap
            self._recent.add_gap(change.gap)
        for subscription in self._subscriptions:
            subscription.put(change)

    def _witness(self, events: Sequence[AssetStreamError | StateChange]) -> None:
        for event in events:
            if isinstance(event, StateChange):
                logger.debug("%s: %s", self._present.account, event)
            for witness in self._handlers.witnesses:
                witness(event)

    def _end(self, state: State) -> None:
        error = self._present.error if state is State.FAILED else self.interrupt
        subscriptions, self._subscriptions = self._subscriptions, ()
        for subscription in subscriptions:
            subscription.put(End(error))
        self._mailbox.close()
