"""Many accounts on one screen: totals by currency, and who is not LIVE."""

from __future__ import annotations

from typing import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from assetstream.cli.view.rich_page import TableFit, rich_line
from assetstream.display.balances import totals_grid
from assetstream.streams.accounts import (
    AccountSnapshot,
    group_line,
    totals,
    trouble_lines,
)

__all__ = ["totals_screen"]

#: Lines besides the rows: the counts, the table's own three, two that tell how much is
#: left out, and one for the cursor.
FRAME = 7
#: Accounts that are named in one line.
MOST_NAMES = 3


def totals_screen(
    fit: TableFit, accounts: Sequence[AccountSnapshot], height: int
) -> Iterator[RenderableType]:
    """Show everything in at most ``height`` lines.

    Args:
        fit: kept from one screen to the next.
        accounts: all of them.
        height: lines; a few more are taken where that would leave nothing.
    """
    yield rich_line(group_line(accounts), cut=True)
    troubled = trouble_lines(accounts, MOST_NAMES)
    rows = totals(accounts)
    free = height - FRAME
    lines = max(3, free // 3, free - len(rows))
    shown = rows[: max(3, free - min(lines, len(troubled)))]
    if rows:
        yield Text("")
        yield from fit.tables([totals_grid(shown)])
    yield from _left_out(len(rows) - len(shown), "currencies")
    for line in troubled[:lines]:
        yield rich_line(line, cut=True)
    yield from _left_out(len(troubled) - lines, "reasons why accounts are not LIVE")


def _left_out(count: int, what: str) -> Iterator[Text]:
    if count > 0:
        yield Text(f"{count} more {what} need a taller window, or --json", "dim")
