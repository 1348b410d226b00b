"""The figures of a stream, or of a group, at one moment, and their words."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Iterator, Mapping

from msgspec import Struct

from assetstream.display.balances import states_line
from assetstream.display.html import as_html
from assetstream.display.page import Line
from assetstream.display.words import aged, counted, lasting, named
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import Gap
from assetstream.model.plain import plain_fields
from assetstream.model.public import make_public
from assetstream.model.states import State

__all__ = [
    "GroupHealth",
    "Health",
    "Progress",
    "as_of",
    "error_lines",
    "group_words",
    "health_words",
    "state_counts",
]


class Health(Struct, frozen=True, kw_only=True):
    """Figures of one stream at one moment. Durations in seconds.

    Attributes:
        at: the moment, by this machine's clock; UTC. None for one made by hand.
        state: the state, as ``stream.state``.
        reason: why it is in this state, in words; empty before the start.
        uptime: from ``start()`` to now, or to the end; 0 before.
        reconnects: attempts to connect after the first, those that failed included.
        last_proof: since the last frame or pong; None before the first.
        round_trip: of the last answered ping; None before the first.
        pending: updates, errors and state changes waiting for their callbacks.
        folded: updates folded into newer ones because callbacks were slow.
        dropped: updates that ``stop()`` left undelivered.
        ignored: pushes older than what was known.
        callback_errors: times a handler raised.
        audits: comparisons with REST that were completed.
        drifts: currencies that such a comparison corrected.
        audit_interval: the present interval between audits; None: switched off.
        detection_time: longest time until a change that was never pushed is found, REST
            being at most 10 s behind; None: audits are off, it may never be.
        in_doubt: currencies at present in doubt, sorted.
        doubts: currency in doubt -> why: what else may be true, and since when.
        last_gap: the last time missed; None if there was none.
        lookups_left_behind: name look-ups of this process that could not be ended
            and still hold a thread.
        error: the last error, as ``stream.error``.
        owner: of a remote stream, the worker that owns the account; "": none does, or
            the stream is connected to the exchange itself.
        lag: of a remote stream, how old its owner's newest word is at most; None
            without one.
    """

    at: datetime | None = None
    state: State
    reason: str = ""
    uptime: float = 0.0
    reconnects: int = 0
    last_proof: float | None = None
    round_trip: float | None = None
    pending: int = 0
    folded: int = 0
    dropped: int = 0
    ignored: int = 0
    callback_errors: int = 0
    audits: int = 0
    drifts: int = 0
    audit_interval: float | None = None
    detection_time: float | None = None
    in_doubt: tuple[str, ...] = ()
    doubts: Mapping[str, str] = {}
    last_gap: Gap | None = None
    lookups_left_behind: int = 0
    error: AssetStreamError | None = None
    owner: str = ""
    lag: float | None = None

    def to_dict(self) -> dict[str, object]:
        """Return its fields in plain values, for ``json.dumps``; times are ISO 8601."""
        return plain_fields(self, self.__struct_fields__)

    def __hash__(self) -> int:
        # Without the doubts, a mapping, whose currencies stand in ``in_doubt``.
        fields = (name for name in self.__struct_fields__ if name != "doubts")
        return hash(tuple(getattr(self, name) for name in fields))

    def __repr__(self) -> str:
        words = [self.state.value + as_of(self.at), *health_words(self)]
        # A reason that the state, or the error below, names already is left out.
        problem = self.error.problem if self.error is not None else None
        if self.reason and self.state is not State.LIVE and self.reason != problem:
            words.insert(1, self.reason)
        if self.error is not None:
            words.append(f"{type(self.error).__name__}: {self.error.explanation}")
        return f"<Health {', '.join(words)}>"

    def _repr_html_(self) -> str:
        error = self.error
        state = self.state.value
        page = [
            Line(self.reason, lights=[(state, state + as_of(self.at))]),
            *(Line(words, "dim") for words in health_words(self)),
        ]
        if error is not None:
            page += error_lines(error, self.reason)
        return as_html(page)


def error_lines(error: AssetStreamError, reason: str) -> list[Line]:
    """Show an error below a ``reason`` that may be its problem already."""
    if error.problem != reason:
        return [Line(f"{type(error).__name__}: {error.explanation}", "bad")]
    return [Line(error.remedy, "bad")] if error.remedy else []


class Progress(Struct, frozen=True):
    """Counts how far the accounts of a group are.

    Attributes:
        live: accounts that are LIVE at this moment.
        failed: accounts that have FAILED or were stopped.
        total: all accounts.
        settled: accounts that were LIVE at some time, or have FAILED or were stopped.
    """

    live: int
    failed: int
    total: int
    settled: int = 0

    @property
    def waiting(self) -> int:
        """Accounts that are not yet LIVE, or not at present."""
        return self.total - self.live - self.failed

    def to_dict(self) -> dict[str, object]:
        """Return its figures in plain values, for ``json.dumps``."""
        return plain_fields(self, (*self.__struct_fields__, "waiting"))

    def __str__(self) -> str:
        ended = f", {self.failed} ended" if self.failed else ""
        return f"{self.live} of {self.total} LIVE{ended}"

    def __repr__(self) -> str:
        return f"<Progress {self}>"


class GroupHealth(Struct, frozen=True, kw_only=True):
    """Figures of a group at one moment. Durations in seconds.

    Attributes:
        at: the moment, by this machine's clock; UTC. None if it has no accounts.
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

    at: datetime | None = None
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
            at=min((h.at for h in each if h.at is not None), default=None),
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

    def to_dict(self) -> dict[str, object]:
        """Return its fields in plain values, for ``json.dumps``; times are ISO 8601."""
        return plain_fields(self, self.__struct_fields__)

    def __repr__(self) -> str:
        states = [f"{self.states[s]} {s}" for s in State if self.states.get(s)]
        counts = ", ".join(states) or "no accounts"
        words = [counts + as_of(self.at), *group_words(self)]
        if self.errors:
            words.append(f"errors of {named(self.errors)}")
        return f"<GroupHealth {', '.join(words)}>"

    def _repr_html_(self) -> str:
        page = [
            states_line(state_counts(self.states), as_of=as_of(self.at)),
            *(Line(words, "dim") for words in group_words(self)),
        ]
        for account, error in self.errors.items():
            text = f"{type(error).__name__}: {error.explanation}"
            page.append(Line(text, "bad", name=f"{account}:"))
        return as_html(page)


