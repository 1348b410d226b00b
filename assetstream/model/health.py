"""The figures of a stream at one moment, and how they are put into words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

from msgspec import Struct

from assetstream.display.html import as_html
from assetstream.display.page import Line, counted, lasting, named
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import Gap
from assetstream.model.states import State

if TYPE_CHECKING:
    from assetstream.streams.group_progress import GroupHealth

__all__ = ["Health", "counts", "said"]


class Health(Struct, frozen=True, kw_only=True):
    """Figures of one stream at one moment. Durations in seconds.

    Attributes:
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
        last_gap: the last time missed; None if there was none.
        lookups_left_behind: name look-ups of this process that could not be ended
            and still hold a thread.
        error: the last error, as ``stream.error``.
    """

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
    last_gap: Gap | None = None
    lookups_left_behind: int = 0
    error: AssetStreamError | None = None

    def __repr__(self) -> str:
        words = [self.state.value, *said(self)]
        told = self.state is State.LIVE or str(self.error) == self.reason
        if self.reason and not told:
            words.insert(1, self.reason)
        if self.error is not None:
            words.append(f"{type(self.error).__name__}: {self.error}")
        return f"<Health {', '.join(words)}>"

    def _repr_html_(self) -> str:
        error = self.error
        state = self.state.value
        page = [
            Line(self.reason, lights=[(state, state)]),
            *(Line(words, "dim") for words in said(self)),
        ]
        if error is not None and str(error) != self.reason:
            page.append(Line(f"{type(error).__name__}: {error}", "bad"))
        return as_html(page)


def said(health: Health) -> Iterator[str]:
    """What matters of it, in words, the state and its reason left out.

    What never happened is not mentioned, and times are whole seconds, so that the text
    of one that has nothing new changes once a second.
    """
    if health.uptime >= 1:
        yield f"{'ran' if health.state.final else 'up'} {lasting(int(health.uptime))}"
    if health.last_proof is not None and not health.state.final:
        yield f"last sign of life {lasting(int(health.last_proof))} ago"
    if health.round_trip is not None:
        yield f"round trip {lasting(health.round_trip)}"
    if health.in_doubt:
        yield f"in doubt: {named(health.in_doubt)}"
    yield from counts(health)
    if health.detection_time is not None and health.state is State.LIVE:
        yield f"a missed change is found within {lasting(int(health.detection_time))}"
    elif health.state is State.LIVE:
        yield "audits are off: a missed change may stay unknown"
    if health.last_gap is not None:
        gap = health.last_gap
        yield (
            f"last gap {lasting(gap.duration)} until {gap.ended:%H:%M:%S} UTC, "
            f"{counted(gap.recovered, 'balance')} recovered"
        )
    if health.lookups_left_behind:
        yield f"{counted(health.lookups_left_behind, 'look-up')} left behind"


def counts(health: Health | GroupHealth) -> Iterator[str]:
    """What has happened so often, or waits; nothing that is zero."""
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
