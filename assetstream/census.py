"""What can be said of many accounts at once: their states, balances and figures."""

from __future__ import annotations

from collections import Counter
from queue import SimpleQueue
from typing import TYPE_CHECKING, Iterator, Mapping

from msgspec import Struct

from assetstream.errors import AssetStreamError
from assetstream.events import Balance
from assetstream.states import State

if TYPE_CHECKING:
    from assetstream.stream import AssetStream

__all__ = ["Census", "GroupBalances", "GroupHealth", "Progress"]


class Progress(Struct, frozen=True):
    """How far the accounts of a group are.

    Attributes:
        live: accounts that are LIVE.
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

    def __repr__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return f"<Progress {self.live} of {self.total} LIVE{failed}>"


class GroupHealth(Struct, frozen=True, kw_only=True):
    """Figures of a group at one moment. Durations in seconds.

    Attributes:
        states: how many accounts are in each state; those that none is in left out.
        errors: account -> its error, as ``stream.error``, of those that have one.
        in_doubt: account -> its currencies in doubt, of those that have any.
        reconnects: connections made after each account's first.
        oldest_proof: since the last frame or pong of the LIVE account that was longest
            without; None if none is LIVE.
        pending: updates, errors and state changes waiting for their callbacks.
        folded: updates folded into newer ones because callbacks were slow.
        dropped: updates that ``stop()`` left undelivered.
        ignored: pushes older than what was known.
        callback_errors: times a handler raised.
        audits: comparisons with REST that were completed.
        drifts: currencies that such a comparison corrected.
        detection_time: the longest of all accounts; None: audits are off for one, at
            which a change that was never pushed may never be found.
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
    def of(cls, streams: Mapping[str, AssetStream], threads: int) -> GroupHealth:
        """Look at every stream."""
        found = {account: stream.health() for account, stream in streams.items()}
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


class GroupBalances(Mapping[str, Mapping[str, Balance]]):
    """account -> currency -> balance, as they are when looked at."""

    def __init__(self, streams: Mapping[str, AssetStream]) -> None:
        self._streams = streams

    def __getitem__(self, account: str) -> Mapping[str, Balance]:
        return self._streams[account].balances

    def __iter__(self) -> Iterator[str]:
        return iter(self._streams)

    def __len__(self) -> int:
        return len(self._streams)

    def __repr__(self) -> str:
        return repr({account: dict(shown) for account, shown in self.items()})


class Census:
    """Which state each account is in.

    Each account is written by the thread that owns its session; every step is atomic.
    """

    def __init__(self) -> None:
        self._states: dict[str, State] = {}
        # Accounts that were LIVE once, or have come to their end.
        self._settled: set[str] = set()
        self._watching: tuple[SimpleQueue[None], ...] = ()

    def note(self, account: str, state: State) -> None:
        """An account is in this state now."""
        self._states[account] = state
        if state is State.LIVE or state.final:
            self._settled.add(account)
        self._tell()

    def forget(self, account: str) -> None:
        """An account has left."""
        self._states.pop(account, None)
        self._settled.discard(account)
        self._tell()

    def watch(self) -> SimpleQueue[None]:
        """A queue that gets something whenever this has changed."""
        queue: SimpleQueue[None] = SimpleQueue()
        self._watching += (queue,)
        return queue

    def unwatch(self, queue: SimpleQueue[None]) -> None:
        """Put nothing more in."""
        self._watching = tuple(each for each in self._watching if each is not queue)

    @property
    def settled(self) -> bool:
        """Every account was LIVE once, or has come to its end."""
        return len(self._settled) == len(self._states)

    @property
    def over(self) -> bool:
        """There are accounts, and each has come to its end."""
        states = self._states.copy()
        return bool(states) and all(state.final for state in states.values())

    def progress(self) -> Progress:
        """The figures."""
        states = list(self._states.copy().values())
        live = sum(state is State.LIVE for state in states)
        return Progress(live, sum(state.final for state in states), len(states))

    def _tell(self) -> None:
        for queue in self._watching:
            queue.put(None)
