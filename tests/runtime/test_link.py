"""The exchange's clock, as far as we know it (K3)."""

from __future__ import annotations

import time

import pytest

from assetstream.runtime.link import ExchangeClock
from assetstream.runtime.loop import clock


def exchange_now(date: str | None) -> float:
    exchange_clock = ExchangeClock()
    exchange_clock.set(date)
    return exchange_clock.milliseconds(clock.now()) / 1000


def test_k3_the_exchanges_own_clock_is_learned() -> None:
    """From the ``Date`` of its answer, however wrong this machine's clock is."""
    assert exchange_now("Thu, 01 Jan 2026 00:00:00 GMT") == pytest.approx(
        1_767_225_600, abs=1
    )


@pytest.mark.parametrize("date", [None, "", "soon", "Thu, 99 Jan 2026 00:00:00 GMT"])
def test_k3_without_a_readable_date_our_own_clock_must_do(date: str | None) -> None:
    """A header that cannot be read is as good as none."""
    assert exchange_now(date) == pytest.approx(time.time(), abs=5)
