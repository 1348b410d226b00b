"""Many accounts on one screen: totals, and who needs a look."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from assetstream import AssetStream, AssetUpdate, State, StateChange, StreamGroup
from assetstream.cli.run.settling import Settling
from assetstream.cli.view.table import Table
from assetstream.simulator import Simulator
from tests.support.groups import wait_until
from tests.support.recorders import Recorder

pytestmark = pytest.mark.usefixtures("hasty")


def screen(table: Table, console: Console) -> list[str]:
    """The lines of what the table shows now."""
    with console.capture() as capture:
        console.print(table._screen())
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.fixture
def console() -> Console:
    """A terminal of 80 by 24."""
    return Console(width=80, height=24, file=io.StringIO(), force_terminal=False)


def test_totals_and_those_that_are_not_live(
    exchange: Simulator, console: Console
) -> None:
    """Exact sums, with what is stale; it fits, however many have lost connections."""
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
    table, heard = Table(streams, console), Recorder()
    assert screen(table, console)[0].startswith("connecting 0 of 40")
    assert screen(table, console)[1] == "40 accounts  40 NEW"

    group = StreamGroup(streams, **heard.handlers())
    with group:
        shown = screen(table, console)
        assert shown[0] == "40 accounts  30 LIVE  10 FAILED"
        assert [line.split() for line in shown if "BTC" in line] == [
            ["BTC", "3.0", "3.0", "0"]
        ]
        assert [line.split()[1] for line in shown if "SHIB" in line] == [
            "0.000000000000000030"
        ]
        assert [line[:16] for line in shown if "FAILED  " in line][:2] == [
            "upbit-4  FAILED ",
            "upbit-8  FAILED ",
        ]

        with exchange.refuse_upgrades(503):
            exchange.drop_connections()
            wait_until(lambda: group.health().states.get(State.STALE) == 30)
            for event in list(heard.events):
                table.show(event)
            shown = screen(table, console)
            assert shown[0] == "40 accounts  30 STALE  10 FAILED"
            assert "BTC 30 stale" in "".join(shown)
            assert any("more accounts that are not LIVE need" in s for s in shown)
            assert len(shown) < 24
            assert max(map(len, shown)) <= 80


def test_the_last_change_of_a_currency_is_told(
    exchange: Simulator, console: Console
) -> None:
    """With the account that it happened on, where the window is wide enough."""
    console.width = 120
    accounts = [exchange.coinw({"BTC": "1"}) for _ in range(12)]
    streams = [
        AssetStream(account.exchange(), account=f"coinw-{number}")
        for number, account in enumerate(accounts, 1)
    ]
    table, heard = Table(streams, console), Recorder()
    with StreamGroup(streams, on_asset=heard):
        accounts[6].deposit("BTC", "0.50")
        table.show(heard.wait_for(lambda u: isinstance(u, AssetUpdate) and u.change))
        shown = screen(table, console)

    assert [line.split() for line in shown if "BTC" in line] == [
        ["BTC", "12.5", "12.5", "0", "12", "+0.5", "coinw-7"]
    ]


def test_settling_counts_each_account_once() -> None:
    """LIVE at some time, or failed; stopped is neither."""
    settling = Settling(2)
    assert str(settling) == "0 of 2"
    assert not settling.note("a", State.LIVE)
    assert not settling.note("a", State.STALE)
    assert not settling.note("a", State.FAILED)
    assert not settling.note("b", State.STOPPED)
    assert str(settling) == "1 of 2, 1 failed"
    assert settling.note("b", State.LIVE)
    assert not settling.note("b", State.LIVE)
    assert settling.over


def test_changes_of_state_reach_it(exchange: Simulator, console: Console) -> None:
    """A table notes what was LIVE only between two paintings."""
    streams = [AssetStream(exchange.coinw().exchange(), account=n) for n in "ab"]
    table = Table(streams, console)
    for name in "ab":
        change = (State.CONNECTING, State.LIVE, "balances read and merged", None)
        table.show(StateChange("coinw", name, *change))

    assert not any("connecting" in line for line in screen(table, console))
