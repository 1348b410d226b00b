"""Balances at one moment, for people and for programs."""

from __future__ import annotations

import json
from typing import Mapping, Sequence

from rich.console import Console

from assetstream.cli.view.lines import amount_fields, error_fields, now
from assetstream.cli.view.screen import Section, how_many, sums
from assetstream.cli.view.styles import styled
from assetstream.display.balances import BalanceRow, TotalRow, balances_grid, is_held
from assetstream.display.page import Cell, Grid, Line
from assetstream.display.terminal import fit, head, laid, wrapped
from assetstream.display.text import as_text
from assetstream.display.words import placed
from assetstream.model.errors import AssetStreamError
from assetstream.streams.accounts import AccountSnapshot, totals

__all__ = ["print_json", "print_plain", "print_table"]

COLUMNS = ("Account", "Currency", "Available", "Locked", "Total")


def accounts_grid(accounts: Sequence[AccountSnapshot], missing: int) -> Grid:
    """Make one table of all accounts, and of their sums if there is more than one.

    Args:
        accounts: those that were read.
        missing: how many were not.
    """
    rows: list[Sequence[Cell]] = []
    for account in accounts:
        nothing = [[Cell(account.account), Cell("nothing"), *[Cell("")] * 3]]
        rows += balances_grid(_held(account), COLUMNS).rows or nothing
    label = how_many(len(accounts), len(accounts) + missing)
    together = balances_grid([], COLUMNS, _sums(accounts), label)
    return Grid(COLUMNS, [*rows, *together.rows])


def print_table(
    accounts: Sequence[AccountSnapshot], missing: int, out: Console
) -> None:
    """Print the table on a terminal, each account below its name, and their sums."""
    accounts = [account._replace(rows=_held(account)) for account in accounts]
    sections = []
    for account in accounts:
        name = f"{placed(account.account, account.exchange)}:"
        heading = Line("" if account.rows else "nothing", name=name)
        sections.append(Section(heading, account.rows))
    together = sums(accounts, len(accounts) + missing)
    if together is not None:
        sections.append(together)
    if not sections:
        return
    columns = fit([section.grid(COLUMNS[1:]) for section in sections], out.width)
    strips = head(columns)
    for section in sections:
        strips += wrapped(section.heading, out.width)
        strips += laid(columns, section.grid(COLUMNS[1:]))
    for strip in strips:
        out.print(styled(strip), end="\n", crop=False)


def print_plain(accounts: Sequence[AccountSnapshot], missing: int) -> None:
    """Print it into a file or a pipe; each row is complete."""
    text = as_text([accounts_grid(accounts, missing)])
    if text:
        print(text)


def print_json(
    accounts: Sequence[AccountSnapshot], errors: Sequence[AssetStreamError]
) -> None:
    """Print an object per account, per error, and for the sums of several accounts."""
    objects: list[Mapping[str, object]] = []
    for account in accounts:
        balances = {
            row.currency: {**amount_fields(row), "stale": row.stale}
            for row in _held(account)
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
        together = {each.currency: amount_fields(each) for each in _sums(accounts)}
        objects.append(
            {
                "kind": "total",
                "accounts": len(accounts),
                "missing": [error.account for error in errors],
                "balances": together,
            }
        )
    for fields in objects:
        print(json.dumps(fields))


def _held(account: AccountSnapshot) -> list[BalanceRow]:
    return [row for row in account.rows if is_held(row)]


def _sums(accounts: Sequence[AccountSnapshot]) -> list[TotalRow]:
    if len(accounts) < 2:
        return []
    return [each for each in totals(accounts) if is_held(each)]
