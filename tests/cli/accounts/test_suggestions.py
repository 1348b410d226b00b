"""Suggestions for misspelt names."""

from __future__ import annotations

from assetstream.cli.accounts.suggestions import meant


def test_the_closest_name_is_suggested() -> None:
    """One name is suggested, or none if nothing is close."""
    known = iter(["upbit", "coinw"])

    assert meant("upbti", known) == "Did you mean upbit?"
    assert meant("ftx", ["upbit", "coinw"]) == meant("upbit", []) == ""
