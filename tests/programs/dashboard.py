"""The dashboard's values over a run with faults, in a real Prometheus, as a picture.

::

    python -m tests.programs.dashboard docs/pictures/dashboard.png

Seven simulated accounts trade for three minutes, while a Prometheus scrapes them. An
exchange is under maintenance for a while; then a handler is slow; then pushes are lost,
which audits find; then a handler raises, and an account joins whose key is refused.
Each panel of ``docs/operating/dashboard.json`` is drawn from the answers to its own
queries, as Grafana would draw it, and below them is when which alert was pending or
firing. It needs ``prometheus``, from the package of that name, and the extra ``plot``.
"""

from __future__ import annotations

import argparse
import math
import shutil
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Callable, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from assetstream import AssetStream, AssetUpdate, StreamGroup, serve_metrics
from assetstream.simulator import Simulator
from tests.programs.prometheus import Prometheus, panels

__all__ = ["ACTS", "Act", "Curve", "draw", "main"]

#: Seconds of the run, and of a rate.
LASTS, RATE = 180.0, "15s"
#: Seconds between two points.
STEP = 1.0
#: Seconds that the slow handler takes for an update.
SLOW = 0.4
INK, AMBER, RED = "#7b7b7b", "#d97706", "#e0443e"
COLUMNS = 3
#: The panel of alerts, and the value of one that fires.
ALERTS = "Alerts, pending and firing", 2.0


class Act(NamedTuple):
    """Something that happens, and the seconds between which it does."""

    name: str
    begins: float
    ends: float


ACTS = {
    "maintenance": Act("Upbit away", 20.0, 60.0),
    "slow": Act("slow handler", 85.0, 103.0),
    "lost": Act("pushes lost", 115.0, 135.0),
    "raises": Act("handler raises", 145.0, 155.0),
    "refused": Act("key refused", 160.0, LASTS),
}


class Curve(NamedTuple):
    """One series of a panel: its legend, and its points."""

    legend: str
    points: list[tuple[float, float]]


class Handler:
    """A user's, who can be slow or raise."""

    def __init__(self) -> None:
        self.slow = threading.Event()
        self.raises = threading.Event()

    def __call__(self, update: AssetUpdate) -> None:
        if self.slow.is_set():
            time.sleep(SLOW)
        if self.raises.is_set():
            raise ValueError("a fault of the user's")


def run(prometheus_path: str, folder: Path) -> dict[str, list[Curve]]:
    """Live through the acts; return each panel's curves."""
    handler = Handler()
    with ExitStack() as stack:
        upbit, coinw = (
            stack.enter_context(Simulator(seed=seed, rate_limits=False))
            for seed in (5, 6)
        )
        accounts = [
            *(upbit.upbit({"SGD": "9000", "BTC": 1}) for _ in range(4)),
            *(coinw.coinw({"USDT": "9000", "BTC": 1}) for _ in range(3)),
        ]
        refused = upbit.upbit(permissions=[])
        streams = [
            AssetStream(
                account.exchange(),
                account=f"account-{number}",
                audit_interval=10.0,
                max_pending=4,
            )
            for number, account in enumerate(accounts)
        ]
        group = StreamGroup(streams, on_asset=handler, on_error=lambda error: None)
        served = stack.enter_context(serve_metrics(group, 0))
        prometheus = stack.enter_context(Prometheus(prometheus_path, folder, served))
        stack.enter_context(group)
        for account in accounts:
            stack.enter_context(account.trade(rate=1.0))
        began = time.time()

        def join() -> None:
            group.add(AssetStream(refused.exchange(), account="refused"))

        fault = ExitStack()
        stack.enter_context(fault)
        acts: dict[str, Callable[[], object]] = {
            "maintenance": lambda: fault.enter_context(upbit.fault("maintenance")),
            "slow": handler.slow.set,
            "lost": lambda: fault.enter_context(coinw.fault("pushes_lost", share=1)),
            "raises": handler.raises.set,
            "refused": join,
        }
        for name, act in ACTS.items():
            time.sleep(max(0.0, began + act.begins - time.time()))
            acts[name]()
            time.sleep(max(0.0, began + act.ends - time.time()))
            fault.close()
            handler.slow.clear()
            handler.raises.clear()
        curves = {
            panel.title: [
                curve
                for legend, query in panel.queries
                for curve in curves_of(prometheus, legend, query, began)
            ]
            for panel in panels(RATE)
        }
        title, _ = ALERTS
        query = 'ALERTS{alertstate="pending"} or 2 * ALERTS{alertstate="firing"}'
        curves[title] = curves_of(
            prometheus, "{{alertname}}", f"max by (alertname) ({query})", began
        )
    return curves


