"""A recorder of a stream's events, on which tests wait."""

from __future__ import annotations

import threading
from typing import Any, Callable, TypeVar

from assetstream import AssetUpdate, StateChange
from assetstream.model.states import TRANSITIONS, State

__all__ = ["PATIENCE", "EventRecorder"]

#: Longest wait of a test for anything, seconds. Only what hangs takes so long: other
#: work on the machine may make a test many times slower.
PATIENCE = 120.0

T = TypeVar("T")


class EventRecorder:
    """Handler of a stream that keeps every event in order; tests can wait for one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.events: list[Any] = []

    def __call__(self, event: Any) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def handlers(self) -> dict[str, Callable[[Any], None]]:
        """Return the options that make a stream call this recorder for every event."""
        return {"on_asset": self, "on_error": self, "on_state": self}

    def of(self, kind: type[T]) -> list[T]:
        """Return the events of one kind so far."""
        with self._changed:
            return [event for event in self.events if isinstance(event, kind)]

    def wait_for(
        self, met: Callable[[Any], object], *, after: int = 0, timeout: float = PATIENCE
    ) -> Any:
        """Return the first event from number ``after`` on that satisfies ``met``."""

        def first() -> list[Any]:
            return [event for event in self.events[after:] if met(event)]

        with self._changed:
            assert self._changed.wait_for(first, timeout), f"only: {self.events}"
            return first()[0]

    def wait_for_state(self, state: State, *, times: int = 1) -> StateChange:
        """Return the change to ``state``: the first one, or number ``times``."""

        def changes() -> list[StateChange]:
            found = (e for e in self.events if isinstance(e, StateChange))
            return [change for change in found if change.current is state]

        with self._changed:
            assert self._changed.wait_for(lambda: len(changes()) >= times, PATIENCE), (
                f"only: {self.events}"
            )
            return changes()[times - 1]

    @property
    def states(self) -> list[str]:
        """The states in their order, checked against the table of transitions."""
        changes = self.of(StateChange)
        for change in changes:
            assert change.current in TRANSITIONS[change.previous]
        return [change.current.value for change in changes]

    @property
    def updates(self) -> list[AssetUpdate]:
        """The updates so far."""
        return self.of(AssetUpdate)
