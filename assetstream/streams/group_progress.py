"""Counts how far the accounts of a group are, and wakes those who wait for that."""

from __future__ import annotations

from queue import SimpleQueue

from assetstream.model.health import Progress
from assetstream.model.states import State
from assetstream.runtime.stream_run import StreamRun

__all__ = ["GroupProgress"]


class GroupProgress:
    """Counts the accounts of a group that are LIVE, were LIVE, and have ended.

    Every account is a member of some of these sets, and the figures are their sizes.
    Each step is atomic: reader threads note states while others add and remove (D5).
    """

    def __init__(self) -> None:
        # A dict, for the order.
        self._members: dict[StreamRun, None] = {}
        self._live: set[StreamRun] = set()
        self._lived: set[StreamRun] = set()
        self._ended: set[StreamRun] = set()
        # Neither LIVE so far, nor ended.
        self._pending: set[StreamRun] = set()
        self._watching: set[SimpleQueue[None]] = set()

    def add(self, run: StreamRun) -> None:
        """Count an account that is NEW."""
        self._pending.add(run)
        self._members[run] = None

    def remove(self, run: StreamRun) -> None:
        """Count an account no longer."""
        self._members.pop(run, None)
        self._discard(run)
        self.poke()

    def note(self, run: StreamRun, state: State) -> None:
        """Count an account by its present state."""
        if state is State.LIVE:
            self._live.add(run)
            self._lived.add(run)
        else:
            self._live.discard(run)
            if state.final:
                self._ended.add(run)
        if state is State.LIVE or state.final:
            self._pending.discard(run)
            self.poke()
        if run not in self._members:  # removed, if only just now
            self._discard(run)

    def watch(self) -> SimpleQueue[None]:
        """Return a queue that receives an item whenever a property may have changed."""
        queue: SimpleQueue[None] = SimpleQueue()
        self._watching.add(queue)
        return queue

    def unwatch(self, queue: SimpleQueue[None]) -> None:
        """Put nothing more in."""
        self._watching.discard(queue)

    def poke(self) -> None:
        """Have everyone who watches look again."""
        for queue in self._watching.copy():
            queue.put(None)

    @property
    def members(self) -> list[StreamRun]:
        """The accounts of this moment, in the order in which they came."""
        return list(self._members.copy())

    @property
    def lived(self) -> bool:
        """There is an account that was LIVE, if only once."""
        return bool(self._lived)

    @property
    def settled(self) -> bool:
        """Every account was LIVE once, or has come to its end."""
        return not self._pending

    @property
    def over(self) -> bool:
        """There are accounts, and each has come to its end."""
        return bool(self._members) and len(self._ended) >= len(self._members)

    def progress(self) -> Progress:
        """Return the figures of this moment."""
        total = len(self._members)
        return Progress(
            live=len(self._live),
            failed=len(self._ended),
            total=total,
            settled=total - len(self._pending),
        )

    def _discard(self, run: StreamRun) -> None:
        for states in (self._live, self._lived, self._ended, self._pending):
            states.discard(run)
