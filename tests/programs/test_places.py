"""``python -m tests.programs.places`` in small."""

from __future__ import annotations

import pytest

from assetstream.core import turns
from tests.programs import places
from tests.support.clock import fast_time
from tests.support.event_recorder import PATIENCE


@pytest.mark.programs
def test_silent_places_beside_a_healthy_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two accounts of each: the healthy ones notice nothing, however busy we are."""
    monkeypatch.setattr(places, "SLACK", 10 * PATIENCE)
    monkeypatch.setattr(places, "AT_ONCE", PATIENCE)
    with fast_time(5.0):
        missed = places.run(6, "coinw", 12.0)
    shown = capsys.readouterr().out

    assert missed == [], shown
    for phase in ("start", "audits", "helper threads", "reconnect", "remove", "stop"):
        assert f"\n{phase}" in f"\n{shown}"


@pytest.mark.parametrize("exchange", ["coinw", "upbit"])
def test_many_share_a_place_in_simulated_time(
    exchange: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """They connect at the limit's pace, and what is not pushed is found in time."""
    assert places.simulate(20, exchange, 0.05) == []
    assert "simulated: findings" in capsys.readouterr().out


def test_a_place_that_keeps_no_pace_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue that grants at once is found by the exchange's side."""
    monkeypatch.setattr(turns, "MARGIN", 0.1)
    missed = places.simulate(30, "coinw", 0.05)

    assert any("findings" in each for each in missed)


def test_a_figure_over_its_limit_is_missed(capsys: pytest.CaptureFixture[str]) -> None:
    """So is what never came."""
    assert places.told("start", 5.0, 5.0) == []
    assert places.told("start", 5.2, 5.0) == ["start 5.2 > 5.0"]
    with fast_time(1000.0):
        assert places.until(lambda: False, 1.0) == float("inf")
