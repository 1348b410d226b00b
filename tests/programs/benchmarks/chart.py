"""A chart of the results: one panel of bars for each of the main scenarios."""

from __future__ import annotations

from textwrap import fill
from typing import Mapping

from tests.programs.benchmarks.report import OURS, fine, label, middle, ranked
from tests.programs.benchmarks.rounds import Results
from tests.programs.benchmarks.scenarios import SCENARIOS

__all__ = ["draw"]

#: What the documentation speaks of; a picture of all would be seven feet high.
SHOWN = ("burst", "burst-tls", "latency-500", "shared-burst", "size-500", "imports")
OWN, OTHER = "#d1495b", "#8d99ae"
ROW_INCHES, PANEL_INCHES, WIDTH_INCHES = 0.38, 1.1, 9.0
#: Letters of a line of a label.
LINE = 36


def draw(results: Mapping[str, Results], path: str) -> None:
    """Write a PNG with a logarithmic scale; shorter bars are better."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot, ticker

    panels = {name: bars(name, results[name]) for name in SHOWN if name in results}
    panels = {name: found for name, found in panels.items() if found}
    if not panels:
        return
    heights = [PANEL_INCHES + ROW_INCHES * len(found) for found in panels.values()]
    figure, axes = pyplot.subplots(
        len(panels),
        figsize=(WIDTH_INCHES, sum(heights)),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for (name, found), (axis,) in zip(panels.items(), axes, strict=True):
        contenders = list(found)[::-1]
        values = [found[contender] for contender in contenders]
        colours = [
            OWN if c.startswith(OURS[0]) or c in OURS else OTHER for c in contenders
        ]
        labels = [fill(label(name, each), LINE) for each in contenders]
        drawn = axis.barh(labels, values, color=colours)
        axis.bar_label(drawn, [f"{value:,.3g}" for value in values], padding=3)
        axis.set_xscale("log")
        axis.set_xlim(min(values) / 3, max(values) * 3)
        axis.xaxis.set_minor_formatter(ticker.NullFormatter())
        axis.set_xlabel(SCENARIOS[name].columns[0].title)
        axis.set_title(SCENARIOS[name].title, loc="left", fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def bars(name: str, results: Results) -> dict[str, float]:
    """Return the first figure of every contender that has one, best first."""
    key = SCENARIOS[name].columns[0].key
    values = {
        contender: middle(key, fine(results[contender]))
        for contender in ranked(name, results)
    }
    return {contender: value for contender, value in values.items() if value}
