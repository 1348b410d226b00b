"""Many accounts on one screen: totals by currency, and who is not LIVE."""

from __future__ import annotations

from collections import Counter
from typing import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from assetstream.cli.view.changes import Changes
from assetstream.cli.view.columns import Columns, amount_cell, change_cell
from assetstream.cli.view.holdings import look, totals
from assetstream.cli.view.lines import digits
from assetstream.model.states import State
from assetstream.streams.accounts import TROUBLE
from assetstream.streams.stream import AssetStream

__all__ = ["COLOURS", "DISPENSABLE", "NAMES", "summary"]

COLOURS = {
    State.LIVE: "green",
    State.STALE: "yellow",
    State.CONNECTING: "yellow",
    State.FAILED: "red",
}
NAMES = ("Currency", "Total", "Available", "Locked", "Accounts", "Last change", "By")
DISPENSABLE = ("By", "Accounts", "Locked", "Last change", "Available")
#: Lines besides the rows: the counts, the table's own three, two that tell how much is
#: left out, and one for the cursor.
FRAME = 7


def summary(
    columns: Columns,
    streams: Sequence[AssetStream],
    reasons: Mapping[str, str],
    changes: Changes,
    height: int,
) -> Iterator[RenderableType]:
    """Everything in at most ``height`` lines.

    Args:
        columns: made with ``NAMES`` and ``DISPENSABLE``.
        streams: all of them.
        reasons: account -> why it is in its state.
        changes: what to show as last changes.
        height: lines; a few more are taken where that would leave nothing.
    """
    yield _counts(streams)
    troubled = list(_troubled(streams, reasons))
    rows = list(_rows(streams, changes))
    free = height - FRAME
    lines = max(3, free // 3, free - len(rows))
    shown = rows[: max(3, free - min(lines, len(troubled)))]
    if rows:
        yield Text("")
        yield columns.table(shown)
    yield from _left_out(len(rows) - len(shown), "currencies")
    yield from troubled[:lines]
    yield from _left_out(len(troubled) - lines, "accounts that are not LIVE")


def _counts(streams: Sequence[AssetStream]) -> Text:
    states = Counter(stream.state for stream in streams)
    line = Text(f"{len(streams)} accounts", "bold")
    for state in State:
        if states[state]:
            line.append(f"  {states[state]} {state}", COLOURS.get(state, "default"))
    return line


def _troubled(
    streams: Sequence[AssetStream], reasons: Mapping[str, str]
) -> Iterator[Text]:
    """A line for each that needs a look; not for those that simply wait their turn."""
    found = [(stream.state, stream) for stream in streams]
    for wanted in TROUBLE:
        for state, stream in found:
            if state is not wanted:
                continue
            error = stream.error
            if error is None and state is State.CONNECTING:
                continue
            reason = error or reasons.get(stream.account, "")
            line = Text(no_wrap=True, overflow="ellipsis")
            line.append(f"{stream.account}  ")
            line.append(f"{state}", f"bold {COLOURS[state]}")
            yield line.append(f"  {reason}")


def _rows(
    streams: Sequence[AssetStream], changes: Changes
) -> Iterator[dict[str, Text]]:
    for total in totals(map(look, streams)):
        account, change = changes.latest(total.currency)
        if not total.total and not change:
            continue
        name = Text(total.currency, "bold")
        if total.stale:
            name.append(f" {total.stale} stale", "yellow")
        fresh = changes.fresh(account, total.currency, "total")
        yield {
            "Currency": name,
            "Total": amount_cell(total.total, fresh),
            "Available": Text(digits(total.available)),
            "Locked": Text(digits(total.locked)),
            "Accounts": Text(str(total.accounts)),
            "Last change": change_cell(change),
            "By": Text(account),
        }


def _left_out(count: int, what: str) -> Iterator[Text]:
    if count > 0:
        yield Text(f"{count} more {what} need a taller window, or --json", "dim")
