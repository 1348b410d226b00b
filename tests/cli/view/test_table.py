"""The live table, on a pseudo-terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Mapping

import pytest

from assetstream.simulator import Simulator
from tests.support.event_recorder import PATIENCE
from tests.support.processes import ROOT, clean_environment

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
        self._process = subprocess.Popen(
            [sys.executable, "-m", "assetstream.cli", command, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env={
                **clean_environment(("UPBIT_", "COINW_", "NO_COLOR")),
                "TERM": "xterm-256color",
                "COLUMNS": str(columns),
                "LINES": str(lines),
                **(environment or {}),
            },
        )
        os.close(slave)

    def read_until(self, text: str) -> None:
        """Read until the terminal has shown ``text``."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.written:
            assert time.monotonic() < deadline, self.written
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
        try:
            data = os.read(self._master, 65536)
        except OSError:  # how Linux says that the other end is closed
            return False
        self.written += data.decode()
        return bool(data)


def test_the_table_shows_both_accounts_and_leaves_the_terminal_clean() -> None:
    """One table holds both; after Ctrl-C the cursor is back and the code is 0."""
    terminal = Terminal(140, "--simulate")
    for text in ("upbit", "coinw", "LIVE", "Last change", "USDT", "STREAM"):
        terminal.read_until(text)
    terminal.interrupt()

    assert terminal.finish() == 0
    assert terminal.written.rfind(SHOW_CURSOR) > terminal.written.rfind(HIDE_CURSOR)
    assert "STOPPED" in terminal.written
    assert "Traceback" not in terminal.written


def test_the_table_is_repainted_at_most_four_times_a_second() -> None:
    """More updates give no more repaints."""
    terminal = Terminal(140, "--simulate", "--for", "1s")

    assert terminal.finish() == 0
    # A second of four, the first one, and the last one at the end.
    assert 3 <= terminal.written.count("Last change") <= 7


def test_a_narrow_window_costs_columns_but_no_digit() -> None:
    """With 60 columns other columns are dropped; no balance is cut."""
    terminal = Terminal(60, "--simulate", "--for", "1s")

    assert terminal.finish() == 0
    assert "Available" in terminal.written
    assert "Source" not in terminal.written
    assert "…" not in terminal.written


@pytest.mark.parametrize("variable", [{}, {"NO_COLOR": "1"}])
def test_what_has_just_changed_stands_out(variable: dict[str, str]) -> None:
    """The change is visible without colours, too."""
    terminal = Terminal(100, "--simulate", environment=variable)
    # Not of any green: that of LIVE comes before the first change.
    terminal.read_until("\x1b[7;3" if not variable else "\x1b[7m")
    terminal.interrupt()

    assert terminal.finish() == 0
    assert ("\x1b[7;3" in terminal.written) is not bool(variable)
    assert (";32m" in terminal.written) is not bool(variable)


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
    terminal = Terminal(
        140, "upbit", "--simulate", "--count", "5", "--for", "2s", lines=60
    )

    assert terminal.finish() == 0
    for number in range(1, 6):
        assert f"upbit-{number}  " in terminal.written
    assert "Source" in terminal.written
    assert "5 accounts" not in terminal.written
