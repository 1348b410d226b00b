"""The owners of a fleet's accounts, for people and for programs."""

from __future__ import annotations

import json
from typing import Sequence

from assetstream.cli.view.choose import terminal
from assetstream.cli.view.styles import styled
from assetstream.display.page import Cell, Grid
from assetstream.display.terminal import fit, head, laid
from assetstream.display.text import as_text
from assetstream.display.words import lasting
from assetstream.model.states import State
from assetstream.sharing.survey import OwnedAccount

__all__ = ["print_json", "print_table"]

COLUMNS = ("Account", "Exchange", "Owner", "Since", "Heard of", "State", "Reason")


def print_json(rows: Sequence[OwnedAccount]) -> None:
    """Print an object per account."""
    for row in rows:
        state = None if row.state is None else row.state.value
        print(json.dumps({**row._asdict(), "state": state}))


def print_table(rows: Sequence[OwnedAccount]) -> None:
    """Print a table; those without an owner first."""
    if not rows:
        return
    ordered = sorted(rows, key=lambda row: row.alive)
    grid = Grid(COLUMNS, [_cells(row) for row in ordered])
    console = terminal()
    if console is None:
        print(as_text([grid]))
        return
    columns = fit([grid], console.width)
    for strip in [*head(columns), *laid(columns, grid)]:
        console.print(styled(strip), end="\n", crop=False)


def _cells(row: OwnedAccount) -> list[Cell]:
    owner = row.owner or "nobody"
    if row.owner and not row.alive:
        owner = f"{row.owner} (gone)"
    live = row.alive and row.state is State.LIVE
    return [
        Cell(row.account),
        Cell(row.exchange),
        Cell(owner, "" if row.alive else "bad"),
        Cell("" if row.since is None else lasting(row.since)),
        Cell("" if row.lag is None else f"{lasting(row.lag)} ago"),
        Cell("" if row.state is None else str(row.state), "good" if live else "bad"),
        Cell("" if live else row.reason),
    ]
