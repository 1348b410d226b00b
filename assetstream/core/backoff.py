"""How long to wait between two attempts (rule L3)."""

from __future__ import annotations

from typing import Callable, Iterator

__all__ = ["backoff"]

FIRST_CEILING = 1.0
CEILING = 60.0


def backoff(random: Callable[[], float]) -> Iterator[float]:
    """Yield delays in seconds: exponential from 1 s to 60 s, with full jitter.

    Args:
        random: returns a number from 0 (included) to 1 (excluded).
    """
    bound = FIRST_CEILING
    while True:
        yield bound * random()
        bound = min(bound * 2, CEILING)
