"""The alignment that all renderers share."""

from __future__ import annotations

from assetstream.display.page import padded


def test_room_behind_numbers_puts_their_points_in_a_column() -> None:
    """The room counts a point and the digits behind it."""
    assert padded(["1.25", "1000", "0.5", ""]) == ["1.25", "1000   ", "0.5 ", "   "]
    assert padded([]) == []
