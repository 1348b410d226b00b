"""The gap, in which changes could have been missed (S1)."""

from __future__ import annotations

from datetime import timedelta

from assetstream.core.gap import GapTracker
from tests.support.books import START


def test_s1_a_gap_begins_with_the_last_proof_of_life() -> None:
    """A gap opens once, and does not begin with its discovery."""
    gaps = GapTracker()
    gaps.start(START, 12.0)
    gaps.start(START + timedelta(seconds=60), 0.0)

    gap = gaps.close(START + timedelta(seconds=90), 3)
    assert gap is not None
    assert gap.began == START - timedelta(seconds=12)
    assert gap.ended == START + timedelta(seconds=90)
    assert gap.recovered == 3


def test_s1_without_a_gap_there_is_nothing_to_close() -> None:
    """The first LIVE has no gap."""
    gaps = GapTracker()
    assert gaps.close(START, 0) is None
    gaps.start(START, -5.0)
    gap = gaps.close(START, 0)
    assert gap is not None
    assert gap.duration == 0
    assert gaps.close(START, 0) is None
