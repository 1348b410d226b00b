"""Results as a Markdown table: medians, least and most, and ratios in one run."""

from __future__ import annotations

from statistics import median
from typing import Any, Mapping, Sequence

from tests.programs.benchmarks.contenders import ENTRIES
from tests.programs.benchmarks.imports import STATEMENTS
from tests.programs.benchmarks.rounds import Results
from tests.programs.benchmarks.scenarios import SCENARIOS, Column

__all__ = [
    "OURS",
    "fine",
    "heading",
    "label",
    "middle",
    "note",
    "number",
    "ranked",
    "table",
]

#: Whom ratios compare with, where it takes part.
OURS = ("assetstream", "assetstream-group", "assetstream-audited", "shared")
#: Why a measurement has no figures.
REASONS = ("failed", "skipped")


def heading(facts: Mapping[str, Any]) -> str:
    """Return the machine and the releases that the figures are of.

    Args:
        facts: as ``machine.facts`` returns them, and whether it was ``quick``.
    """
    load = facts["load"]
    loaded = "" if load is None else f", load average {load[0]:.2f} at the start"
    smoke = "**A smoke run: fewer accounts and frames than titles say.** "
    return (
        "# Benchmark\n\n"
        f"{smoke if facts['quick'] else ''}"
        f"Python {facts['python']} ({facts['build']}), {facts['system']}, "
        f"{facts['cores']} cores{loaded}. "
        "Made by `python -m tests.programs.benchmarks` on loopback, the client on one "
        "core and the load server on another; contenders in turn, one round after the "
        "other. Medians (least to most). Ratio: the first figure over assetstream's, "
        f"round by round. Releases: {', '.join(facts['releases'])}.\n"
    )


def table(name: str, results: Results) -> str:
    """Return one scenario's table, best first."""
    scenario = SCENARIOS[name]
    titles = [column.title for column in scenario.columns]
    rounds = max((len(found) for found in results.values()), default=0)
    lines = [
        f"## {scenario.title} (`{name}`)\n",
        f"{rounds} round{'s' * (rounds != 1)}. {scenario.note}".rstrip() + "\n",
        "| " + " | ".join(["contender", *titles, "ratio", "note"]) + " |",
        "|---" + "|---:" * (len(titles) + 1) + "|---|",
    ]
    for contender in ranked(name, results):
        good = fine(results[contender])
        cells = [label(name, contender)]
        cells += [cell(column, good) for column in scenario.columns]
        compared = ratio(name, contender, results)
        cells += ["" if compared is None else f"{compared:.2f}"]
        cells += [note(name, contender, results[contender])]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def ranked(name: str, results: Results) -> list[str]:
    """Return the contenders by their first figure; those without one come last."""
    key = SCENARIOS[name].columns[0].key

    def rank(contender: str) -> tuple[bool, float]:
        value = middle(key, fine(results[contender]))
        return value is None, value or 0.0

    return sorted(results, key=rank)


def label(name: str, contender: str) -> str:
    """Return the name of a contender in that scenario's table."""
    if SCENARIOS[name].kind == "imports":
        return STATEMENTS[contender]
    return ENTRIES[contender].label


def middle(key: str, good: Sequence[dict[str, Any]]) -> float | None:
    """Return the median of a figure; None without figures."""
    values = [figures[key] for figures in good if key in figures]
    return median(values) if values else None


def ratio(name: str, contender: str, results: Results) -> float | None:
    """Return the median of its first figure over ours, round by round.

    Rounds are pairs: what slows the machine for a while slows both.
    """
    key = SCENARIOS[name].columns[0].key
    ours = next((o for o in OURS if fine(results.get(o, []))), None)
    if ours is None:
        return None
    pairs = zip(results[contender], results[ours], strict=False)
    both = [pair for pair in pairs if len(fine(pair)) == 2 and pair[1][key]]
    return median(a[key] / b[key] for a, b in both) if both else None


def fine(rounds: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rounds that gave figures."""
    return [figures for figures in rounds if not figures.keys() & set(REASONS)]


def cell(column: Column, good: Sequence[dict[str, Any]]) -> str:
    """Return median, least and most of a figure."""
    values = sorted(figures[column.key] for figures in good if column.key in figures)
    if not values:
        return "-"
    if values[0] == values[-1]:
        return number(values[0])
    return f"{number(median(values))} ({number(values[0])} to {number(values[-1])})"


def number(value: float) -> str:
    """Return a number with three significant digits."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def note(name: str, contender: str, rounds: Sequence[dict[str, Any]]) -> str:
    """Return what the figures alone would hide."""
    notes: list[str] = []
    if SCENARIOS[name].kind != "imports" and ENTRIES[contender].less:
        notes.append(ENTRIES[contender].less)
    digits = {figures.get("digits") for figures in rounds}
    if "WRONG" in digits:
        notes.append("**wrong balances**")
    elif "lost" in digits:
        notes.append("loses digits")
    folded = max((figures.get("folded", 0) for figures in rounds), default=0)
    if folded > 0:
        notes.append(f"folds: up to {folded:,} updates had no callback of their own")
    if any(figures.get("at_least") for figures in rounds):
        notes.append("at least: the load server could send no more")
    for word in REASONS:
        reasons = [figures[word] for figures in rounds if word in figures]
        if reasons:
            notes.append(f"{word} {len(reasons)} of {len(rounds)}: {reasons[-1]}")
    return "; ".join(notes)
