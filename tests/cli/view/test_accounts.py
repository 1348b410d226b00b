"""States and balances in windows of different widths."""

from __future__ import annotations

import io
from typing import Iterator, Sequence

import pytest
from rich.console import Console, RenderableType

from assetstream import AssetStream, AssetUpdate, StreamGroup
from assetstream.cli.view.accounts import AccountsView
from assetstream.cli.view.table import TerminalTable
from assetstream.simulator import Account, Simulator
from assetstream.streams.stream import read_account
from tests.support.clock import TimeMachine
from tests.support.event_recorder import PATIENCE, EventRecorder

pytestmark = pytest.mark.usefixtures("no_rate_limits")

DIGITS = "0.1234567890123456"


def show(view: AccountsView, streams: Sequence[AssetStream]) -> RenderableType:
    """Return all balances with their sums."""
    accounts = list(map(read_account, streams))
    rows = [row for account in accounts for row in account.rows]
    return view.show(accounts, rows, sums=True)


class Window:
    """A view of two accounts, in a window of changing width."""

    def __init__(self, exchange: Simulator) -> None:
        self.console = Console(width=140, file=io.StringIO(), force_terminal=False)
        self.accounts: dict[str, Account] = {
            "main": exchange.upbit({"BTC": DIGITS, "SGD": "1"}),
            "savings": exchange.coinw({"BTC": "1", "USDT": "1000"}),
        }
        self.streams = [
            AssetStream(account.exchange(), account=label)
            for label, account in self.accounts.items()
        ]
        self.view = AccountsView(self.console)

    def lines(self, width: int) -> list[str]:
        """Return all lines, checked not to be too long."""
        self.console.width = width
        shown = show(self.view, self.streams)
        with self.console.capture() as capture:
            self.console.print(shown)
        lines = [line.rstrip() for line in capture.get().splitlines()]
        assert max(map(len, lines)) <= width
        return lines


@pytest.fixture
def window(exchange: Simulator) -> Iterator[Window]:
    """Make a window with two LIVE accounts."""
    window = Window(exchange)
    with StreamGroup(window.streams):
        yield window


def test_a_wide_one_has_one_table_with_sums(window: Window) -> None:
    """The sums of both accounts are exact."""
    lines = window.lines(140)

    assert [line[:13] for line in lines[:3]] == ["LIVE  main on", "LIVE  savings", ""]
    assert lines[3].split()[:2] == ["Account", "Currency"]
    assert lines[5].split()[:5] == ["main", "BTC", DIGITS, "0", DIGITS]
    assert lines[-1].split()[:4] == ["all", "2", "BTC", "1.1234567890123456"]
    assert len(lines) == 10


def test_a_narrow_one_has_a_table_below_each_account(window: Window) -> None:
    """All tables have the same columns, without the account."""
    lines = window.lines(42)

    assert [line.split()[0] for line in lines] == [
        *["LIVE", "merged", "Currency", "─" * 36, "BTC", "SGD"],
        *["LIVE", "merged", "Currency", "─" * 36, "BTC", "USDT"],
        *["all", "Currency", "─" * 36, "BTC"],
    ]
    assert lines[4].split() == ["BTC", DIGITS, "0"]


def test_a_very_narrow_one_has_a_line_for_each_amount(
    window: Window, time_machine: TimeMachine
) -> None:
    """A number is never broken."""
    time_machine.jump(3)  # What comes is certainly newer than the snapshot.
    with window.streams[0].expect(lambda u: u.locked > 0, timeout=PATIENCE):
        window.accounts["main"].place_order(
            pay="BTC", amount="0.0617283945061728", receive="SGD"
        )
    lines = window.lines(45)

    assert lines[3].split() == ["BTC", "Available", "0.0617283945061728"]
    assert lines[4].split() == ["Locked", "0.0617283945061728"]


def test_columns_do_not_come_and_go(window: Window) -> None:
    """A column that was dropped returns only with another width."""
    wide = window.lines(100)
    main = window.accounts["main"]
    assert "Age" in wide[3]
    with window.streams[0].expect(lambda u: u.total > 10**14, timeout=PATIENCE):
        main.deposit("SGD", "123456789012345.123456789012345678")
    assert "Age" not in window.lines(100)[3]
    with window.streams[0].expect(lambda u: u.total < 10, timeout=PATIENCE):
        main.withdraw("SGD", "123456789012345.123456789012345678")
        main.deposit("SGD", "1")

    assert "Age" not in window.lines(100)[3]
    window.lines(99)
    assert "Age" in window.lines(100)[3]


def test_an_account_that_was_never_read_is_not_in_the_sums(
    exchange: Simulator,
) -> None:
    """The sums have a mark that an account is missing."""
    streams = [
        AssetStream(exchange.upbit({"BTC": "1"}).exchange(), account="a"),
        AssetStream(exchange.coinw({"BTC": "2"}).exchange(), account="b"),
        AssetStream(
            exchange.coinw({"BTC": "4"}, permissions=[]).exchange(), account="c"
        ),
    ]
    console = Console(width=140, file=io.StringIO(), force_terminal=False)
    view = AccountsView(console)
    with (
        StreamGroup(streams, on_error=lambda error: None),
        console.capture() as capture,
    ):
        console.print(show(view, streams))

    last = capture.get().splitlines()[-1].split()
    assert last == ["2", "of", "3", "BTC", "3", "0", "3"]


def test_a_low_window_leaves_out_sums_and_rows_but_no_state(
    exchange: Simulator,
) -> None:
    """A line counts the rows left out."""
    balances = {f"C{number:02}": "1" for number in range(30)}
    account = exchange.coinw({**balances, "BTC": "1"})
    other = exchange.upbit({"BTC": "1"})
    console = Console(width=100, height=20, file=io.StringIO(), force_terminal=False)
    streams = [AssetStream(each.exchange()) for each in (account, other)]
    table, recorder = TerminalTable(streams, console), EventRecorder()
    with StreamGroup(streams, on_asset=recorder):
        account.deposit("BTC", "0.5")
        table.show(recorder.wait_for(lambda u: isinstance(u, AssetUpdate) and u.change))
        with console.capture() as capture:
            console.print(table.screen())

    lines = [line.rstrip() for line in capture.get().splitlines()]
    assert len(lines) < 20
    assert sum("LIVE" in line for line in lines) == 2
    left_out = 32 - sum(line.endswith(("STREAM", "SNAPSHOT")) for line in lines)
    assert f"{left_out} more need a taller window" in lines
    assert "all 2" not in capture.get()
