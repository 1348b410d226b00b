"""How long to wait between two attempts (rule L3)."""

from __future__ import annotations

from typing import Callable, Iterator

__all__ = ["backoff"]

FIRST_CEILING = 1.0
CEILING = 60.0


def backoff(
    random: Callable[[], float],
    *,
    floor: float = 0.0,
    first: float = FIRST_CEILING,
    ceiling: float = CEILING,
) -> Iterator[float]:
    """Yield delays in seconds: exponential, with full jitter.

    Args:
        random: returns a number from 0 (included) to 1 (excluded).
        floor: no delay is shorter; the exchange's own pace of connects.
        first: the longest first delay.
        ceiling: the longest delay of all.
    """
    bound = first
    while True:
        yield max(floor, bound * random())
        bound = min(bound * 2, ceiling)
