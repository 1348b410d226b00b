"""Rows of the archive, made of the events of one stream."""

from __future__ import annotations

from decimal import Decimal
from typing import Mapping, NamedTuple, Sequence, Union

from msgspec.structs import astuple

from assetstream.archive.inbox import DatedChange, Event, Fold
from assetstream.archive.instants import microseconds
from assetstream.display.words import counted
from assetstream.model.events import ZERO, AssetUpdate, Source, StateChange
from assetstream.model.states import State

__all__ = ["Amounts", "Known", "RowMaker", "Rows", "StateRow", "UpdateRow"]

#: Available and locked.
Amounts = tuple[Decimal, Decimal]

NOTHING: Amounts = (ZERO, ZERO)
MILLISECOND = 1_000


#: A row of ``updates``, without its id: account, currency, received, time, available,
#: locked, source, update_id, folded. Thousands are made a second: hence plain tuples.
UpdateRow = tuple[int, str, int, Union[int, None], str, str, str, Union[str, None], int]


class StateRow(NamedTuple):
    """A row of ``states``, without its id."""

    account: int
    run: int
    at: int
    state: str
    reason: str
    gap_began: int | None = None
    recovered: int | None = None


class Rows(NamedTuple):
    """Rows to be written together."""

    updates: list[UpdateRow]
    states: list[StateRow]


class Known(NamedTuple):
    """Knowledge of the archive about an account, before a stream is recorded.

    Attributes:
        until: the time until which it knows; None: the account was never LIVE.
        amounts: currency -> the last amounts.
    """

    until: int | None
    amounts: Mapping[str, Amounts]


class RowMaker:
    """Makes the rows of one stream, from its beginning to its end.

    A stream's first snapshot names what is held. What the archive knew to be held, and
    is not named, is held no longer: it gets a row of zeros, so that the rows alone say
    what is held at any time. And the time since the archive knew is a gap (H6).

    Args:
        account: id of the account's row.
        run: id of the run's row.
        known: of the account, before.
    """

    def __init__(self, account: int, run: int, known: Known) -> None:
        self._account = account
        self._run = run
        self._known = known
        # The amounts until it is LIVE for the first time, by then complete.
        self._snapshot: dict[str, Amounts] | None = {}
        self._state = State.NEW

    def add(self, rows: Rows, at: float, events: Sequence[Event | Fold]) -> None:
        """Add rows of some events, in the order in which they happened (H1).

        Args:
            rows: to be added to.
            at: when the events came; seconds since 1970.
            events: in order.
        """
        for event in events:
            if isinstance(event, AssetUpdate):
                rows.updates.append(self._update(event))
            elif isinstance(event, Fold):
                rows.states.append(self._fold(event, at))
            else:
                changed = event.at if isinstance(event, DatedChange) else at
                self._change(event, round(changed * 1e6), rows)

    def _update(self, update: AssetUpdate) -> UpdateRow:
        # All fields in one step, and the exchange's time as it is kept.
        _, _, currency, available, locked, time, received, *others = astuple(update)
        source, update_id, _, folded, _ = others
        if self._snapshot is not None:
            self._snapshot[currency] = available, locked
        if time is not None and type(time) is not int:
            time = microseconds(time) // MILLISECOND
        return (
            self._account,
            currency,
            microseconds(received),
            time,
            _text(available),
            _text(locked),
            source.value,
            update_id,
            folded,
        )

    def _change(self, change: StateChange, at: int, made: Rows) -> None:
        self._state = change.current
        gap_began = recovered = None
        if change.gap is not None:
            gap_began = microseconds(change.gap.began)
            recovered = change.gap.recovered
            if change.current is State.LIVE:
                at = microseconds(change.gap.ended)
        if change.current is State.LIVE and self._snapshot is not None:
            changed = self._begin(self._snapshot, at, made)
            if self._known.until is not None:
                gap_began, recovered = self._known.until, changed
            self._snapshot = None
        made.states.append(
            StateRow(
                self._account,
                self._run,
                at,
                change.current.value,
                # An exchange's own words may hold anything.
                change.reason.encode(errors="backslashreplace").decode(),
                gap_began,
                recovered,
            )
        )

    def _begin(self, snapshot: Mapping[str, Amounts], at: int, made: Rows) -> int:
        """Compare the first snapshot with what was known; count what has changed."""
        known = self._known.amounts
        for currency in known:
            if currency not in snapshot and known[currency] != NOTHING:
                nothing = (at, None, "0", "0", Source.SNAPSHOT.value, None, 0)
                made.updates.append((self._account, currency, *nothing))
        return sum(
            known.get(currency, NOTHING) != snapshot.get(currency, NOTHING)
            for currency in {*known, *snapshot}
        )

    def _fold(self, fold: Fold, at: float) -> StateRow:
        """Say that not every value of a time is in the archive."""
        return StateRow(
            self._account,
            self._run,
            round(at * 1e6),
            self._state.value,
            f"{counted(fold.others, 'update')} folded: the disk was too slow",
            round(fold.since * 1e6),
            fold.others,
        )


def _text(amount: Decimal) -> str:
    """Write every digit, and no exponent."""
    text = str(amount)
    return format(amount, "f") if "E" in text else text
