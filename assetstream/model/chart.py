"""Draws a history: ``History.plot``. The only module that imports matplotlib.

It uses figures and axes as objects, never pyplot: nothing is opened, selected or kept,
and nothing that the user has drawn is touched.
"""

from __future__ import annotations

import io
import math
from datetime import datetime, timedelta, timezone
from typing import Any, Sequence

from matplotlib.axes import Axes
from matplotlib.dates import (
    MINUTELY,
    SECONDLY,
    AutoDateLocator,
    ConciseDateFormatter,
    date2num,
)
from matplotlib.figure import Figure

from assetstream.display.words import counted, digits
from assetstream.model.events import AssetUpdate, Balance, Gap, Source

__all__ = ["draw"]

#: The most panels of one figure.
MAX_PANELS = 12
#: More panels than this stand in two columns.
ONE_COLUMN = 4
#: Labels that a time axis has room for, in one column or in each of two.
MOST_TICKS = {1: 8, 2: 5}
#: Seconds or minutes between ticks. Matplotlib's own have no 2 and 3, so that there
#: would be a single tick in 9 s.
STEPS = [1, 2, 3, 5, 10, 15, 30]
#: Inches.
WIDTH, PANEL_HEIGHT, HEAD_HEIGHT = 9.0, 1.45, 0.9
#: Readable on light and dark ground alike; INK is that of all text and lines.
INK, TOTAL, AVAILABLE, GAP = "#7b7b7b", "#3b82c4", "#d97706", "#8a8a8a"
#: source -> colour, shape and name of its mark.
MARKS = {
    Source.RECOVERED: ("#8b5cf6", "D", "recovered after a gap"),
    Source.AUDIT: ("#e0443e", "s", "found by an audit"),
}
#: Characters that have no room above a panel.
LONG = 60
#: Labels of ticks whose steps are years, months, days, hours, minutes or seconds, and
#: of those that begin a greater unit: each is a date or a time of day by itself.
TICKS = ["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%H:%M:%S.%f"]
FIRST_TICKS = ["%Y", "%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M:%S"]
#: What the ticks leave out, in the corner.
OFFSETS = ["", "", "%Y", "%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%d"]
#: A shorter time is drawn as this.
LEAST_SPAN = timedelta(seconds=1)
#: What is left free before it and behind it, as a share.
MARGIN = 0.03


class Chart(Figure):
    """A figure that IPython can show though pyplot was never imported."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        image = io.BytesIO()
        # Twice as fine as it is shown, for screens that are.
        self.savefig(image, format="png", dpi=2 * self.dpi)
        width, height = self.get_size_inches() * self.dpi
        return image.getvalue(), {"width": int(width), "height": int(height)}


class Panel:
    """The axes of one currency."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.updates: list[AssetUpdate] = []

    @property
    def changes(self) -> int:
        """Count the changes."""
        return sum(u.source is not Source.SNAPSHOT for u in self.updates)

    @property
    def last(self) -> str:
        """Write the last value, exact."""
        last = self.updates[-1]
        if not last.locked:
            return digits(last.total)
        text = f"{digits(last.available)} available of {digits(last.total)}"
        return text if len(text) < LONG else text.replace(" of ", "\nof ")

    def draw(self, axes: Axes, begin: datetime, end: datetime) -> None:
        """Draw the balance from the beginning to the end of what is to be seen."""
        self._draw_steps(axes, begin, end)
        self._mark(axes, begin)
        axes.set_title(
            self.currency, loc="left", fontsize="medium", fontweight="bold", color=INK
        )
        axes.set_title(self.last, loc="right", fontsize="small", color=INK)
        axes.ticklabel_format(axis="y", style="plain", useOffset=False)
        axes.tick_params(labelsize="small", color=INK, labelcolor=INK)
        axes.margins(y=0.15)
        axes.set_facecolor("none")
        for side, spine in axes.spines.items():
            spine.set_color(INK)
            spine.set_visible(side in ("left", "bottom"))

    def _draw_steps(self, axes: Axes, begin: datetime, end: datetime) -> None:
        states: list[AssetUpdate | Balance] = [*self.updates, self.updates[-1]]
        times = [*(update.received for update in self.updates), end]
        before = self.updates[0].previous
        if before is not None and self.updates[0].received > begin:
            # It had that value since before the oldest update that is kept.
            states.insert(0, before)
            times.insert(0, begin)
        # What was there before the beginning is drawn as its value then.
        x = date2num([max(time, begin) for time in times])
        total = [float(state.total) for state in states]
        axes.plot(
            x, total, color=TOTAL, linewidth=2, drawstyle="steps-post", label="total"
        )
        if not any(state.locked for state in states):
            return
        # Where nothing is locked it is the total, and would but cover that.
        axes.plot(
            x,
            [float(s.available) if s.locked else math.nan for s in states],
            color=AVAILABLE,
            linewidth=1.2,
            drawstyle="steps-post",
            label="available, the rest is locked",
        )
        axes.fill_between(
            x,
            [float(state.available) for state in states],
            total,
            step="post",
            color=AVAILABLE,
            linewidth=0,
            alpha=0.3,
        )

    def _mark(self, axes: Axes, begin: datetime) -> None:
        seen = [update for update in self.updates if update.received >= begin]
        for source, (colour, shape, name) in MARKS.items():
            found = [update for update in seen if update.source is source]
            if found:
                axes.plot(
                    date2num([update.received for update in found]),
                    [float(update.total) for update in found],
                    color=colour,
                    linestyle="none",
                    marker=shape,
                    markersize=6,
                    label=name,
                )


