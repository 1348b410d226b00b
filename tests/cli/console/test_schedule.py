"""The schedule of faults."""

from __future__ import annotations

from typing import Callable

import pytest
from websockets.exceptions import InvalidStatus

from assetstream import AssetStream, State
from assetstream.cli.console.fault_spec import read_fault
from assetstream.cli.console.schedule import Schedule
from assetstream.simulator import Account, CoinWAccount, Simulator, UpbitAccount
from tests.support.clients import accounts, complete_balances, upbit_client
from tests.support.event_recorder import PATIENCE

Changes = list[tuple[str, bool]]


@pytest.fixture
def changes() -> Changes:
    """Return the list for the changes that the schedule reports."""
    return []


@pytest.fixture
def schedule(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount, changes: Changes
) -> Schedule:
    """Make a schedule for an account on each exchange."""
    by_name: dict[str, Account] = {"upbit": upbit, "coinw": coinw}
    return Schedule(exchange, by_name, lambda name, on: changes.append((name, on)))


def walk(schedule: Schedule, until: float, look: Callable[[], object]) -> list[object]:
    """Advance the time from 0, and call the check after each change."""
    seen: list[object] = []
    now = 0.0
    while now < until:
        schedule.run(now)
        seen.append((now, look()))
        wait = schedule.wait(now)
        now = until if wait is None else now + wait
    return seen


def test_a_fault_begins_and_ends_in_its_time(
    schedule: Schedule, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """A client sees a delayed fault, a short one, and one to the end."""
    for text in (
        "rest_failing@5s:10s,exchange=upbit",
        "rest_rate_limited@7s,exchange=coinw",
        "upgrade_503",
        "rest_garbage@20s",
    ):
        schedule.add(read_fault(text, "--list-faults"), 0.0)

    def look() -> tuple[int, str]:
        with pytest.raises(InvalidStatus):
            upbit_client(upbit)
        return accounts(upbit)[0], str(complete_balances(coinw)["code"])

    assert walk(schedule, 20.0, look) == [
        (0.0, (200, "200")),
        (5.0, (500, "200")),
        (7.0, (500, "29001")),
        (15.0, (200, "29001")),
    ]


def test_what_is_on_is_known_and_reported(schedule: Schedule, changes: Changes) -> None:
    """A fault that was switched off by hand does not end again."""
    schedule.add(read_fault("rest_failing:10s", "--list-faults"), 0.0)
    schedule.add(read_fault("silent_drop", "--list-faults"), 0.0)
    assert schedule.on == []
    schedule.run(0.0)
    assert schedule.on == ["rest_failing", "silent_drop"]
    assert schedule.off("rest_failing")
    assert not schedule.off("rest_failing")
    schedule.run(11.0)

    assert schedule.on == ["silent_drop"]
    assert changes == [
        ("rest_failing", True),
        ("silent_drop", True),
        ("rest_failing", False),
    ]


def test_parameters_arrive(
    schedule: Schedule, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """The fault has the command line's parameters."""
    for text in ("rest_omitting,currencies=usdt", "rest_stale,seconds=60"):
        schedule.add(
            read_fault(
                f"{text},exchange={'coinw' if 'usdt' in text else 'upbit'}",
                "--list-faults",
            ),
            0,
        )
    schedule.run(0.0)
    upbit.deposit("BTC", "1")

    assert list(complete_balances(coinw)["data"]) == ["BTC"]
    assert accounts(upbit)[2][1]["balance"] == "0.5"


def test_a_stream_meets_what_was_switched_on(
    schedule: Schedule, upbit: UpbitAccount, coinw: CoinWAccount
) -> None:
    """One exchange's pushes are lost, the other's stream gets a change."""
    schedule.add(read_fault("pushes_lost,exchange=upbit,share=1", "--list-faults"), 0.0)
    schedule.run(0.0)
    with (
        AssetStream(coinw.exchange()) as other,
        AssetStream(upbit.exchange()) as stream,
    ):
        with other.expect(lambda update: update.currency == "BTC", timeout=PATIENCE):
            upbit.deposit("BTC", "1")
            coinw.deposit("BTC", "1")
        assert other.balance("BTC").total == coinw.balances["BTC"][0]
        assert stream.state is State.LIVE
        assert stream.balance("BTC").total == upbit.balances["BTC"][0] - 1
