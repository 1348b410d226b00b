"""Balances at one moment, for people and for programs."""

from __future__ import annotations

import json
from typing import Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from assetstream.cli.view.columns import Columns, stacked
from assetstream.cli.view.holdings import Holdings, Total, how_many, totals
from assetstream.cli.view.lines import digits, error_fields, now
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import Balance

__all__ = ["print_json", "print_plain", "print_table"]

NAMES = ("Account", "Currency", "Available", "Locked", "Total")


def print_json(
    accounts: Sequence[Holdings], errors: Sequence[AssetStreamError]
) -> None:
    """One object per account, per error, and the sums of more than one account."""
    objects: list[Mapping[str, object]] = []
    for account in accounts:
        balances = {
            currency: {**_amounts(balance), "stale": currency in account.stale}
            for currency, balance in account.balances.items()
            if balance.total
        }
        objects.append(
            {
                "kind": "account",
                "exchange": account.exchange,
                "account": account.account,
                "time": now(),
                "balances": balances,
            }
        )
    objects += [error_fields(error) for error in errors]
    if len(accounts) > 1:
        sums = {each.currency: _amounts(each) for each in _sums(accounts)}
        objects.append(
            {
                "kind": "total",
                "accounts": len(accounts),
                "missing": [error.account for error in errors],
                "balances": sums,
            }
        )
    for fields in objects:
        print(json.dumps(fields))


def print_table(accounts: Sequence[Holdings], missing: int, console: Console) -> None:
    """A table, for a terminal; ``missing`` accounts were not read."""
    rows = []
    above = ""
    for cells in _cells(accounts, missing):
        row = {name: Text(cell) for name, cell in zip(NAMES, cells, strict=True)}
        row["Currency"].stylize("bold")
        if cells[0] == above:
            row["Account"] = Text("")
        above = cells[0]
        rows.append(row)
    if rows:
        columns = Columns(console, NAMES, ("Total",))
        table = columns.table(rows)
        console.print(table if columns.fits else stacked(rows))


def print_plain(accounts: Sequence[Holdings], missing: int) -> None:
    """Columns of text, each row complete, for a file or a pipe."""
    rows = [NAMES, *_cells(accounts, missing)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows if len(rows) > 1 else ():
        words = [
            word.ljust(width) if number < 2 else word.rjust(width)
            for number, (word, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(words).rstrip())


def _cells(accounts: Sequence[Holdings], missing: int) -> Iterator[Sequence[str]]:
    for account in accounts:
        held = [each for each in account.balances.values() if each.total]
        for balance in held:
            stale = " stale" if balance.currency in account.stale else ""
            name = f"{balance.currency}{stale}"
            yield account.account, name, *_amounts(balance).values()
        if not held:
            yield account.account, "nothing", "", "", ""
    if len(accounts) > 1:
        label = how_many(len(accounts), len(accounts) + missing)
        for each in _sums(accounts):
            yield label, each.currency, *_amounts(each).values()


def _sums(accounts: Sequence[Holdings]) -> Iterator[Total]:
    return (each for each in totals(accounts) if each.total)


def _amounts(of: Balance | Total) -> dict[str, str]:
    """The amounts, with every digit, in the order of the columns."""
    return {
        "available": digits(of.available),
        "locked": digits(of.locked),
        "total": digits(of.total),
    }