def as_of(moment: datetime | None) -> str:
    """Write `` as of 21:39:12 UTC``, to stand behind a state; nothing if unknown.

    Whatever shows a state without its time is taken for the present one, however old.
    """
    return f" as of {moment:%H:%M:%S} UTC" if moment is not None else ""


def health_words(health: Health) -> Iterator[str]:
    """Put into words what matters, the state and its reason left out.

    What never happened is not mentioned, and times are whole seconds, so that the text
    of one that has nothing new changes once a second.
    """
    if health.uptime >= 1:
        yield f"{'ran' if health.state.final else 'up'} {aged(health.uptime)}"
    if health.last_proof is not None and not health.state.final:
        yield f"last sign of life {aged(health.last_proof)} before"
    if health.round_trip is not None:
        yield f"round trip {lasting(health.round_trip)}"
    if health.in_doubt:
        yield f"in doubt: {named(health.in_doubt)}"
    if health.owner:
        old = "" if health.lag is None else f", last heard of {aged(health.lag)} before"
        yield f"owned by {health.owner}{old}"
    yield from _counts(health)
    if health.detection_time is not None and health.state is State.LIVE:
        yield f"a missed change is found within {aged(health.detection_time)}"
    elif health.state is State.LIVE and not health.owner:
        yield "audits are off: a missed change may stay unknown"
    if health.last_gap is not None:
        gap = health.last_gap
        yield (
            f"last gap {lasting(gap.duration)} until {gap.ended:%H:%M:%S} UTC, "
            f"{counted(gap.recovered, 'balance')} recovered"
        )
    if health.lookups_left_behind:
        yield f"{counted(health.lookups_left_behind, 'look-up')} left behind"


def group_words(health: GroupHealth) -> Iterator[str]:
    """Put into words what matters of a group, the states left out."""
    if health.oldest_proof is not None:
        yield f"oldest sign of life {aged(health.oldest_proof)} before"
    for account, currencies in health.in_doubt.items():
        yield f"in doubt: {named(currencies)} of {account}"
    yield from _counts(health)
    if health.detection_time is not None:
        yield f"a missed change is found within {aged(health.detection_time)}"
    if health.threads:
        yield counted(health.threads, "thread")


def state_counts(states: Mapping[State, int]) -> dict[str, int]:
    """Put the states of accounts into the order in which they are shown."""
    return {state.value: states[state] for state in State if states.get(state)}


def _counts(health: Health | GroupHealth) -> Iterator[str]:
    """Count what has happened, or waits; nothing that is zero."""
    if health.reconnects:
        yield counted(health.reconnects, "reconnect")
    if health.pending:
        yield f"{health.pending} pending for callbacks"
    for count, what in (
        (health.folded, "folded"),
        (health.dropped, "dropped"),
        (health.ignored, "ignored as old"),
    ):
        if count:
            yield f"{counted(count, 'update')} {what}"
    if health.callback_errors:
        yield f"handlers raised {counted(health.callback_errors, 'time')}"
    if health.audits:
        drifts = counted(health.drifts, "correction") if health.drifts else "all agreed"
        yield f"{counted(health.audits, 'audit')}, {drifts}"


make_public(GroupHealth, Health, Progress)
