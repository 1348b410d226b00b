"""Rows that are made of events."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from assetstream import Gap, Source, State
from assetstream.archive.inbox import DatedChange, Fold
from assetstream.archive.rows import Known, RowMaker, Rows, StateRow
from tests.support.archives import change, kept, later, update

NOBODY = Known(None, {})
HELD = Known(kept(-60), {"A": (Decimal(1), Decimal(0)), "B": (Decimal(2), Decimal(0))})


def rows_of(maker: RowMaker, *events: Any, seconds: float = 5.0) -> Rows:
    """Return the rows of events that came so many seconds after the start."""
    rows = Rows([], [])
    maker.add(rows, later(seconds).timestamp(), events)
    return rows


def live(maker: RowMaker, *events: Any) -> Rows:
    """Return the rows of a first snapshot."""
    return rows_of(maker, *events, change(State.LIVE))


def held(rows: Rows) -> dict[str, str]:
    """Return what the rows of updates say is available."""
    return {currency: available for _, currency, _, _, available, *_ in rows.updates}


def test_an_update_is_a_row_with_every_digit() -> None:
    """Amounts are text without an exponent; times are whole numbers."""
    digits = "0." + "1234567890" * 6 + "1234"
    given = replace(
        update("A", digits, 1.5),
        locked=Decimal("1E-30"),
        time=later(1.25),
        update_id="id",
        folded=2,
    )

    (row,) = rows_of(RowMaker(7, 3, NOBODY), given).updates

    assert row == (
        *(7, "A", kept(1.5), kept(1.25) // 1000, digits),
        *("0." + "0" * 29 + "1", "STREAM", "id", 2),
    )


def test_a_change_is_a_row_with_its_gap() -> None:
    """Its time is that at which it came, or at which the gap ended."""
    maker = RowMaker(7, 3, NOBODY)
    live(maker)
    gap = Gap(later(1), later(4), recovered=2)

    rows = rows_of(maker, change(State.STALE), change(State.LIVE, gap))

    assert rows.states == [
        StateRow(7, 3, kept(5), "STALE", "so it is"),
        StateRow(7, 3, kept(4), "LIVE", "so it is", kept(1), 2),
    ]


def test_a_gap_that_was_folded_is_kept_whatever_came_behind_it() -> None:
    """Lost again: the time of that is its own."""
    gap = Gap(later(1), later(4), recovered=2)

    (state,) = rows_of(RowMaker(7, 3, NOBODY), change(State.STALE, gap)).states

    assert state == StateRow(7, 3, kept(5), "STALE", "so it is", kept(1), 2)


def test_a_reason_that_is_no_text_is_written_all_the_same() -> None:
    """An exchange's own words may hold what no file takes."""
    odd = replace(change(State.STALE), reason="bad \ud800")

    (row,) = rows_of(RowMaker(7, 3, NOBODY), odd).states

    assert row.reason == "bad \\ud800"


def test_a_first_run_has_no_gap() -> None:
    """Nothing was known before."""
    rows = live(RowMaker(7, 3, NOBODY), update("A", "1"))

    assert held(rows) == {"A": "1"}
    assert rows.states == [StateRow(7, 3, kept(5), "LIVE", "so it is")]
    # Unless the stream itself was not LIVE when its recording began.
    gap = Gap(later(1), later(4), recovered=2)
    (state,) = rows_of(RowMaker(7, 3, NOBODY), change(State.LIVE, gap)).states
    assert state[-2:] == (kept(1), 2)


def test_h6_what_is_held_no_longer_gets_a_row_of_zeros() -> None:
    """A snapshot names only what is held: the rows alone must say so."""
    rows = live(RowMaker(7, 3, HELD), update("A", "1.0", source=Source.SNAPSHOT))

    assert held(rows) == {"A": "1.0", "B": "0"}
    assert rows.updates[-1][2:] == (kept(5), None, "0", "0", "SNAPSHOT", None, 0)


def test_h6_the_time_between_two_runs_is_a_gap() -> None:
    """It counts what has changed, come and gone; equal amounts are no change."""
    maker = RowMaker(7, 3, HELD)
    assert rows_of(maker, update("A", "9"), update("C", "3")).states == []
    # What came before LIVE counts as it is at LIVE.
    (state,) = live(maker, update("A", "1.000")).states

    assert state == StateRow(7, 3, kept(5), "LIVE", "so it is", kept(-60), 2)


def test_h6_a_later_live_is_no_snapshot() -> None:
    """From the first on, each row says what changed."""
    maker = RowMaker(7, 3, HELD)
    live(maker, update("A", "1"))

    rows = live(maker, update("C", "1"))

    assert held(rows) == {"C": "1"}
    assert rows.states == [StateRow(7, 3, kept(5), "LIVE", "so it is")]


def test_h6_zeros_of_before_need_no_row() -> None:
    """They are what the archive says already."""
    nothing = Known(kept(0), {"A": (Decimal("0.00"), Decimal(0))})

    rows = live(RowMaker(7, 3, nothing))

    assert rows.updates == []
    assert rows.states[0].recovered == 0


def test_h2_what_was_folded_is_a_gap() -> None:
    """Not every value of that time is in the archive, so it must not say so."""
    maker = RowMaker(7, 3, NOBODY)
    live(maker)
    early = DatedChange(
        *("x", "a", State.LIVE, State.STALE, "lost", None, 0), later(2).timestamp()
    )
    fold = Fold(later(1).timestamp(), 4)

    rows = rows_of(maker, update("A", "1"), early, fold)

    assert rows.states == [
        StateRow(7, 3, kept(2), "STALE", "lost"),
        StateRow(
            *(7, 3, kept(5), "STALE", "4 updates folded: the disk was too slow"),
            *(kept(1), 4),
        ),
    ]
