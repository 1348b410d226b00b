"""The live view, on a terminal."""

from __future__ import annotations

import io
import signal
import threading
from typing import Iterator, Mapping

import pytest
from rich.console import Console

from assetstream import AssetStream, Progress, StreamGroup
from assetstream.cli.view.keyboard import Key
from assetstream.cli.view.terminal import TerminalView
from assetstream.simulator import Simulator
from tests.support.event_recorder import PATIENCE
from tests.support.terminal import ALTERNATE, PRIMARY, Terminal

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"

#: Two exchanges, so that a window has room for all of it.
BOTH = ("upbit", "coinw")


def watch(
    columns: int,
    lines: int,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
) -> Terminal:
    """Run ``assetstream watch`` in a window."""
    command = ("-m", "assetstream.cli", "watch", *arguments)
    return Terminal(columns, lines, *command, environment=environment)


def is_given_back(terminal: Terminal) -> bool:
    """Tell whether the window and its cursor are the shell's again."""
    written = terminal.written
    return written.rfind(SHOW_CURSOR) > written.rfind(HIDE_CURSOR) and written.rfind(
        PRIMARY
    ) > written.rfind(ALTERNATE)


def test_both_accounts_are_shown_and_the_last_picture_stays() -> None:
    """After Ctrl-C the terminal is the shell's again, and the code is 0."""
    with watch(140, 40, *BOTH, "--simulate") as terminal:
        lines = terminal.wait_for("2 LIVE  of 2 accounts as of", "STREAM")
        assert lines[1].split()[0] == "Currency"
        assert lines[3] == "all 2 accounts together"
        # At last a change, which stands out: LIVE was green before.
        while "\x1b[7;3" not in terminal.written:
            terminal.read()
        terminal.send(signal.SIGINT)
        assert terminal.finish() == 0

        text = "\n".join(terminal.lines)
        assert "2 STOPPED  of 2 accounts as of " in text
        assert "STOPPED  upbit-" in text
        assert "BTC 2 stale" in text
        assert "q quit" not in text
        assert is_given_back(terminal)
        assert ";32m" in terminal.written
        assert "Traceback" not in terminal.written


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_or_the_letter_q_ends_it(number: signal.Signals) -> None:
    """The code is 0, as that of Ctrl-C."""
    with watch(100, 24, "upbit", "--simulate") as terminal:
        terminal.wait_for("LIVE", "q quit")
        if number is signal.SIGTERM:
            terminal.send(number)
        else:
            terminal.press("q")
        assert terminal.finish() == 0

        assert terminal.lines[0].startswith("STOPPED as of ")
        assert is_given_back(terminal)


def test_another_size_and_keys_change_what_is_shown() -> None:
    """Nothing of an older size stays; a filter, its end, and pages.

    What the shell has exported is not the window's size.
    """
    exported = {"COLUMNS": "80", "LINES": "24"}
    arguments = (*BOTH, "--simulate", "--count", "3")
    with watch(140, 60, *arguments, environment=exported) as terminal:
        terminal.wait_for("6 LIVE", "Source", "upbit-3", "q quit")
        terminal.resize(60, 20)
        lines = terminal.wait_until(
            lambda lines: (
                lines[1].startswith("Currency")
                and "Source" not in lines[1]
                and "quit" in "".join(lines[-2:])
            )
        )
        assert sum(line.startswith("Currency") for line in lines) == 1
        assert lines[0].startswith("6 LIVE  of 6 accounts as of")
        assert lines[3] == "all 6 accounts together"

        terminal.press("/upbit-2 ")
        terminal.wait_for("filter: upbit-2 _")
        terminal.press("usd\x7f\x7f\x7fbtc\r")
        terminal.wait_for("filter: upbit-2 btc", "/ filter")
        (found,) = [line for line in terminal.lines[:-2] if "upbit-" in line]
        assert "upbit-2" in found
        assert not any(line.startswith("SGD") for line in terminal.lines)
        terminal.press("\x1bt")
        terminal.wait_for("upbit-1")
        top = terminal.lines[3]
        terminal.press("\x1b[6~")
        terminal.wait_until(lambda lines: "LIVE" in lines[0] and lines[3] != top)
        terminal.press("q")
        assert terminal.finish() == 0
        assert any("more lines were not shown" in line for line in terminal.lines)


