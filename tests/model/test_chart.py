"""Charts of a history: steps, gaps, marks, digits, and any length of time."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from assetstream import (
    ConfigurationError,
    Gap,
    History,
    Source,
)
from tests.display.test_html import channels, contrast
from tests.support.histories import at, updates

pytestmark = pytest.mark.usefixtures("fonts")


def date2num(date: Any) -> Any:
    """Return the date, or dates, in days as matplotlib counts them."""
    from matplotlib import dates  # slow: only the worker that needs it imports it

    return dates.date2num(date)


def labels(axes: Any) -> list[str]:
    """Return the names of the legend."""
    return list(axes.get_legend_handles_labels()[1])


def line(axes: Any, label: str) -> Any:
    """Return the line of that name."""
    (found,) = [each for each in axes.lines if each.get_label() == label]
    return found


def test_a_balance_goes_in_steps() -> None:
    """The line is constant between updates, up to the last known time."""
    history = History(
        updates((0, "BTC", "1", "0"), (5, "BTC", "2", "0"), (9, "BTC", "2", "1")),
        [Gap(at(10), at(12), 0)],
    )
    (axes,) = history.plot().axes
    total, available = (
        line(axes, "total"),
        line(axes, "available, the rest is locked"),
    )

    assert total.get_drawstyle() == available.get_drawstyle() == "steps-post"
    assert list(total.get_xdata())[:3] == list(date2num([at(0), at(5), at(9)]))
    assert total.get_xdata()[3] > date2num(at(12))
    assert list(total.get_ydata()) == [1, 2, 3, 3]
    assert list(available.get_ydata())[2:] == [2, 2]


def test_what_was_before_the_oldest_kept_update_is_drawn() -> None:
    """The first update's ``previous`` is the balance before it."""
    made = updates((0, "BTC", "1", "0"), (5, "ETH", "2", "0"), (9, "BTC", "3", "0"))
    figure = History(made[1:]).plot()
    (axes,) = [axes for axes in figure.axes if axes.get_title("left") == "BTC"]

    assert line(axes, "total").get_xdata()[0] == date2num(at(5))
    assert list(line(axes, "total").get_ydata()) == [1, 3, 3]


def test_a_gap_is_shaded_in_every_panel() -> None:
    """The gap has a legend entry; one that is out of range has none."""
    made = updates((5, "BTC", "1", "0"), (9, "ETH", "2", "0"))
    figure = History(made, [Gap(at(0), at(1), 0), Gap(at(6), at(7), 0)]).plot()
    (legend,) = figure.legends

    for axes in figure.axes:
        (span,) = axes.patches
        # Before matplotlib 3.9 it was no Rectangle.
        drawn = span.get_path().transformed(span.get_patch_transform()).get_extents()
        assert drawn.x0 == pytest.approx(date2num(at(6)), abs=1e-9)
        assert drawn.x1 == pytest.approx(date2num(at(7)), abs=1e-9)
    assert [text.get_text() for text in legend.get_texts()] == ["total", "gap"]


def test_what_was_found_afterwards_is_marked() -> None:
    """RECOVERED and AUDIT have different marks."""
    made = updates((0, "BTC", "1", "0"), (1, "BTC", "2", "0"), (2, "BTC", "3", "0"))
    for number, source in ((1, Source.RECOVERED), (2, Source.AUDIT)):
        made[number] = msgspec.structs.replace(made[number], source=source)
    (axes,) = History(made).plot().axes

    recovered, audit = (
        line(axes, name) for name in ("recovered after a gap", "found by an audit")
    )
    assert list(recovered.get_ydata()) == [2]
    assert list(audit.get_ydata()) == [3]
    assert recovered.get_marker() != audit.get_marker()


def test_the_last_value_is_written_in_all_its_digits() -> None:
    """The value is beside the name; with locked amounts, also the available one."""
    digits = "12345678.000000000000000001"
    history = History(updates((0, "BTC", digits, "0"), (1, "ETH", "0.0000001", "1")))
    figure = history.plot()
    shown = {axes.get_title("left"): axes.get_title("right") for axes in figure.axes}

    assert shown == {"BTC": digits, "ETH": "0.0000001 available of 1.0000001"}


def test_of_many_currencies_those_that_changed_are_drawn() -> None:
    """The twelve that changed most are drawn, as the title says."""
    made = updates(
        *((0, f"C{number:02}", "1", "0") for number in range(15)),
        *((number, "C14", str(number), "0") for number in (2, 3)),
        (4, "C13", "2", "0"),
    )
    figure = History(made).plot()
    names = [axes.get_title("left") for axes in figure.axes]

    assert names[:3] == ["C14", "C13", "C00"]
    assert len(names) == 12
    title = figure.get_suptitle()
    assert title == (
        "savings: 18 updates, the 12 of 15 currencies that changed most often"
    )


def test_of_some_currencies_those_alone_are_drawn() -> None:
    """One code, or some, in the order that was asked for, in any case."""
    history = History(updates((0, "BTC", "1", "0"), (1, "ETH", "2", "0")))
    (one,) = history.plot("eth").axes
    figure = history.plot(currencies=["ETH", "BTC"])

    assert one.get_title("left") == "ETH"
    assert [axes.get_title("left") for axes in figure.axes] == ["ETH", "BTC"]
    assert history.plot("ETH").get_suptitle() == "savings: 1 update"
    with pytest.raises(ConfigurationError, match=r"of XRP; there are some of BTC, ETH"):
        history.plot(["BTC", "XRP"])
    with pytest.raises(ConfigurationError, match="some of no currency"):
        History().plot("BTC")


