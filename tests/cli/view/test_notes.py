"""The lines below the table."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from assetstream import AssetUpdate, Balance, ConnectionLost, Source, State, StateChange
from assetstream.cli.view.notes import MOST, Notes
from assetstream.model.events import Gap

BEGAN = datetime(2026, 1, 2, tzinfo=timezone.utc)


def lines(notes: Notes) -> list[str]:
    """Without the time of day."""
    return [line.plain[10:] for line in notes.lines()]


def recovered(
    currency: str, before: str, after: str, source: Source = Source.RECOVERED
) -> AssetUpdate:
    """A balance that was found changed after a gap."""
    fields: dict[str, Any] = {
        "exchange": "upbit",
        "account": "main",
        "currency": currency,
        "locked": Decimal(0),
        "source": source,
    }
    previous = Balance(**fields, available=Decimal(before), changed_at=BEGAN)
    return AssetUpdate(
        **fields,
        available=Decimal(after),
        time=None,
        received=BEGAN,
        previous=previous,
    )


def live_again(count: int) -> StateChange:
    """The change back to LIVE, 3.25 s after the last proof."""
    gap = Gap(BEGAN, BEGAN + timedelta(seconds=3.25), count)
    return StateChange("upbit", "main", State.STALE, State.LIVE, "read", gap)


def test_a_gap_tells_how_long_it_was_and_what_was_found() -> None:
    """With signs; the next gap begins anew."""
    notes = Notes()
    for event in (
        recovered("BTC", "1", "1.50"),
        recovered("SGD", "100", "40"),
        live_again(2),
        live_again(0),
    ):
        notes.note(event)

    assert lines(notes) == [
        "main  LIVE again after a gap of 3.2 s; changed meanwhile: BTC +0.5, SGD -60",
        "main  LIVE again after a gap of 3.2 s; nothing had changed",
    ]


def test_what_is_not_named_is_counted() -> None:
    """Many changes, and those that only locked or unlocked."""
    notes = Notes()
    for number in range(5):
        notes.note(recovered(f"C{number}", "1", "2"))
    notes.note(live_again(6))
    notes.note(live_again(1))

    assert [line.partition("meanwhile: ")[2] for line in lines(notes)] == [
        "C0 +1, C1 +1, C2 +1, 3 more",
        "1 balance locked or unlocked",
    ]


def test_only_the_last_lines_are_kept() -> None:
    """Errors that pass; a fatal one stands with its account."""
    notes = Notes()
    for number in range(MOST + 2):
        notes.note(ConnectionLost(f"lost {number}", account="main"))
    notes.note(ConnectionLost("fatal", account="main", fatal=True))

    assert lines(notes)[-1] == f"main  ConnectionLost: lost {MOST + 1}"
    assert len(lines(notes)) == MOST
    assert [line.plain[-1] for line in notes.short()] == ["5", "6"]
    assert all(line.no_wrap for line in notes.short())
    assert not any(line.no_wrap for line in notes.lines())


def test_what_an_audit_found_is_told() -> None:
    """It never came as a push, and belongs to no gap."""
    notes = Notes()
    notes.note(recovered("BTC", "1", "1.50", Source.AUDIT))
    notes.note(recovered("ETH", "1", "1.0", Source.AUDIT))

    (line,) = lines(notes)
    assert line == "main  BTC +0.5 was found by an audit: it had not been pushed"
