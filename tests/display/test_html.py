"""HTML that is readable in light and dark themes, with all text escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from assetstream.display.html import (
    COLOURS,
    LAPSE,
    LAPSED,
    SHARE,
    TINT,
    as_html,
    escape,
)
from assetstream.display.page import LIGHTS, Cell, Grid, Line, Page
from assetstream.model.states import State

HOSTILE = """<script>alert("&'")</script>"""
#: (page, text) as notebooks have them in light and in dark.
THEMES = {"light": ("#ffffff", "#212121"), "dark": ("#111111", "#e0e0e0")}


def channels(colour: str) -> list[float]:
    """Return red, green and blue, 0 to 255."""
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def luminance(colour: list[float]) -> float:
    """Return how bright a colour looks, as WCAG 2 defines it."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: list[float], other: list[float]) -> float:
    """Return the contrast of two colours: 1 for equal ones, 21 for black on white."""
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def mixed(colour: str, text: str) -> list[float]:
    """Mix our colour and the text's, as ``color-mix`` does."""
    pairs = zip(channels(colour), channels(text), strict=True)
    return [SHARE * ours + (1 - SHARE) * theirs for ours, theirs in pairs]


class Elements(HTMLParser):
    """Collects the elements and texts of a page, as a browser does."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if self.tags[-1] != "style" or not data.startswith("."):
            self.texts.append(data)


def test_contrast_is_that_of_wcag() -> None:
    """The tests' own measure agrees with WCAG's examples."""
    assert contrast(channels("#000000"), channels("#ffffff")) == pytest.approx(21)
    assert contrast(channels("#777777"), channels("#ffffff")) == pytest.approx(
        4.48, abs=0.01
    )


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", COLOURS)
def test_colours_are_readable_in_either_theme(name: str, theme: str) -> None:
    """The contrast is 4.5 as mixed with the text's colour, 4.2 without mixing."""
    page, text = THEMES[theme]

    assert contrast(mixed(COLOURS[name], text), channels(page)) >= 4.5
    assert contrast(channels(COLOURS[name]), channels(page)) >= 4.2


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["good", "bad"])
def test_what_has_just_changed_is_readable_on_its_tint(name: str, theme: str) -> None:
    """The text keeps the page's colour; its contrast is 7 or better."""
    page, text = THEMES[theme]
    share = int(TINT, 16) / 255
    pairs = zip(channels(COLOURS[name]), channels(page), strict=True)
    ground = [share * ours + (1 - share) * theirs for ours, theirs in pairs]

    assert contrast(channels(text), ground) >= 7


def test_every_state_has_a_sign_of_its_own() -> None:
    """Signs tell states apart without colours."""
    assert set(LIGHTS) == {state.value for state in State}
    assert len({sign for sign, _ in LIGHTS.values()}) == len(State)


def test_everything_is_escaped() -> None:
    """Labels, reasons and codes of users and exchanges are escaped."""
    page: Page = [
        Line(HOSTILE, "bad", name=HOSTILE, lights=[("LIVE", HOSTILE)]),
        Grid(["Currency", HOSTILE], [[Cell(HOSTILE), Cell(HOSTILE)]]),
    ]
    found = Elements(as_html(page))

    assert not set(found.tags) - {
        *("div", "style", "span", "b"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert sum(HOSTILE in text for text in found.texts) == 6
    assert escape('"') == "&quot;"


def test_the_style_is_ours_alone_and_nothing_is_fetched() -> None:
    """The style applies to our elements only."""
    page = as_html([Line("")])
    (style,) = re.findall("<style>(.*)</style>", page)

    style, keyframes = re.subn(r"@keyframes assetstream-\w+{from,to{.*?}}", "", style)
    style = re.sub("@media print{(.*?}?)}", r"\1", style)
    selectors = [part for rule in style.split("}") for part in rule.split("{")[0:1]]
    each = [s for selector in selectors if selector for s in selector.split(",")]
    assert keyframes == style.count("animation:assetstream-") == 3
    assert all(selector.startswith(".assetstream.assetstream") for selector in each)
    assert not re.search(r"url\(|@import|http|<script", page)


def test_nothing_looks_live_but_by_an_animation_that_ends() -> None:
    """Sign, colour and full strength come with it; the words about the end go."""
    page: Page = [
        Line("", lights=[("LIVE", "LIVE as of noon"), ("STALE", "1 STALE")]),
        Grid(["Total"], [[Cell("1")]]),
    ]
    moving, still = as_html(page, moving=True), as_html(page)
    (style,) = re.findall("<style>(.*)</style>", moving)
    lasting = re.sub("@keyframes .*?}}", "", style)
    light = '<b class="live">LIVE as of noon</b>'

    assert light in moving
    assert light in still
    assert "\u25cf" not in moving
    assert re.findall(r"[^}]*\blive\b[^}]*", lasting) == [
        '.assetstream.assetstream.moving b.live::before{content:"\\25CF\\A0";opacity:0',
        f".assetstream.assetstream.moving b.live{{animation:assetstream-live {LAPSE}s",
        ".assetstream.assetstream.moving b.live::before,"
        f".assetstream.assetstream.moving table{{animation:assetstream-shown {LAPSE}s",
        "@media print{.assetstream.assetstream.moving *,"
        ".assetstream.assetstream.moving b.live::before{animation:none!important",
    ]
    assert set(re.findall("animation:assetstream-[a-z]+ ([^}]*)}", style)) == {"8s"}
    assert f'</div><div class="lapsed warn">{LAPSED}</div><table>' in moving
    assert LAPSED not in still
    assert 'class="assetstream"' in still


def test_numbers_are_to_the_right() -> None:
    """Words are aligned left; an empty table is left out."""
    page = as_html([Grid(["Currency", "Total"], [[Cell("BTC"), Cell("1", "old")]])])

    assert '<td>BTC</td><td class="n old">1</td>' in page
    assert "<table>" not in as_html([Grid(["Currency"], [])])


def test_points_stand_below_each_other() -> None:
    """Fractions have the same room, and nothing is added to the text."""
    rows = [[Cell("1.25")], [Cell("1000")], [Cell("0.5")], [Cell("")]]
    page = as_html([Grid(["Total"], rows)])
    cells = re.findall('<td class="n">(.*?)</td>', page)
    room = '<span class="f" style="width:3ch">'

    assert cells == [
        f"1{room}.25</span>",
        f"1000{room}</span>",
        f"0{room}.5</span>",
        "",
    ]
    assert Elements(page).texts == ["Total", "1", ".25", "1000", "0", ".5"]