def test_what_was_before_a_time_is_drawn_as_the_value_of_then() -> None:
    """Marks and counts begin there, too."""
    made = updates(
        (0, "BTC", "1", "0"),
        (2, "BTC", "2", "0"),
        (9, "BTC", "3", "0"),
        (10, "ETH", "1", "0"),
    )
    made[1] = msgspec.structs.replace(made[1], source=Source.RECOVERED)
    figure = History(made, [Gap(at(0), at(2), 1)]).plot(since=at(5))
    btc, _ = figure.axes
    drawn = line(btc, "total")

    assert list(drawn.get_xdata())[:2] == list(date2num([at(5), at(9)]))
    assert list(drawn.get_ydata()) == [2, 3, 3]
    assert labels(btc) == ["total"]
    assert figure.get_suptitle() == "savings: 2 updates"
    assert btc.get_xlim()[0] == pytest.approx(date2num(at(5)), abs=1e-5)
    with pytest.raises(ConfigurationError, match="has no time zone"):
        History(made).plot(since=at(5).replace(tzinfo=None))


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (1.5, "12:00:00.5"),
        (3, "12:00:02"),
        (90, "12:01:00"),
        (90_000, "2026-01-02"),
    ],
)
def test_each_label_of_the_time_axis_is_readable_alone(
    span: float, expected: str
) -> None:
    """A time of day has hours and minutes, and the date stands in the corner."""
    figure = History(updates((0, "BTC", "1", "0"), (span, "BTC", "2", "0"))).plot()
    figure.draw_without_rendering()
    axis = figure.axes[0].xaxis
    texts = [text.get_text() for text in axis.get_ticklabels()]

    assert expected in [*texts, axis.get_offset_text().get_text()]
    assert all(re.fullmatch(r"\d\d:\d\d(:\d\d(\.\d+)?)?|\d\d-\d\d", t) for t in texts)


def test_the_ground_is_transparent_and_the_ink_readable_on_any() -> None:
    """No text and no line is black or white."""
    from matplotlib.colors import to_hex
    from matplotlib.spines import Spine
    from matplotlib.text import Text

    from assetstream.model.chart import INK

    made = updates((0, "BTC", "1", "0"), (9, "BTC", "3", "1"))
    figure = History(made, [Gap(at(1), at(2), 0)]).plot()
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(Text) if text.get_text()]
    spines = [s for s in figure.findobj(Spine) if s.get_visible()]
    empty = History().plot()

    for drawn in (figure, empty):
        assert drawn.get_facecolor()[3] == 0
    assert figure.axes[0].get_facecolor()[3] == 0
    assert {to_hex(text.get_color()) for text in [*texts, *empty.texts]} == {INK}
    assert {to_hex(spine.get_edgecolor()) for spine in spines} == {INK}
    for page in ("#ffffff", "#111111"):
        assert contrast(channels(INK), channels(page)) > 4


def test_panels_share_their_time() -> None:
    """Only the lowest panel of each column has time labels, in UTC."""
    history = History(updates(*((0, f"C{n}", "1", "0") for n in range(5))))
    figure = history.plot()
    limits = {axes.get_xlim() for axes in figure.axes}

    assert len(limits) == 1
    labelled = [axes.get_xlabel() for axes in figure.axes]
    assert labelled == ["", "", "", "UTC", "UTC"]


@pytest.mark.parametrize("span", [0, 0.2, 3, 4, 90, 4000, 90_000, 10**7])
def test_any_length_of_time_can_be_drawn(span: float) -> None:
    """One update, or months of them, are drawn without a warning."""
    made = updates((0, "BTC", "1", "0"), (span, "BTC", "0.000000000000000001", "0"))
    figure = History(made).plot()

    figure.draw_without_rendering()


@pytest.mark.parametrize("currencies", [1, 5])
def test_each_length_of_time_has_steps_that_suit_it(currencies: int) -> None:
    """Half a second to ten years make no warning; up to a week has two labels."""
    made = updates(*((0.3, f"C{n}", "1", "0") for n in range(currencies)))
    axes = History(made).plot().axes[-1]
    span, few = 0.5, []
    while span < 10 * 365 * 86400:
        # The same axes for all: to draw each length would take a minute.
        begin, end = date2num([at(0.3), at(0.3 + span)])
        axes.set_xlim(begin, end)
        ticks = axes.xaxis.get_majorticklocs()
        there = sum(begin <= tick <= end for tick in ticks)
        if there < 2 and span < 7 * 86400:
            few.append(span)
        span *= 1.03

    assert few == []


def test_nothing_is_drawn_as_nothing() -> None:
    """An empty figure has a text."""
    figure = History().plot()

    assert [text.get_text() for text in figure.texts] == ["no updates yet"]


def test_it_shows_itself_in_a_notebook(tmp_path: Any) -> None:
    """The notebook gets a PNG of double resolution; ``savefig`` writes a file."""
    from matplotlib.figure import Figure

    figure: Any = History(updates((0, "BTC", "1", "0"))).plot()
    image, size = figure._repr_png_()
    figure.savefig(tmp_path / "balances.png")

    assert isinstance(figure, Figure)
    assert image.startswith(b"\x89PNG")
    assert int.from_bytes(image[16:20], "big") == 2 * size["width"]
    assert (tmp_path / "balances.png").stat().st_size > 1000
