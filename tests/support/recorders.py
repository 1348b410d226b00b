"""What several tests share: recorders to wait on, and exchanges without patience."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, Callable, TypeVar

from assetstream import AssetStream, AssetUpdate, StateChange
from assetstream.model.states import TRANSITIONS, State

#: The longest that a test waits for anything at all, seconds.
PATIENCE = 10.0

T = TypeVar("T")


class Recorder:
    """Handlers for a stream that keep everything they are called with, in order."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.events: list[Any] = []

    def __call__(self, event: Any) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def handlers(self) -> dict[str, Callable[[Any], None]]:
        """All three handlers, for ``AssetStream(exchange, **recorder.handlers())``."""
        return {"on_asset": self, "on_error": self, "on_state": self}

    def of(self, kind: type[T]) -> list[T]:
        """The events of one kind so far."""
        with self._changed:
            return [event for event in self.events if isinstance(event, kind)]

    def wait_for(
        self, met: Callable[[Any], object], *, after: int = 0, timeout: float = PATIENCE
    ) -> Any:
        """Return the first event, from number ``after`` on, that meets it."""

        def first() -> list[Any]:
            return [event for event in self.events[after:] if met(event)]

        with self._changed:
            assert self._changed.wait_for(first, timeout), f"only: {self.events}"
            return first()[0]

    def wait_for_state(self, state: State, *, times: int = 1) -> StateChange:
        """Return the change to ``state``, or the last of several."""

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
        """The states gone through, checked against the table of transitions."""
        changes = self.of(StateChange)
        for change in changes:
            assert change.current in TRANSITIONS[change.previous]
        return [change.current.value for change in changes]

    @property
    def updates(self) -> list[AssetUpdate]:
        """The updates so far."""
        return self.of(AssetUpdate)


def truth(account: Any) -> dict[str, tuple[Any, Any]]:
    """The simulated account's own non-zero balances."""
    return {c: amounts for c, amounts in account.balances.items() if any(amounts)}


def known(stream: AssetStream) -> dict[str, tuple[Any, Any]]:
    """The stream's non-zero balances, in the same form."""
    return {
        currency: (balance.available, balance.locked)
        for currency, balance in stream.balances.items()
        if balance.total
    }


def open_sockets() -> set[str]:
    """This process's sockets, as Linux names them; empty elsewhere."""
    found = set()
    for entry in Path("/proc/self/fd").glob("*"):
        try:
            found.add(os.readlink(entry))
        except OSError:
            pass  # that of the listing itself
    return {link for link in found if link.startswith("socket:")}
