"""The README's picture: what was seen is drawn once, with the times of it."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.support.processes import ROOT

pytest.importorskip("fcntl", reason="there are no such terminals here")

from tests.programs.picture import LINES, Line, Look, draw

SVG = "{http://www.w3.org/2000/svg}"


def frame(*texts: str) -> list[Line]:
    """Make a look at a window that shows these lines."""
    lines: list[Line] = [
        (Look(0, text, "default", "default", False),) for text in texts
    ]
    return lines + [()] * (LINES - len(texts))


def test_a_line_is_drawn_once_and_seen_when_it_was() -> None:
    """One that stays is not animated; others are hidden but at the still moment."""
    svg = draw([frame("stays", "<1>"), *[frame("stays", "2")] * 3])
    groups = ElementTree.fromstring(svg).findall(f"{SVG}g")

    assert [group.findtext(f"{SVG}text") for group in groups] == ["stays", "<1>", "2"]
    assert [group.get("visibility") for group in groups] == [None, "hidden", None]
    moves = [group.find(f"{SVG}animate") for group in groups]
    assert moves[0] is None
    assert moves[1] is not None
    assert moves[1].get("values") == "visible;hidden"
    assert moves[1].get("keyTimes") == "0;0.25"


def test_the_picture_shows_an_outage_that_is_mended() -> None:
    """It is whole, and has what the README's words say of it."""
    path = ROOT / "docs" / "pictures" / "watch.svg"
    texts = [each.text or "" for each in ElementTree.parse(path).iter(f"{SVG}text")]

    assert {"LIVE", "STALE"} <= {text.split()[0] for text in texts if text.split()}
    assert any("RECOVERED" in text for text in texts)
    assert any("LIVE again after a gap" in text for text in texts)
