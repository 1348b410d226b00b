"""The table of balances at one moment, as wide as the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from assetstream import AssetStream
from assetstream.cli.run.balances import read_once
from assetstream.cli.view import balances as view
from assetstream.simulator import Simulator


def test_a_terminal_gets_a_table_and_no_digit_wraps(exchange: Simulator) -> None:
    """The account stands once; a narrow window has a line for each amount."""
    account = exchange.upbit({"BTC": "0.1234567890123456", "SGD": "1"})
    held, _ = read_once([AssetStream(account.exchange(), account="main")])

    def shown(width: int) -> str:
        console = Console(width=width, file=io.StringIO(), force_terminal=False)
        with console.capture() as capture:
            view.print_table(held, 0, console)
        return capture.get()

    assert shown(80).count("main") == 1
    assert "Total" in shown(80)
    assert "Total" not in shown(50)
    assert "0.1234567890123456" in shown(40)
    assert max(map(len, shown(40).splitlines())) <= 40


def test_a_pipe_gets_complete_rows(
    exchange: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program may look at each by itself."""
    account = exchange.upbit({"BTC": "0.5", "SGD": "1"})
    held, _ = read_once([AssetStream(account.exchange(), account="main")])
    view.print_plain(held, 0)

    _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split()[:2] for row in rows] == [["main", "BTC"], ["main", "SGD"]]
