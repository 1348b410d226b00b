"""What can be said of many accounts at once: their states, balances and figures."""

from __future__ import annotations

from collections import Counter
from queue import SimpleQueue
from typing import TYPE_CHECKING, Iterator, Mapping

from msgspec import Struct

from assetstream.display.html import as_html
from assetstream.display.page import Line, as_text, counted, lasting, named
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import Balance
from assetstream.model.health import Health, counts
from assetstream.model.pictures import MOST_LINES, MOST_ROWS, accounts_page
from assetstream.model.states import State
from assetstream.notebook.accounts import state_line

if TYPE_CHECKING:
    from assetstream.streams.stream import AssetStream

__all__ = ["Census", "GroupBalances", "GroupHealth", "Progress", "said"]


class Progress(Struct, frozen=True):
    """How far the accounts of a group are.

    Attributes:
        live: accounts that are LIVE at this moment.
        failed: accounts that have FAILED or were stopped.
        total: all accounts.
    """

    live: int
    failed: int
    total: int

    @property
    def waiting(self) -> int:
        """Accounts that are not yet LIVE, or not at present."""
        return self.total - self.live - self.failed

    def __str__(self) -> str:
        ended = f", {self.failed} ended" if self.failed else ""
        return f"{self.live} of {self.total} LIVE{ended}"

    def __repr__(self) -> str:
        return f"<Progress {self}>"


class GroupHealth(Struct, frozen=True, kw_only=True):
    """Figures of a group at one moment. Durations in seconds.

    Attributes:
        states: how many accounts are in each state; those that none is in left out.
        errors: account -> its error, as ``stream.error``, of those that have one.
        in_doubt: account -> its currencies in doubt, of those that have any.
        reconnects: attempts to connect after each account's first, failed ones too.
        oldest_proof: since the last frame or pong of the LIVE account that was longest
            without; None if none is LIVE.
        pending: updates, errors and state changes waiting for their callbacks.
        folded: updates folded into newer ones because callbacks were slow.
        dropped: updates that ``stop()`` left undelivered.
        ignored: pushes older than what was known.
        callback_errors: times a handler raised.
        audits: comparisons with REST that were completed.
        drifts: currencies that such a comparison corrected.
        detection_time: the longest of all accounts; None: one has none, for it was not
            started, or its audits are off and a change that was never pushed may never
            be found.
        threads: of the group, helpers included.
    """

    states: Mapping[State, int]
    errors: Mapping[str, AssetStreamError]
    in_doubt: Mapping[str, tuple[str, ...]]
    reconnects: int
    oldest_proof: float | None
    pending: int
    folded: int
    dropped: int
    ignored: int
    callback_errors: int
    audits: int
    drifts: int
    detection_time: float | None
    threads: int

    @classmethod
    def of(cls, found: Mapping[str, Health], threads: int) -> GroupHealth:
        """Sum up what was ``found``, by account, of so many ``threads``."""
        each = found.values()
        live = [h.last_proof for h in each if h.state is State.LIVE]
        times = [health.detection_time for health in each]
        known = [time for time in times if time is not None]
        return cls(
            states=Counter(health.state for health in each),
            errors={a: h.error for a, h in found.items() if h.error is not None},
            in_doubt={a: h.in_doubt for a, h in found.items() if h.in_doubt},
            reconnects=sum(health.reconnects for health in each),
            oldest_proof=max((p for p in live if p is not None), default=None),
            pending=sum(health.pending for health in each),
            folded=sum(health.folded for health in each),
            dropped=sum(health.dropped for health in each),
            ignored=sum(health.ignored for health in each),
            callback_errors=sum(health.callback_errors for health in each),
            audits=sum(health.audits for health in each),
            drifts=sum(health.drifts for health in each),
            detection_time=max(known) if known and len(known) == len(times) else None,
            threads=threads,
        )

    def __repr__(self) -> str:
        states = [f"{self.states[s]} {s}" for s in State if self.states.get(s)]
        words = [*states, *said(self)]
        if self.errors:
            words.append(f"errors of {named(self.errors)}")
        return f"<GroupHealth {', '.join(words)}>"

    def _repr_html_(self) -> str:
        page = [
            state_line(self.states),
            *(Line(words, "dim") for words in said(self)),
        ]
        for account, error in self.errors.items():
            text = f"{type(error).__name__}: {error}"
            page.append(Line(text, "bad", name=f"{account}:"))
        return as_html(page)


def said(health: GroupHealth) -> Iterator[str]:
    """What matters of it, in words, the states left out; as of a stream's."""
    if health.oldest_proof is not None:
        yield f"oldest sign of life {lasting(int(health.oldest_proof))} ago"
    for account, currencies in health.in_doubt.items():
        yield f"in doubt: {named(currencies)} of {account}"
    yield from counts(health)
    if health.detection_time is not None:
        yield f"a missed change is found within {lasting(int(health.detection_time))}"
    if health.threads:
        yield counted(health.threads, "thread")


class GroupBalances(Mapping[str, Mapping[str, Balance]]):
    """account -> currency -> balance, as that is when it is looked at."""

    def __init__(self, streams: Mapping[str, AssetStream]) -> None:
        self._streams = streams

    def __getitem__(self, account: str) -> Mapping[str, Balance]:
        return self._streams[account].balances

    def __iter__(self) -> Iterator[str]:
        return iter(self._streams)

    def __len__(self) -> int:
        return len(self._streams)

    def __repr__(self) -> str:
        return as_text(accounts_page(dict(self), MOST_LINES))

    def _repr_html_(self) -> str:
        return as_html(accounts_page(dict(self), MOST_ROWS))


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
        states = [stream.state for stream in self._present()]
        live = sum(state is State.LIVE for state in states)
        return Progress(live, sum(state.final for state in states), len(states))

    def _present(self) -> set[AssetStream]:
        return set(self._streams.copy().values())
