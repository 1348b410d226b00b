"""Pages in a terminal: the cells of text and HTML, in the styles of their looks."""

from __future__ import annotations

import io
import re
from datetime import datetime, timezone
from decimal import Decimal
from html import unescape
from typing import Sequence

import pytest
from rich.console import Console, Group, RenderableType

from assetstream import Balance, Health, Source, State
from assetstream.cli.view.rich_page import STYLES, TableFit, rich_line, stacked
from assetstream.display.html import as_html
from assetstream.display.page import LIGHTS, Cell, Grid, Line
from assetstream.display.text import as_text
from assetstream.streams.accounts import AccountSnapshot, account_line, account_page

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


@pytest.fixture
def account() -> AccountSnapshot:
    """Make an account with zeros, a tiny amount, changes, ages and a doubt."""
    health = Health(state=State.LIVE, reason="read", in_doubt=("ETH",))
    balances = {
        "BTC": (balance("BTC", "1.50000000", "0E-8", 0.4), Decimal("0.5000")),
        "ETH": (balance("ETH", "1E+3", "0.25", 61.9), Decimal("-0.0000001")),
        "SHIB": (balance("SHIB", "1E-18", "0.00", float("inf")), Decimal(0)),
    }
    return AccountSnapshot.of("upbit", "main", health, balances)


def printed(*parts: RenderableType, width: int = 200) -> list[str]:
    """Return the lines of a terminal."""
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    with console.capture() as capture:
        console.print(Group(*parts))
    return [line.rstrip() for line in capture.get().splitlines()]


def rows_of(lines: Sequence[str]) -> list[list[str]]:
    """Return the cells of a table's lines without empty ones."""
    return [CELLS.split(line.strip()) for line in lines]


def test_an_account_has_the_same_cells_everywhere(account: AccountSnapshot) -> None:
    """Text, HTML and rich have the same zeros, signs, ages and marks."""
    line, grid = account_page(account)[:2]
    assert isinstance(grid, Grid)
    console = Console(width=200, file=io.StringIO(), force_terminal=False)
    rich = printed(*TableFit(console).tables([grid]))
    text = as_text([grid]).splitlines()
    page = as_html([grid])
    html = [
        [unescape(cell) for cell in re.findall("<t[hd].*?>(.*?)</t[hd]>", row)]
        for row in re.findall("<tr>(.*?)</tr>", re.sub("</?span.*?>", "", page))
    ]
    tiny = "0.000000000000000001"
    expected = [
        ["Currency", "Available", "Locked", "Total", "Last change", "Age", "Source"],
        ["BTC", "1.50000000", "0", "1.50000000", "+0.5", "0 s", "STREAM"],
        ["ETH stale", "1000", "0.25", "1000.25", "-0.0000001", "1 min 1 s", "STREAM"],
        ["SHIB", tiny, "0", tiny, "unknown", "STREAM"],
    ]

    assert rows_of(text) == rows_of([rich[0], *rich[2:]]) == expected
    assert [[cell for cell in row if cell] for row in html] == expected
    assert isinstance(line, Line)
    assert printed(rich_line(line)) == as_text([line]).splitlines()


def test_points_stand_below_each_other_where_there_is_room(
    account: AccountSnapshot,
) -> None:
    """Without room the last digits are aligned."""
    grid = account_page(account)[1]
    assert isinstance(grid, Grid)
    text = as_text([grid]).splitlines()
    fit = TableFit(console := Console(width=120, file=io.StringIO()))
    wide = printed(*fit.tables([grid]))
    console.width = max(map(len, wide)) - 1
    narrow = printed(*fit.tables([grid]))

    at = text[1].index(".")
    assert wide[2].index(".") == wide[4].index(".") == at
    assert narrow[2].index(".") > narrow[4].index(".")
    assert "Source" in narrow[0]


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
        console.print(*TableFit(console).tables([grid]))

    assert "\x1b[7;32m1.25\x1b[0m" in capture.get()
    assert "\x1b[7;31m10\x1b[0m" in capture.get()


def test_a_line_is_cut_only_where_that_is_asked_for(account: AccountSnapshot) -> None:
    """Other lines wrap."""
    line = account_line(account)._replace(text="a reason " * 20)

    assert len(printed(rich_line(line), width=60)) > 1
    (cut,) = printed(rich_line(line, cut=True), width=60)
    assert cut.startswith("LIVE  main on upbit: a reason")
    assert cut.endswith("\u2026")


def test_tables_one_below_the_other_have_the_same_columns() -> None:
    """Long numbers in one table widen the others."""
    names = ("Currency", "Available", "Locked")
    grids = [
        Grid(names, [[Cell("BTC"), Cell("123456.5"), Cell("0")]]),
        Grid(names, [[Cell("LONGNAME stale"), Cell("1"), Cell("0.25")]]),
    ]
    console = Console(width=80, file=io.StringIO(), force_terminal=False)
    for tables in (TableFit(console).tables(grids), stacked(grids)):
        heads = [printed(table)[0] for table in tables]
        assert heads[0] == heads[1]


def test_a_narrow_column_stays_where_a_wide_one_has_made_room() -> None:
    """The narrow column would otherwise be the first to be dropped."""
    names = ("Currency", "Total", "Age")
    row = [Cell("BTC"), Cell("0.123456789012345678901234567890"), Cell("3 s")]
    grid = Grid(names, [row], ("Age", "Total"))
    console = Console(width=30, file=io.StringIO(), force_terminal=False)

    assert printed(*TableFit(console).tables([grid]))[0].split() == ["Currency", "Age"]
