"""The live table, on a pseudo-terminal."""

from __future__ import annotations

import io
import os
import select
import signal
import threading
from typing import Mapping

import pytest
from rich.console import Console

from assetstream import AssetStream
from assetstream.cli.view.table import TerminalTable
from assetstream.simulator import Simulator
from tests.support.event_recorder import PATIENCE
from tests.support.processes import clean_environment, start_python

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


class Terminal:
    """A terminal of a given width, with an ``assetstream`` command on it."""

    def __init__(
        self,
        columns: int,
        *arguments: str,
        command: str = "watch",
        lines: int = 40,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.written = ""
        self._master, slave = pty.openpty()
        self._process = start_python(
            ["-m", "assetstream.cli", command, *arguments],
            [slave] * 3,
            {
                **clean_environment(("UPBIT_", "COINW_", "NO_COLOR")),
                "TERM": "xterm-256color",
                "COLUMNS": str(columns),
                "LINES": str(lines),
                **(environment or {}),
            },
        )

    def read_until(self, text: str) -> None:
        """Read until the terminal has shown ``text``."""
        while text not in self.written:
            assert self._read(), self.written

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def finish(self) -> int:
        """Read to the end; return the exit code."""
        while self._read():
            pass
        os.close(self._master)
        return self._process.wait(PATIENCE)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], PATIENCE)
        assert ready, self.written
        try:
            data = os.read(self._master, 65536)
        except OSError:  # how Linux says that the other end is closed
            return False
        self.written += data.decode()
        return bool(data)


def test_the_table_shows_both_accounts_and_leaves_the_terminal_clean() -> None:
    """One table holds both; after Ctrl-C the cursor is back and the code is 0."""
    terminal = Terminal(140, "--simulate")
    # At last a change, which stands out: not any green, for that of LIVE comes before.
    for text in ("upbit", "coinw", "LIVE", "Last change", "USDT", "STREAM", "\x1b[7;3"):
        terminal.read_until(text)
    terminal.interrupt()

    assert terminal.finish() == 0
    assert terminal.written.rfind(SHOW_CURSOR) > terminal.written.rfind(HIDE_CURSOR)
    assert ";32m" in terminal.written
    assert "STOPPED" in terminal.written
    assert "Traceback" not in terminal.written


def foreign_threads() -> set[threading.Thread]:
    """Return the threads that are not ours."""
    threads = threading.enumerate()
    return {each for each in threads if not each.name.startswith("assetstream")}


def test_the_table_is_repainted_by_nothing_but_paint(exchange: Simulator) -> None:
    """Events do not repaint it, nor does a thread of rich's."""
    account = exchange.upbit({"BTC": "1"})
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=140, height=40)
    with AssetStream(account.exchange()) as stream:
        before = foreign_threads()
        table = TerminalTable([stream], console)
        with table:
            assert foreign_threads() == before
            written = screen.getvalue()
            with stream.expect(
                lambda update: update.currency == "BTC", PATIENCE
            ) as new:
                account.deposit("BTC", "1")
            table.show(new.update)
            assert screen.getvalue() == written
            table.paint()
            assert "2" in screen.getvalue()[len(written) :]


def test_a_narrow_window_without_colours_costs_columns_but_no_digit() -> None:
    """Others are dropped at 60; no balance is cut, and a change stands out."""
    terminal = Terminal(60, "--simulate", environment={"NO_COLOR": "1"})
    for text in ("Available", "LIVE", "USDT", "\x1b[7m"):
        terminal.read_until(text)
    terminal.interrupt()

    assert terminal.finish() == 0
    assert "Source" not in terminal.written
    assert "…" not in terminal.written
    assert "\x1b[7;3" not in terminal.written
    assert ";32m" not in terminal.written


def test_a_failure_is_shown_below_the_table(simulated_exchange: Simulator) -> None:
    """The account's error is below the table, without a traceback."""
    account = simulated_exchange.coinw(permissions=[])
    terminal = Terminal(140, "coinw", environment=account.environment())

    assert terminal.finish() == 1
    assert "FAILED" in terminal.written
    assert "Error: coinw" in terminal.written
    assert "Traceback" not in terminal.written
    assert terminal.written.rfind(SHOW_CURSOR) > terminal.written.rfind(HIDE_CURSOR)


def test_many_accounts_are_summed_up_where_the_window_is_low() -> None:
    """Progress comes first, then totals; all of it fits."""
    terminal = Terminal(100, "upbit", "--simulate", "--count", "10", lines=24)
    for text in ("connecting ", " of 10", "10 accounts", "10 LIVE", "Total", "SGD"):
        terminal.read_until(text)
    terminal.interrupt()

    assert terminal.finish() == 0
    last = terminal.written.rpartition("10 STOPPED")
    assert "of 10 accounts: stopped" in last[2]
    assert "connecting" not in last[2]
    assert "connecting" not in last[0].rpartition("10 LIVE")[2]
    assert "upbit-7  LIVE" not in terminal.written
    assert terminal.written.rfind(SHOW_CURSOR) > terminal.written.rfind(HIDE_CURSOR)


def test_many_accounts_have_their_lines_where_they_fit() -> None:
    """A high window has a row for each balance."""
    terminal = Terminal(140, "upbit", "--simulate", "--count", "5", lines=60)
    for number in range(1, 6):
        terminal.read_until(f"upbit-{number}  ")
    terminal.read_until("Source")
    terminal.interrupt()

    assert terminal.finish() == 0
    assert "5 accounts" not in terminal.written
