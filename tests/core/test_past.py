"""What is over: the last moment of each amount, for a quarter of an hour."""

from __future__ import annotations

import math
import sys
from decimal import Decimal

from assetstream.core.past import FEW, FRESH, KEPT, MOST_KEPT, Amounts, Past


def held(number: int) -> Amounts:
    return Decimal(number), Decimal(0)


def filled(*pairs: tuple[int, float]) -> Past:
    past = Past()
    for number, until in pairs:
        past.add(held(number), until)
    return past


def test_the_last_time_counts() -> None:
    """Amounts come back; equal is what is worth the same."""
    past = filled((1, 5.0), (2, 6.0), (1, 7.0), (3, 8.0))

    assert past.until(held(1)) == 7.0
    assert past.until((Decimal("2.00"), Decimal("0E-8"))) == 6.0
    assert past.until((Decimal(0), Decimal(2))) == -math.inf
    assert past.until(held(4)) == -math.inf


def test_nothing_is_known_of_what_never_was() -> None:
    assert Past().until(held(1)) == -math.inf
    assert len(Past()) == 0


def test_the_memory_lasts_for_fifteen_minutes() -> None:
    past = filled((1, 0.0), (2, KEPT))
    assert past.until(held(1)) == 0.0
    past.add(held(3), KEPT + 0.1)

    assert past.until(held(1)) == -math.inf
    assert past.until(held(2)) == KEPT


def test_what_was_added_last_can_be_dropped() -> None:
    past = filled((1, 5.0), (2, 6.0))
    assert len(past) == 2
    past.drop_last()

    assert past.until(held(2)) == -math.inf
    assert past.newest == past.until(held(1)) == 5.0
    past.drop_last()
    assert past.newest == -math.inf


def test_a_change_a_second_is_remembered_for_as_long() -> None:
    """What is older is thrown away; the rest weighs no more than two numbers each."""
    past = filled(*((number, float(number)) for number in range(5000)))

    assert past.until(held(4999 - int(KEPT))) == 4999 - KEPT
    assert past.until(held(4998 - int(KEPT))) == -math.inf
    assert KEPT < len(past) <= KEPT + FRESH + FEW
    assert len(past._fresh) <= max(FRESH, FEW) + FEW
    weight = sys.getsizeof(past._times) + sys.getsizeof(past._hashes)
    assert weight < 20 * len(past)


def test_what_was_fresh_is_found_by_its_hash() -> None:
    """The last of equal ones counts, fresh or not, and there is no gap between."""
    past = filled(*((number % 40, float(number)) for number in range(80)))

    assert [past.until(held(number)) for number in range(40)] == [
        float(number) for number in range(40, 80)
    ]
    assert 0 < len(past._fresh) < 40


def test_one_that_comes_seldom_is_dropped_from_the_hashes() -> None:
    """Nothing need be fresh."""
    past = filled(*((number, float(number)) for number in range(FEW + 1)))
    past._hashes.extend(range(1, 3))
    past._times.extend([past.newest, past.newest])
    while past._fresh:
        past.drop_last()
    count = len(past)
    past.drop_last()

    assert len(past) == count - 1


def test_the_memory_is_bounded() -> None:
    """So many at most, however many come in fifteen minutes; old ones are gone."""
    past = Past()
    for number in range(5 * MOST_KEPT):
        past.add(held(number), number / 1000)
        assert len(past) <= 2 * MOST_KEPT
    assert len(past) >= MOST_KEPT
    assert past.until(held(4 * MOST_KEPT)) > 0
    for number in range(2 * MOST_KEPT):
        past.add(held(number), 10 + number / 10)
        assert len(past) <= 3 * MOST_KEPT
    for number in range(MOST_KEPT):
        past.add(held(number), KEPT + 500 + number)

    assert len(past) <= MOST_KEPT
    assert sys.getsizeof(past._times) < 20_000
