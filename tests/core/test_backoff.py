"""The delays between attempts (L3)."""

from __future__ import annotations

import random
from itertools import islice

from assetstream.core.backoff import backoff

ALMOST_ONE = 1 - 2**-53


def longest(count: int) -> list[float]:
    """The first delays, had chance drawn the longest of each."""
    return [round(d, 9) for d in islice(backoff(lambda: ALMOST_ONE), count)]


def test_l3_the_longest_delay_doubles_up_to_60_s() -> None:
    """Exponential, with a ceiling."""
    assert longest(9) == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_l3_full_jitter_draws_each_delay_from_all_of_its_range() -> None:
    """Many streams that lost one exchange do not come back together."""
    assert list(islice(backoff(lambda: 0.0), 8)) == [0.0] * 8
    assert list(islice(backoff(lambda: 0.25), 3)) == [0.25, 0.5, 1.0]


def test_l3_each_delay_is_drawn_anew() -> None:
    """One draw for each attempt, when it is asked for."""
    draws = iter([0.5, 0.0, 0.75])
    delays = backoff(lambda: next(draws))

    assert [next(delays), next(delays), next(delays)] == [0.5, 0.0, 3.0]


def test_l3_delays_stay_under_the_ceiling_for_ever() -> None:
    """A night without network neither overflows nor runs wild."""
    delays = list(islice(backoff(random.Random(0).random), 5000))

    assert min(delays) >= 0
    assert 50 < max(delays) < 60
