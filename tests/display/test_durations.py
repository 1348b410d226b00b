"""Durations as people write them."""

from __future__ import annotations

import pytest

from assetstream.display.durations import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [("500ms", 0.5), ("10s", 10), ("2m", 120), ("1.5h", 5400), ("0s", 0)],
)
def test_a_duration_is_read(text: str, expected: float) -> None:
    """A duration is a number and its unit."""
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "10", "s", "-1s", "1 s", "1e3s", "10sec", "٣s"])
def test_anything_else_is_refused(text: str) -> None:
    """The error has examples."""
    with pytest.raises(ValueError, match="write 500ms"):
        seconds(text)