def curves_of(
    prometheus: Prometheus, legend: str, query: str, began: float
) -> list[Curve]:
    """Ask for the values of the whole run."""
    found = prometheus.get(
        "query_range", query=query, start=began, end=began + LASTS, step=STEP
    )
    curves = []
    for series in found["result"]:
        text = legend or "{{exchange}} {{account}}"
        for name in ("exchange", "state", "account", "alertname"):
            text = text.replace(f"{{{{{name}}}}}", series["metric"].get(name, ""))
        points = [(at - began, float(value)) for at, value in series["values"]]
        curves.append(Curve(text.strip() or "left out", points))
    return curves


def draw(curves: dict[str, list[Curve]]) -> Figure:
    """Draw all panels, and the acts behind them."""
    kinds = {panel.title: panel for panel in panels(RATE)}
    rows = -(-len(curves) // COLUMNS)
    figure = Figure(figsize=(15, 2.9 * rows), layout="constrained")
    for number, (title, shown) in enumerate(curves.items()):
        axes = figure.add_subplot(rows, COLUMNS, number + 1)
        panel = kinds.get(title)
        if panel is None or panel.kind == "table":
            draw_table(axes, shown)
        else:
            draw_curves(axes, shown)
            title += f", {panel.unit}" if panel.unit != "short" else ""
        draw_frame(axes, title, named=number < COLUMNS)
    return figure


def draw_curves(axes: Axes, curves: list[Curve]) -> None:
    """Draw lines, with gaps where there was no value."""
    for curve in curves:
        x, y = list[float](), list[float]()
        for at, value in curve.points:
            if x and at - x[-1] > 1.5 * STEP:
                x.append(at)
                y.append(math.nan)
            x.append(at)
            y.append(value)
        axes.plot(x, y, linewidth=1.2, label=curve.legend)
    axes.set_ylim(bottom=0)
    # Room for the legend.
    axes.set_ylim(top=1.5 * axes.get_ylim()[1])
    axes.legend(
        fontsize=7, frameon=False, ncols=2, loc="upper right", bbox_to_anchor=(1, 0.88)
    )


def draw_table(axes: Axes, curves: list[Curve]) -> None:
    """Draw for each series when it was there: red if it is what a person must see."""
    urgent = ALERTS[1]
    for number, curve in enumerate(curves):
        for at, value in curve.points:
            # An account is 0 while it is not LIVE.
            colour = RED if value in (0.0, urgent) else AMBER
            axes.barh(number, STEP, left=at, height=0.6, color=colour)
    axes.set_yticks(range(len(curves)), [curve.legend for curve in curves])
    axes.invert_yaxis()


def draw_frame(axes: Axes, title: str, *, named: bool) -> None:
    """Draw what all panels have; in the first row, the acts are named."""
    axes.set_title(title, loc="left", fontsize=9, fontweight="bold", color=INK)
    for number, act in enumerate(ACTS.values()):
        axes.axvspan(act.begins, act.ends, color=INK, alpha=0.12, linewidth=0)
        if named:
            axes.text(
                *(act.begins, 0.99 - 0.07 * (number % 2), act.name),
                transform=axes.get_xaxis_transform(),
                **{"fontsize": 7, "color": INK, "va": "top"},
            )
    axes.set_xlim(0, LASTS)
    axes.tick_params(labelsize=7, color=INK, labelcolor=INK)
    axes.grid(color=INK, alpha=0.25, linewidth=0.4)
    for spine in axes.spines.values():
        spine.set_visible(False)


def main() -> None:
    """Run, and write the picture to the file that is named."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.dashboard",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="the picture to write")
    file: Path = parser.parse_args().file
    path = shutil.which("prometheus")
    if path is None:
        sys.exit("prometheus is missing: apt-get install prometheus, or the like")
    with tempfile.TemporaryDirectory() as folder:
        curves = run(path, Path(folder))
    file.parent.mkdir(parents=True, exist_ok=True)
    draw(curves).savefig(file, dpi=80)
    points = sum(len(curve.points) for each in curves.values() for curve in each)
    print(f"{file}: {len(curves)} panels, {points} points")


if __name__ == "__main__":
    main()