def draw(
    updates: Sequence[AssetUpdate],
    gaps: Sequence[Gap],
    currencies: Sequence[str] | None = None,
    since: datetime | None = None,
) -> Figure:
    """Make the figure; see ``History.plot``.

    Args:
        updates: of one account, oldest first.
        gaps: oldest first.
        currencies: those to draw, of which there are updates; None: all.
        since: from when on; None: from the first update on.
    """
    panels = _panels(updates, since)
    if not panels:
        figure = Chart(figsize=(WIDTH, PANEL_HEIGHT), facecolor="none")
        figure.text(0.5, 0.5, "no updates yet", ha="center", va="center", color=INK)
        return figure
    if currencies is None:
        drawn = sorted(panels.values(), key=lambda p: (-p.changes, p.currency))
        drawn = drawn[:MAX_PANELS]
    else:
        drawn = [panels[currency] for currency in currencies]
    columns = 1 if len(drawn) <= ONE_COLUMN else 2
    rows = math.ceil(len(drawn) / columns)
    figure = Chart(
        figsize=(WIDTH, HEAD_HEIGHT + rows * PANEL_HEIGHT),
        layout="constrained",
        facecolor="none",
    )
    grid = list(figure.subplots(rows, columns, sharex=True, squeeze=False).flat)
    begin = since or updates[0].received
    ends = [updates[-1].received, *(gap.ended for gap in gaps[-1:])]
    end = max(*ends, begin + LEAST_SPAN)
    # A little further, or the last change would be a line with no value after it.
    end += (end - begin) * MARGIN
    shaded = [gap for gap in gaps if gap.ended >= begin]
    for axes, panel in zip(grid, drawn, strict=False):
        panel.draw(axes, begin, end)
        _shade(axes, shaded)
    for number, axes in enumerate(grid):
        if number >= len(drawn):
            axes.remove()
        elif number + columns >= len(drawn):
            _tell_time(axes, begin, end, MOST_TICKS[columns])
    counted_in = panels.values() if currencies is None else drawn
    each = (update for panel in counted_in for update in panel.updates)
    shown = sum(update.received >= begin for update in each)
    title = f"{updates[-1].account}: {counted(shown, 'update')}"
    if currencies is None and len(drawn) < len(panels):
        title += (
            f", the {len(drawn)} of {len(panels)} currencies that changed most often"
        )
    _explain(figure, title)
    return figure


def _panels(updates: Sequence[AssetUpdate], since: datetime | None) -> dict[str, Panel]:
    """Return each currency with its updates, and the last one before ``since``."""
    panels: dict[str, Panel] = {}
    for update in updates:
        panel = panels.setdefault(update.currency, Panel(update.currency))
        if since is not None and update.received <= since:
            panel.updates.clear()
        panel.updates.append(update)
    return panels


def _shade(axes: Axes, gaps: list[Gap]) -> None:
    for gap in gaps:
        # With an edge, or a short one would be too thin to be seen.
        axes.axvspan(
            *date2num([gap.began, gap.ended]),
            facecolor=GAP,
            edgecolor=GAP,
            linewidth=1.0,
            alpha=0.35,
            label="gap",
        )


def _tell_time(axes: Axes, begin: datetime, end: datetime, ticks: int) -> None:
    """Label the time axis, which all panels share, in so many places at most."""
    axes.set_xlim(*date2num([begin - (end - begin) * MARGIN, end]))
    # minticks says from how many minutes on steps are minutes, and so on; up to there
    # steps of seconds must do. The longest is half of the next unit (30 s, 30 min, 12
    # hours, 6 months), so ticks - 1 of them reach that far and no further: between that
    # and a larger minticks matplotlib would find no step, and warn.
    locator = AutoDateLocator(
        tz=timezone.utc, minticks=(ticks - 1) // 2, maxticks=ticks
    )
    locator.intervald[SECONDLY] = locator.intervald[MINUTELY] = STEPS
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(
        locator,
        tz=timezone.utc,
        formats=TICKS,
        zero_formats=FIRST_TICKS,
        offset_formats=OFFSETS,
    )
    axes.xaxis.set_major_formatter(formatter)
    axes.tick_params(labelbottom=True)
    axes.xaxis.get_offset_text().set(fontsize="small", color=INK)
    axes.set_xlabel("UTC", fontsize="small", color=INK)


def _explain(figure: Figure, title: str) -> None:
    """Set the title, and explain the signs."""
    figure.suptitle(title, fontsize="medium", color=INK)
    signs: dict[str, Any] = {}
    for axes in figure.axes:
        handles, names = axes.get_legend_handles_labels()
        for name, handle in zip(names, handles, strict=True):
            signs.setdefault(name, handle)
    figure.legend(
        list(signs.values()),
        list(signs),
        loc="outside lower center",
        ncols=len(signs),
        frameon=False,
        fontsize="small",
        labelcolor=INK,
    )
