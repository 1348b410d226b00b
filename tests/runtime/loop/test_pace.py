"""Times handed out to many."""

from __future__ import annotations

import pytest

from assetstream.runtime.loop.pace import Pace


def test_no_second_has_more_than_the_rate() -> None:
    """Wherever the second begins, and after a quiet time too."""
    pace = Pace(5.0)
    times = [pace.reserve(0.0) for _ in range(20)]
    times += [pace.reserve(1000.0) for _ in range(20)]

    assert times[0] == 0.0
    for start in times:
        assert sum(start <= at < start + 1.0 for at in times) <= 5


def test_those_who_ask_are_served_in_order() -> None:
    """A later question gets a later time."""
    pace = Pace(2.0)
    times = [pace.reserve(now) for now in (0.0, 0.1, 0.2, 5.0)]
    assert times == sorted(times)
    assert times[3] == 5.0
    assert times[2] == pytest.approx(2 * pace.step)
