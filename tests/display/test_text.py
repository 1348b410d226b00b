"""Pages as plain text."""

from __future__ import annotations

from assetstream.display.page import Cell, Grid, Line, Page
from assetstream.display.text import as_text


def test_numbers_stand_point_below_point() -> None:
    """Words are aligned left; empty parts take no line."""
    page: Page = [
        Line("why", name="upbit-1:", lights=[("LIVE", "LIVE")]),
        Line(""),
        Grid(["Currency"], []),
        Grid(
            ["Currency", "Total", "Source"],
            [
                [Cell("BTC"), Cell("1.25"), Cell("STREAM")],
                [Cell("USDT stale"), Cell("1000"), Cell("")],
            ],
        ),
    ]

    assert as_text(page).splitlines() == [
        "LIVE  upbit-1: why",
        "Currency      Total  Source",
        "BTC            1.25  STREAM",
        "USDT stale  1000",
    ]
