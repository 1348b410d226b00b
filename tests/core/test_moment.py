"""The moment of an event, by two clocks."""

from __future__ import annotations

from datetime import datetime, timezone

from assetstream.core.moment import Moment


def test_the_wall_clock_is_read_as_utc() -> None:
    """The machine's time zone does not matter."""
    moment = Moment(12.5, 1_767_225_600.25)

    assert moment.utc == datetime(2026, 1, 1, 0, 0, 0, 250_000, tzinfo=timezone.utc)
    assert moment.utc.tzinfo is timezone.utc
