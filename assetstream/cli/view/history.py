"""Answers of an archive, for people and for programs."""

from __future__ import annotations

import csv
import json
import sys
from typing import Iterator, Sequence

from assetstream.cli.view.lines import (
    JsonLines,
    PlainLines,
    amount_fields,
    exact,
    iso,
    update_fields,
)
from assetstream.display.balances import balances_grid, is_held
from assetstream.display.text import as_text
from assetstream.display.words import counted
from assetstream.model.balances import Balances
from assetstream.model.events import AssetUpdate, Balance, Gap, row_of
from assetstream.model.history import History

__all__ = ["CsvForm", "JsonForm", "PlainForm", "choose_form"]

#: Fields of a balance, and of an update.
BALANCE = ("exchange", "account", "currency", "available", "locked", "total")
UPDATE = (
    *("received", "exchange", "account", "currency", "available", "locked", "total"),
    *("change", "source", "time", "update_id", "folded"),
)
COLUMNS = ("Account", "Currency", "Available", "Locked", "Total")


class PlainForm:
    """Prints tables and lines for people."""

    def balances(self, at: str, balances: Balances) -> None:
        """Print what was held at a time."""
        # Whether they are stale now is no question of then.
        rows = [row_of(balance, stale=False) for balance in _held(balances)]
        print(as_text([balances_grid(rows, COLUMNS)]) or f"nothing was held at {at}")

    def updates(self, history: History) -> None:
        """Print updates and gaps, in the order of their times."""
        lines = PlainLines(sys.stdout)
        for each in _in_order(history):
            if isinstance(each, Gap):
                print(
                    f"{iso(each.began)}  a gap until {iso(each.ended)}, after which "
                    f"{counted(each.recovered, 'balance')} had changed"
                )
            else:
                lines.show(each)


class JsonForm:
    """Prints one JSON object per line."""

    def balances(self, at: str, balances: Balances) -> None:
        """Print what was held at a time, as ``assetstream balances`` does."""
        for first in list(balances.values())[:1]:
            held = {each.currency: amount_fields(each) for each in _held(balances)}
            fields = {
                "kind": "account",
                "exchange": first.exchange,
                "account": first.account,
                "time": at,
                "balances": held,
            }
            print(json.dumps(fields))

    def updates(self, history: History) -> None:
        """Print updates and gaps, in the order of their times."""
        lines = JsonLines(sys.stdout)
        for each in _in_order(history):
            if isinstance(each, Gap):
                fields = {
                    "began": iso(each.began),
                    "ended": iso(each.ended),
                    "recovered": each.recovered,
                }
                print(json.dumps({"kind": "gap", **fields}))
            else:
                lines.show(each)


class CsvForm:
    """Prints rows of comma-separated values, with a head."""

    def balances(self, at: str, balances: Balances) -> None:
        """Print a row for each balance."""
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow(BALANCE)
        for each in _held(balances):
            amounts = map(exact, (each.available, each.locked, each.total))
            out.writerow([each.exchange, each.account, each.currency, *amounts])

    def updates(self, history: History) -> None:
        """Print a row for each update."""
        out = csv.DictWriter(sys.stdout, UPDATE, lineterminator="\n")
        out.writeheader()
        for each in history:
            fields = update_fields(each)
            out.writerow({name: fields[name] for name in UPDATE})


def choose_form(as_json: bool, as_csv: bool) -> PlainForm | JsonForm | CsvForm:
    """Return what prints in the form that is wanted."""
    if as_csv:
        return CsvForm()
    return JsonForm() if as_json else PlainForm()


def _held(balances: Balances) -> Sequence[Balance]:
    return [balance for _, balance in sorted(balances.items()) if is_held(balance)]


def _in_order(history: History) -> Iterator[AssetUpdate | Gap]:
    """Iterate over updates, each gap in front of those that came after its beginning.

    The updates that end it may have come a moment before its end.
    """
    gaps = sorted(history.gaps, key=lambda gap: gap.began)
    for update in history:
        # What came at that very moment was the last before the gap.
        while gaps and gaps[0].began < update.received:
            yield gaps.pop(0)
        yield update
    yield from gaps
