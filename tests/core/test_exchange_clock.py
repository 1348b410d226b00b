"""The estimate of the exchange's clock (K3)."""

from __future__ import annotations

import pytest

from assetstream.core.exchange_clock import ExchangeClock
from assetstream.core.moment import Moment

OURS = 1_800_000_000.0


def shown(date: str | None, later: float = 0.0, step: float = 0.0) -> float:
    """Return the estimate ``later`` s after a header came, our clock having stepped."""
    clock = ExchangeClock()
    clock.set(date, Moment(100.0, OURS))
    return clock.milliseconds(Moment(100.0 + later, OURS + later + step)) / 1000


def test_k3_the_exchanges_own_clock_is_learned() -> None:
    """The ``Date`` of an answer sets it, however wrong this machine's clock is."""
    date = "Thu, 01 Jan 2026 00:00:00 GMT"
    assert shown(date) == 1_767_225_600
    assert shown(date, later=90.5) == 1_767_225_690.5


def test_k3_a_step_of_our_clock_is_nothing_to_it() -> None:
    """The estimate advances by the monotonic clock."""
    date = "Thu, 01 Jan 2026 00:00:00 GMT"
    assert shown(date, later=10, step=3600) == 1_767_225_610
    assert shown(None, later=10, step=3600) == OURS + 10


@pytest.mark.parametrize("date", [None, "", "soon", "Thu, 99 Jan 2026 00:00:00 GMT"])
def test_k3_without_a_readable_date_our_own_clock_must_do(date: str | None) -> None:
    """An unreadable header changes nothing."""
    assert shown(date) == OURS


def test_before_the_first_answer_it_is_our_own_clock() -> None:
    """The first signature needs a time before the exchange's is known."""
    assert ExchangeClock().milliseconds(Moment(1.0, OURS)) == OURS * 1000
