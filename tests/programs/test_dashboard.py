"""The picture of the dashboard: what Prometheus answered is what is drawn."""

from __future__ import annotations

import math

from tests.programs.dashboard import ACTS, AMBER, RED, Curve, draw

#: A panel of curves, the table of accounts, and the panel of alerts.
SHOWN = {
    "Balances in doubt": [
        Curve("upbit", [(1.0, 0.0), (2.0, 3.0), (9.0, 4.0)]),
        Curve("coinw", [(1.0, 1.0)]),
    ],
    "Accounts in trouble": [
        Curve("upbit alice", [(1.0, 1.0), (2.0, 0.0)]),
    ],
    "Alerts, pending and firing": [
        Curve("AccountFailed", [(5.0, 1.0), (6.0, 2.0)]),
    ],
}


def test_values_are_drawn_where_they_were() -> None:
    """A time without a value is a gap, and no line."""
    figure = draw(SHOWN)
    doubts, accounts, alerts = figure.axes
    first = doubts.lines[0]
    points = [*zip(first.get_xdata(), first.get_ydata(), strict=True)]

    assert points[:2] == [(1.0, 0.0), (2.0, 3.0)]
    assert math.isnan(points[2][1])
    assert points[3] == (9.0, 4.0)
    assert [text.get_text() for text in doubts.texts] == [a.name for a in ACTS.values()]
    for axes, (label, colours) in {
        accounts: ("upbit alice", [AMBER, RED]),
        alerts: ("AccountFailed", [AMBER, RED]),
    }.items():
        assert [each.get_text() for each in axes.get_yticklabels()] == [label]
        bars = [patch for patch in axes.patches if patch.get_height() == 0.6]
        assert [bar.get_facecolor() for bar in bars] == [to_rgba(c) for c in colours]


def to_rgba(colour: str) -> tuple[float, ...]:
    """Return a colour as matplotlib has it."""
    from matplotlib.colors import to_rgba as convert

    return convert(colour)
