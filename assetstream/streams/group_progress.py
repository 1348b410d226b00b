"""How far the accounts of a group are, and waits for that."""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING

from assetstream.model.health import Progress
from assetstream.model.states import State

if TYPE_CHECKING:
    from assetstream.streams.stream import AssetStream

__all__ = ["Census"]


class Census:
    """Which accounts of a group were LIVE, and which have come to their end.

    Noted by the threads that own the sessions, and read by any; every step is atomic.

    Args:
        streams: account -> stream, as the group has them at any moment.
    """

    def __init__(self, streams: dict[str, AssetStream]) -> None:
        self._streams = streams
        self._lived: set[AssetStream] = set()
        self._ended: set[AssetStream] = set()
        self._watching: tuple[SimpleQueue[None], ...] = ()

    def note(self, stream: AssetStream, state: State) -> None:
        """It has come to this state."""
        if state is State.LIVE:
            self._lived.add(stream)
        elif state.final:
            self._ended.add(stream)
        else:
            return
        self.poke()

    def forget(self, stream: AssetStream) -> None:
        """It has left the group."""
        self._lived.discard(stream)
        self._ended.discard(stream)
        self.poke()

    def watch(self) -> SimpleQueue[None]:
        """A queue that gets something whenever one of the properties may change."""
        queue: SimpleQueue[None] = SimpleQueue()
        self._watching += (queue,)
        return queue

    def unwatch(self, queue: SimpleQueue[None]) -> None:
        """Put nothing more in."""
        self._watching = tuple(each for each in self._watching if each is not queue)

    def poke(self) -> None:
        """Have everyone who watches look again."""
        for queue in self._watching:
            queue.put(None)

    @property
    def lived(self) -> bool:
        """There is an account that was LIVE, if only once."""
        return not self._lived.isdisjoint(self._present())

    @property
    def settled(self) -> bool:
        """Every account was LIVE once, or has come to its end."""
        return self._present() <= self._lived | self._ended

    @property
    def over(self) -> bool:
        """There are accounts, and each has come to its end."""
        present = self._present()
        return bool(present) and present <= self._ended

    def progress(self) -> Progress:
        """The figures of this moment."""
        present = self._present()
        states = [stream.state for stream in present]
        return Progress(
            live=sum(state is State.LIVE for state in states),
            failed=sum(state.final for state in states),
            total=len(states),
            settled=len(present & (self._lived | self._ended)),
        )

    def _present(self) -> set[AssetStream]:
        return set(self._streams.copy().values())
