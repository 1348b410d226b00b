"""Many accounts on one screen: totals, and accounts with trouble."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from rich.console import Console, Group

from assetstream import AssetStream, AssetUpdate, Health, Progress, State, StreamGroup
from assetstream.cli.view.rich_page import TableFit
from assetstream.cli.view.table import TerminalTable
from assetstream.cli.view.totals import totals_screen
from assetstream.display.balances import BalanceRow
from assetstream.simulator import Simulator
from assetstream.streams.accounts import AccountSnapshot
from tests.support.clock import TimeMachine
from tests.support.event_recorder import EventRecorder
from tests.support.groups import wait_until

pytestmark = pytest.mark.usefixtures("no_rate_limits")


def screen(table: TerminalTable, console: Console) -> list[str]:
    """Return the lines of the table now."""
    with console.capture() as capture:
        console.print(table.screen())
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.fixture
def console() -> Console:
    """Make a terminal of 80 by 24."""
    return Console(width=80, height=24, file=io.StringIO(), force_terminal=False)


def test_totals_and_those_that_are_not_live(
    exchange: Simulator, console: Console
) -> None:
    """Sums are exact, stale parts are marked, and all of it fits."""
    streams = [
        AssetStream(
            exchange.upbit(
                {"BTC": "0.1", "SHIB": "0.000000000000000001"},
                permissions=[] if number % 4 == 0 else ["view"],
            ).exchange(),
            account=f"upbit-{number}",
        )
        for number in range(1, 41)
    ]
    table, recorder = TerminalTable(streams, console), EventRecorder()
    assert screen(table, console)[0].startswith("connecting 0 of 40")
    assert screen(table, console)[1] == "40 NEW  of 40 accounts"

    group = StreamGroup(streams, on_progress=table.show, **recorder.handlers())
    with group:
        shown = screen(table, console)
        assert shown[0] == "30 LIVE  10 FAILED  of 40 accounts"
        assert [line.split() for line in shown if "BTC" in line] == [
            ["BTC", "3.0", "0", "3.0"]
        ]
        assert [line.split()[1] for line in shown if "SHIB" in line] == [
            "0.000000000000000030"
        ]
        (failed,) = [line for line in shown if line.startswith("FAILED  ")]
        names = "upbit-4, upbit-8, upbit-12 and 7 more"
        assert failed.startswith(f"FAILED  {names}: Upbit refused")

        with exchange.refuse_upgrades(503):
            exchange.drop_connections()
            wait_until(lambda: group.health().states.get(State.STALE) == 30)
            for event in list(recorder.events):
                table.show(event)
            shown = screen(table, console)
            assert shown[0] == "30 STALE  10 FAILED  of 40 accounts"
            assert "BTC 30 stale" in "".join(shown)
            assert any(f"FAILED  {names}" in line for line in shown)
            assert any("and 27 more: Upbit" in line for line in shown)
            assert len(shown) < 24
            assert max(map(len, shown)) <= 80


def test_the_last_change_of_a_currency_is_shown(
    exchange: Simulator, console: Console, time_machine: TimeMachine
) -> None:
    """A wide window also names the change's account."""
    console.width = 120
    accounts = [exchange.coinw({"BTC": "1"}) for _ in range(12)]
    streams = [
        AssetStream(account.exchange(), account=f"coinw-{number}")
        for number, account in enumerate(accounts, 1)
    ]
    table, recorder = TerminalTable(streams, console), EventRecorder()
    with StreamGroup(streams, on_asset=recorder):
        time_machine.jump(3)  # What comes is certainly newer than the snapshot.
        accounts[6].deposit("BTC", "0.50")
        table.show(recorder.wait_for(lambda u: isinstance(u, AssetUpdate) and u.change))
        shown = screen(table, console)

    assert [line.split() for line in shown if "BTC" in line] == [
        ["BTC", "12.5", "0", "12.5", "12", "+0.5", "coinw-7"]
    ]


def test_progress_is_shown_until_all_have_settled(
    exchange: Simulator, console: Console
) -> None:
    """An account has settled once it was LIVE or has ended."""
    streams = [AssetStream(exchange.coinw().exchange(), account=n) for n in "ab"]
    table = TerminalTable(streams, console)
    first = []
    for settled in (0, 1, 2):
        table.show(Progress(live=0, failed=min(settled, 1), total=2, settled=settled))
        first.append(screen(table, console)[0].rstrip(" \u2501\u2578\u257a"))

    assert first[:2] == ["connecting 0 of 2", "connecting 1 of 2, 1 ended"]
    assert "connecting" not in first[2]


def test_what_has_no_room_is_counted(console: Console) -> None:
    """Currencies and reasons that do not fit are counted."""
    accounts = []
    for number in range(40):
        amounts = Decimal(1), Decimal(0), Decimal(1)
        row = BalanceRow(
            *("upbit", f"a{number}", f"C{number:02}"), *amounts, 0.0, "STREAM", True
        )
        health = Health(state=State.STALE, reason=f"reason {number}")
        accounts.append(AccountSnapshot("upbit", f"a{number}", health, [row]))
    parts = totals_screen(TableFit(console), accounts, 23)
    with console.capture() as capture:
        console.print(Group(*parts))
    lines = [line.rstrip() for line in capture.get().splitlines()]

    rows = sum(line.startswith("C") and "stale" in line for line in lines)
    reasons = sum(line.startswith("STALE  a") for line in lines)
    more = "more {} need a taller window, or --json"
    assert f"{40 - rows} {more.format('currencies')}" in lines
    assert f"{40 - reasons} {more.format('reasons why accounts are not LIVE')}" in lines
    assert len(lines) < 23
