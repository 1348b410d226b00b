"""Publishes the events of one stream: to its mailbox and to whoever takes them all.

The reader thread publishes, in the step that changed the book, so every queue shows the
order in which the book changed (W2). Only a sink that comes after the end
receives it from its own thread.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Callable, Sequence

from assetstream.core.present import Present
from assetstream.model.errors import AssetStreamError, CallbackError
from assetstream.model.events import AssetUpdate, Event, Gap, Source, StateChange
from assetstream.model.history import Recent
from assetstream.model.states import State
from assetstream.runtime.dispatcher import Dispatcher
from assetstream.runtime.loop import clock
from assetstream.runtime.loop.stack import handler_name
from assetstream.runtime.mailbox import Sink

__all__ = ["Publisher"]


class Publisher:
    """Hands events to everybody: history, sinks, handlers.

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
        step: number of the step (W2) whose events are published; counted up by whoever
            begins one.
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
        self._sinks: tuple[Sink, ...] = ()
        self.interrupt: BaseException | None = None
        self.last_gap: Gap | None = None
        self.step = 0

    def publish(self, events: Sequence[Event]) -> None:
        """Publish events in order. Called for each push: hence without detours."""
        others: list[AssetStreamError | StateChange] = []
        note = self._recent.note
        for event in events:
            if isinstance(event, AssetUpdate):
                note(event)
            else:
                others.append(event)
                if isinstance(event, StateChange):
                    self._note_change(event)
        if self._sinks:
            self._hand_out(events, others)
        if not self._handlers.asset:
            # Nobody asked for updates: they are not even queued.
            events = others
        if events:
            self._dispatcher.check(self._mailbox.put(events), clock.now)
        if others:
            self._witness(others)
            for event in others:
                if isinstance(event, StateChange):
                    if event.current.final:
                        self._end(event.current)
                    self._changed(event)

    def due(self) -> None:
        """Let go of what nobody needs any more; called now and then."""
        self._recent.slim()

    def subscribe(self, sink: Sink) -> None:
        """Add a sink; its first event is the present state."""
        present = self._present
        state = present.state
        if state.final:
            failed = state is State.FAILED
            sink.end(present.error if failed else self.interrupt)
            return
        items: list[AssetUpdate | StateChange] = [
            StateChange(present.exchange, present.account, state, state, "present")
        ]
        if sink.with_book:
            received = datetime.fromtimestamp(clock.wall(), timezone.utc)
            items += [
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
                for balance in present.balances.copy().values()
            ]
        self._sinks = (*self._sinks, sink)
        sink.begin(items)

    def unsubscribe(self, sink: Sink) -> None:
        """Remove a sink; in the reader thread, like ``subscribe``."""
        self._sinks = tuple(each for each in self._sinks if each is not sink)
        # Another thread may be waiting for its next event.
        sink.end(None)

    def _note_change(self, change: StateChange) -> None:
        if change.current is State.STOPPED:
            self._mailbox.discard_updates()
        if change.gap is not None:
            self.last_gap = change.gap
            self._recent.add_gap(change.gap)

    def _hand_out(
        self, events: Sequence[Event], others: Sequence[AssetStreamError | StateChange]
    ) -> None:
        """Put events into the sinks, and let go of those that are over (D2).

        Nobody changes them: what is made of one push may be given to all.
        """
        items: Any = events
        if others:
            items = [item for item in events if not isinstance(item, AssetStreamError)]
        for sink in self._sinks:
            if not sink.put(items, self.step):
                self._sinks = tuple(each for each in self._sinks if each is not sink)

    def _witness(self, events: Sequence[AssetStreamError | StateChange]) -> None:
        for event in events:
            for witness in self._handlers.witnesses.copy().values():
                try:
                    witness(event)
                except Exception as exc:  # user's code (D4)
                    self._handlers.witnesses.remove(witness)
                    self.blame("subscriber", witness, exc)

    def blame(self, kind: str, user: Any, exc: Exception) -> None:
        """Have ``on_error`` called for what raised in the reader thread (D4).

        Args:
            kind: "observer" or "subscriber".
            user: what raised; it must not be called again.
            exc: what it raised.
        """
        error = CallbackError(
            f"{kind} {handler_name(user)} raised {type(exc).__name__} and is called "
            "no more",
            callback=user,
            exchange=self._present.exchange,
            account=self._present.account,
        )
        error.__cause__ = exc
        self._mailbox.put([error])

    def _end(self, state: State) -> None:
        error = self._present.error if state is State.FAILED else self.interrupt
        sinks, self._sinks = self._sinks, ()
        for sink in sinks:
            sink.end(error)
