"""The README's Python blocks, run as written."""

from __future__ import annotations

import re
import shlex
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import assetstream
from assetstream.model.states import State
from assetstream.simulator import Account, Simulator
from tests.support.clock import fast_time
from tests.support.documents import block_with
from tests.support.processes import ROOT, Program

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def account(simulated_exchange: Simulator, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Give the CoinW account that ``CoinW()`` means within the test."""
    account = simulated_exchange.coinw({"USDT": "1000"})
    given = account.environment()
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    urls = {"ws_url": given["COINW_WS_URL"], "rest_url": given["COINW_REST_URL"]}
    monkeypatch.setattr(assetstream, "CoinW", partial(assetstream.CoinW, **urls))
    return account


def test_the_shortest_program_runs(
    simulated_exchange: Simulator, tmp_path: Path
) -> None:
    """The program prints balances; Ctrl-C ends it with code 0."""
    account = simulated_exchange.upbit({"BTC": "0.5"})
    script = tmp_path / "shortest.py"
    script.write_text(block_with("on_asset=print).run_forever()"), encoding="utf-8")
    environment = account.environment()
    with Program(str(script), environment=environment) as program:
        program.wait_for("BTC available=0.5")
        program.interrupt()

        assert program.finish() == 0, program.output
        assert program.err == []


def test_expecting_the_effect_of_an_order(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The block waits for the fill of an order that its own code placed."""

    def place_order() -> None:
        order = account.place_order(pay="USDT", amount=500, receive="BTC")
        account.fill(order, received="0.007")

    exec(block_with("place_order()"), {"place_order": place_order})

    printed = capsys.readouterr().out.splitlines()
    assert "1000" in printed
    assert "0.007" in printed


def test_verifying_before_money_moves(account: Account) -> None:
    """The block compares the balances with REST first."""
    moved: list[int] = []
    with fast_time():
        exec(block_with("move_money()"), {"move_money": lambda: moved.append(1)})

    assert moved == [1]


def test_iterating_over_updates(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The block prints the present balances, then the changes."""

    def done(update: assetstream.AssetUpdate) -> bool:
        if update.source is assetstream.Source.SNAPSHOT:
            account.deposit("USDT", 1)
        return update.source is assetstream.Source.STREAM

    exec(block_with("done(update)"), {"done": done})

    assert capsys.readouterr().out.splitlines() == [
        "USDT 1000 0 SNAPSHOT",
        "USDT 1001 0 STREAM",
    ]


def test_in_a_notebook(
    simulated_exchange: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The block starts the stream and shows it, as far as a test can."""
    account = simulated_exchange.upbit({"BTC": "0.5"})
    for name, value in account.environment().items():
        monkeypatch.setenv(name, value)
    names: dict[str, Any] = {}
    exec(block_with("stream.show()"), names)
    names["stream"].stop()

    assert capsys.readouterr().out.startswith("CONNECTING")
    assert account.seen.refused == 0


def test_many_accounts(
    simulated_exchange: Simulator,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The block reads one account, sums all up, and runs until stopped."""
    accounts = [simulated_exchange.coinw({"BTC": "0.5"}) for _ in range(2)]
    given = [account.environment() for account in accounts]
    keys = {
        name: (each["COINW_API_KEY"], each["COINW_SECRET_KEY"])
        for name, each in zip(["alice", "bob"], given, strict=True)
    }
    group_class = assetstream.StreamGroup
    monkeypatch.setattr(group_class, "run_forever", lambda group: group.stop())

    exec(
        block_with("StreamGroup("),
        {"keys": keys},
    )

    printed = capsys.readouterr().out.splitlines()
    assert "0.5 1.0" in printed
    assert any("LIVE" in line and ": 2}" in line for line in printed)


def test_the_simulator_block_runs() -> None:
    """The block's own assertions hold."""
    exec(block_with("Simulator(seed=0)"), {})


def test_set_up_is_two_commands_of_one_line() -> None:
    """One command runs the CI job, one the tests, each by itself."""
    job, tests = (command.strip() for command in COMMANDS)

    for command in (job, tests):
        assert "\n" not in command
        assert shlex.split(command)[:3] == ["python3", "-m", "venv"]
    assert job.endswith("assetstream watch --simulate")
    assert tests.endswith("pytest")


def test_every_state_and_error_is_explained() -> None:
    """The tables have each state and each error."""
    errors = {n for n in assetstream.__all__ if n.endswith(("Error", "Lost", "Denied"))}
    for name in {*errors, *State.__members__, "RateLimited", "StaleBalance"}:
        assert f"`{name}`" in README
