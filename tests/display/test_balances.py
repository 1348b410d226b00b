"""Tables of balances and totals, and the lines around them."""

from __future__ import annotations

from decimal import Decimal

from assetstream.display.balances import (
    COLUMNS,
    LIVE_COLUMNS,
    BalanceRow,
    Difference,
    TotalRow,
    accounts_page,
    balance_page,
    balances_grid,
    balances_page,
    left_out,
    states_line,
    totals_grid,
)
from assetstream.display.page import Cell, Line
from assetstream.display.text import as_text


def row(
    currency: str = "BTC",
    available: str = "1.5",
    *,
    account: str = "main",
    stale: bool = False,
    change: str = "0",
    fresh: Difference | None = None,
) -> BalanceRow:
    """Make a balance of which nothing is locked."""
    amount = Decimal(available)
    return BalanceRow(
        *("upbit", account, currency, amount, Decimal("0E-8"), amount, 2.9, "STREAM"),
        stale=stale,
        change=Decimal(change),
        fresh=fresh or Difference(),
    )


TOTAL = TotalRow("BTC", Decimal(3), Decimal(0), Decimal(3), 2, 1, Decimal("-0.50"), "b")


def test_a_balance_is_a_row_of_cells() -> None:
    """Zero is 0, an age has whole seconds, a change has a sign and a look."""
    grid = balances_grid([row(change="0.50")], LIVE_COLUMNS)

    assert grid.names == LIVE_COLUMNS
    assert grid.rows == [
        [
            *(Cell("BTC"), Cell("1.5"), Cell("0"), Cell("1.5")),
            *(Cell("+0.5", "good"), Cell("2 s"), Cell("STREAM", "dim")),
        ]
    ]


def test_stale_balances_are_marked_in_words() -> None:
    """A stale row has the word, and paler numbers; a fresh one has no look."""
    (stale,) = balances_grid([row(stale=True)]).rows

    assert stale[0] == Cell("BTC stale", "warn")
    assert {cell.look for cell in stale[1:5]} == {"old"}


def test_what_has_just_changed_has_a_look_of_its_own() -> None:
    """Each amount's look shows the direction of its change, stale or not."""
    fresh = Difference(Decimal(-1), Decimal(1), Decimal(0))
    (cells,) = balances_grid([row(stale=True, fresh=fresh)]).rows

    assert [cell.look for cell in cells[1:4]] == ["shrank", "grew", "old"]


def test_an_account_that_repeats_is_dim() -> None:
    """The repeated account is dim, not left out."""
    rows = [row(), row("ETH"), row(account="savings")]
    grid = balances_grid(rows, ("Account", *COLUMNS))

    assert [cells[0] for cells in grid.rows] == [
        *(Cell("main"), Cell("main", "dim"), Cell("savings"))
    ]


def test_sums_stand_below_with_empty_cells_where_there_is_no_sum() -> None:
    """Ages have no sum; how many accounts hold some stands for the source."""
    grid = balances_grid([row()], ("Account", *LIVE_COLUMNS), [TOTAL], "all 2")
    texts = [cell.text for cell in grid.rows[-1]]

    assert texts == ["all 2", "BTC 1 stale", "3", "0", "3", "-0.5", "", "2 accounts"]
    assert balances_grid([], COLUMNS[:4]).spare == ["Total"]


def test_totals_count_accounts_and_name_the_last_that_changed() -> None:
    """Accounts whose part is stale are counted apart."""
    grid = totals_grid([TOTAL])
    (cells,) = grid.rows

    assert [cell.text for cell in cells] == [
        "BTC 1 stale",
        "3",
        "0",
        "3",
        "2",
        "-0.5",
        "b",
    ]
    assert cells[5].look == "bad"
    assert set(grid.spare) < set(grid.names)


def test_states_are_counted_in_one_line() -> None:
    """States without an account are left out."""
    counts = {"LIVE": 2, "STALE": 0, "STOPPED": 1}
    line = states_line(counts, "bye", " as of noon")

    assert line == Line(
        "of 3 accounts as of noon: bye",
        lights=[("LIVE", "2 LIVE"), ("STOPPED", "1 STOPPED")],
    )
    assert states_line(counts).text == "of 3 accounts"


def test_pages_count_what_they_leave_out() -> None:
    """The line counts the rows left out, and names where they are."""
    rows = [row("BTC"), row("ETH"), row("XRP", "0")]
    account = as_text(balances_page(rows, 1)).splitlines()
    group = as_text(accounts_page(2, rows[:2], 1)).splitlines()

    assert account[0] == "main: 3 balances"
    assert account[-2:] == ["and 1 more, in stream.balances", "zero: XRP"]
    assert group[0] == "2 accounts, 2 balances other than zero"
    assert group[-1] == "and 1 more, in group.balances"
    assert as_text(balance_page(rows[0])).startswith("main on upbit\nCurrency")
    assert balances_page([], 1) == [Line("no balances known")]
    assert left_out(0, "") == left_out(-1, "") == []
