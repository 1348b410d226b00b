"""Looks in a terminal, beside those of text and HTML."""

from __future__ import annotations

import io
import re
from datetime import datetime, timezone
from decimal import Decimal
from html import unescape
from typing import Sequence

from rich.console import Console

from assetstream import Balance, Health, Source, State
from assetstream.cli.view.styles import STYLES, styled
from assetstream.display.html import as_html
from assetstream.display.page import LIGHTS, Cell, Grid, Line
from assetstream.display.terminal import Strip, fit, head, laid, wrapped
from assetstream.display.text import as_text
from assetstream.streams.accounts import AccountSnapshot, account_page

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)
#: Two spaces, or more, are between cells; one is within.
CELLS = re.compile(r"\s{2,}")


def balance(currency: str, available: str, locked: str, age: float) -> Balance:
    """Make a balance of the account."""
    amounts = Decimal(available), Decimal(locked)
    standing = age, False
    return Balance(
        *("upbit", "main", currency, *amounts, NOW, Source.STREAM, lambda _: standing)
    )


def rows_of(lines: Sequence[str]) -> list[list[str]]:
    """Return the cells of a table's lines without empty ones."""
    return [CELLS.split(line.strip()) for line in lines]


def texts(strips: Sequence[Strip]) -> list[str]:
    """Return the lines as rich has them."""
    return [styled(strip).plain.rstrip() for strip in strips]


def test_an_account_has_the_same_cells_everywhere() -> None:
    """Text, HTML and terminal have the same zeros, signs, ages and marks."""
    health = Health(state=State.LIVE, reason="read", in_doubt=("ETH",))
    balances = {
        "BTC": (balance("BTC", "1.50000000", "0E-8", 0.4), Decimal("0.5000")),
        "ETH": (balance("ETH", "1E+3", "0.25", 61.9), Decimal("-0.0000001")),
        "SHIB": (balance("SHIB", "1E-18", "0.00", float("inf")), Decimal(0)),
    }
    account = AccountSnapshot.of("upbit", "main", health, balances)
    line, grid = account_page(account)[:2]
    assert isinstance(grid, Grid)
    columns = fit([grid], 200)
    names, _, *rows = texts([*head(columns), *laid(columns, grid)])
    text = as_text([grid]).splitlines()
    page = re.sub("</?span.*?>", "", as_html([grid]))
    html = [
        [unescape(cell) for cell in re.findall("<t[hd].*?>(.*?)</t[hd]>", row)]
        for row in re.findall("<tr>(.*?)</tr>", page)
    ]
    tiny = "0.000000000000000001"
    expected = [
        ["Currency", "Available", "Locked", "Total", "Last change", "Age", "Source"],
        ["BTC", "1.50000000", "0", "1.50000000", "+0.5", "0 s", "STREAM"],
        ["ETH stale", "1000", "0.25", "1000.25", "-0.0000001", "1 min 1 s", "STREAM"],
        ["SHIB", tiny, "0", tiny, "unknown", "STREAM"],
    ]

    assert rows_of(text) == rows_of([names, *rows]) == expected
    assert [[cell for cell in row if cell] for row in html] == expected
    assert isinstance(line, Line)
    assert texts(wrapped(line, 200)) == as_text([line]).splitlines()


def test_every_look_and_state_has_a_style() -> None:
    """No look and no state is missing."""
    html = as_html([])
    looks = set(re.findall(r"\.assetstream (?:table )?\.(\w{3,})\{", html))
    assert looks | {""} == set(STYLES)
    assert {look for _, look in LIGHTS.values()} <= set(STYLES)


def test_what_has_just_changed_is_reversed() -> None:
    """Only the number is reversed, which is visible without colours."""
    grid = Grid(["Total"], [[Cell("1.25", "grew")], [Cell("10", "shrank")]])
    console = Console(
        width=40, file=io.StringIO(), force_terminal=True, color_system="standard"
    )
    with console.capture() as capture:
        for strip in laid(fit([grid], 40), grid):
            console.print(styled(strip))

    assert re.search("\x1b\\[[0-9;]*7;32m1.25\x1b\\[0m", capture.get())
    assert re.search("\x1b\\[[0-9;]*7;31m10\x1b\\[0m", capture.get())