def test_a_narrow_window_without_colours_costs_columns_but_no_digit() -> None:
    """Others are dropped at 60; no balance is cut, and a change stands out."""
    environment = {"NO_COLOR": "1"}
    with watch(60, 40, *BOTH, "--simulate", environment=environment) as terminal:
        terminal.wait_for("Available", "LIVE", "USDT")
        while "\x1b[7m" not in terminal.written:
            terminal.read()
        terminal.send(signal.SIGINT)
        assert terminal.finish() == 0

        assert "Source" not in terminal.written
        assert "…" not in terminal.written
        assert "\x1b[7;3" not in terminal.written
        assert ";32m" not in terminal.written


def test_a_failure_is_shown_and_is_the_exit_code(
    simulated_exchange: Simulator,
) -> None:
    """The reason is in the last picture and on stderr, without a traceback."""
    account = simulated_exchange.coinw(permissions=[])
    with watch(140, 40, "coinw", environment=account.environment()) as terminal:
        assert terminal.finish() == 1

        assert terminal.lines[0].startswith("FAILED as of ")
        assert any(line.startswith("Error: coinw-") for line in terminal.lines)
        assert "Traceback" not in terminal.written
        assert is_given_back(terminal)


@pytest.fixture
def console() -> Console:
    """Make a terminal of 140 by 40."""
    return Console(file=io.StringIO(), force_terminal=True, width=140, height=40)


def foreign_threads() -> set[threading.Thread]:
    """Return the threads that are not ours."""
    threads = threading.enumerate()
    return {each for each in threads if not each.name.startswith("assetstream")}


@pytest.fixture
def painted(exchange: Simulator, console: Console) -> Iterator[TerminalView]:
    """Make the view of a LIVE account, painted once."""
    with AssetStream(exchange.upbit({"BTC": "1"}).exchange()) as stream:
        view = TerminalView([stream], console, keys=True)
        with view:
            view.paint()
            yield view


def written(console: Console) -> str:
    """Return what was written since the last call."""
    screen = console.file
    assert isinstance(screen, io.StringIO)
    text = screen.getvalue()
    screen.seek(0)
    screen.truncate()
    return text


def test_it_is_repainted_by_nothing_but_paint(
    exchange: Simulator, console: Console
) -> None:
    """Events do not repaint it, nor does a thread; only what is new is written."""
    account = exchange.upbit({"BTC": "1", "SGD": "777"})
    with AssetStream(account.exchange()) as stream:
        before = foreign_threads()
        view = TerminalView([stream], console, keys=True)
        with view:
            assert foreign_threads() == before
            view.paint()
            assert "777" in written(console)
            with stream.expect(
                lambda update: update.currency == "BTC", PATIENCE
            ) as new:
                account.deposit("BTC", "1")
            view.show(new.update)
            assert written(console) == ""
            view.paint()
            text = written(console)

    assert "2" in text
    assert "777" not in text


def test_redraw_paints_every_line_again(
    painted: TerminalView, console: Console
) -> None:
    """Ctrl-L is for a window in which another program has written."""
    written(console)
    painted.show(Key("redraw"))
    painted.paint()

    assert "Currency" in written(console)


def test_a_q_is_a_ctrl_c_but_in_a_filter(
    painted: TerminalView, console: Console
) -> None:
    """There it is a letter."""
    for key in "/q":
        painted.show(Key(key))
    painted.paint()
    assert "filter: q_" in written(console)
    painted.show(Key("enter"))
    with pytest.raises(KeyboardInterrupt):
        painted.show(Key("q"))


@pytest.mark.usefixtures("no_rate_limits")
def test_progress_is_what_was_reported_or_what_is_seen(
    exchange: Simulator, console: Console
) -> None:
    """An account has settled once it was LIVE or has ended."""
    streams = [AssetStream(exchange.coinw().exchange(), account=n) for n in "ab"]
    view = TerminalView(streams, console, keys=True)
    with view:
        view.show(Progress(live=0, failed=1, total=2, settled=1))
        view.paint()
        assert "connecting 1 of 2, 1 ended" in written(console)
        with StreamGroup(streams):
            view.show(Key("redraw"))
            view.paint()
            text = written(console)
    assert "2 LIVE" in text
    assert "connecting" not in text
