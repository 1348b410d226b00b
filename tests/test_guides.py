"""The guides' Python blocks run as written, and print what stands below them."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import assetstream
from assetstream.model.states import TRANSITIONS, State
from assetstream.simulator import Account, Simulator
from tests.support.clock import TimeMachine, fast_time
from tests.support.documents import block_with, output_below
from tests.support.groups import wait_until
from tests.support.processes import ROOT

#: What differs from run to run.
TIMES = re.compile(r"\d\d:\d\d:\d\d UTC|(up|life) \d+ s")


def page(name: str) -> str:
    """Return the text of a page of ``docs``."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def printed_by(block: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Run a block; return its lines without times."""
    with fast_time():
        exec(block, {})
    return without_times(capsys.readouterr().out)


def without_times(text: str) -> list[str]:
    """Return the lines of an output, without what differs from run to run."""
    return TIMES.sub("TIME", text).splitlines()


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


def test_expecting_the_effect_of_an_order(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The block waits for the fill of an order that its own code placed."""

    def place_order() -> None:
        order = account.place_order(pay="USDT", amount=500, receive="BTC")
        account.fill(order, received="0.007")

    exec(
        block_with("place_order()", "docs/how-to/waiting.md"),
        {"place_order": place_order},
    )

    printed = capsys.readouterr().out.splitlines()
    assert "1000" in printed
    assert "0.007" in printed


def test_verifying_before_money_moves(account: Account) -> None:
    """The block compares the balances with REST first."""
    moved: list[int] = []
    with fast_time():
        exec(
            block_with("move_money()", "docs/how-to/waiting.md"),
            {"move_money": lambda: moved.append(1)},
        )

    assert moved == [1]


def test_iterating_over_updates(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The block prints the present balances, then the changes."""

    def done(update: assetstream.AssetUpdate) -> bool:
        if update.source is assetstream.Source.SNAPSHOT:
            account.deposit("USDT", 1)
        return update.source is assetstream.Source.STREAM

    exec(block_with("done(update)", "docs/how-to/waiting.md"), {"done": done})

    assert capsys.readouterr().out.splitlines() == [
        "USDT 1000 0 SNAPSHOT",
        "USDT 1001 0 STREAM",
    ]


def test_keeping_a_history(
    account: Account,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The blocks record an account, and tell what changed and what was held."""
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        exec(block_with("since_last_run", "docs/how-to/history.md"), {})
        account.deposit("USDT", 5)
    assert capsys.readouterr().out == "USDT: +5, now 1005\n"

    ask = block_with("archive.at(then", "docs/how-to/history.md")
    exec(ask, {})
    unknown, gaps = capsys.readouterr().out.splitlines()
    assert "the archive begins at" in unknown
    assert gaps.startswith("(Gap(")
    with closing(sqlite3.connect("balances.db", isolation_level=None)) as db:
        # As if the last run had begun an hour ago, and gone on until now.
        db.execute("UPDATE updates SET received = received - 3600000000")
        db.execute(
            "UPDATE states SET at = at - 3600000000, gap_began = gap_began - 3600000000"
        )
        db.execute("DELETE FROM states WHERE state = 'STOPPED'")
    exec(ask, {})
    assert capsys.readouterr().out.splitlines() == ["1005", "()"]


def test_reading_an_archive_by_other_means(
    account: Account, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The block's query finds the balances, and its sum is exact."""
    path = tmp_path / "balances.db"
    stream = assetstream.AssetStream(account.exchange())
    with assetstream.Archive(path) as archive, archive.record(stream), stream:
        pass
    block = block_with("readable_updates", "docs/reference/archive.md")
    exec(
        block.replace("balances.db", str(path)).replace("2026-11-29", "2999-01-01"), {}
    )

    assert capsys.readouterr().out == "1000\n"


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
    exec(block_with("stream.show()", "docs/how-to/notebook.md"), names)
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
    monkeypatch.setattr(group_class, "run_forever", group_class.stop)

    exec(
        block_with("StreamGroup(", "docs/how-to/many-accounts.md"),
        {"keys": keys},
    )

    printed = capsys.readouterr().out.splitlines()
    assert "0.5 1.0" in printed
    assert any("GroupHealth 2 LIVE" in line for line in printed)


def test_the_simulator_block_runs() -> None:
    """The block's own assertions hold."""
    exec(block_with("Simulator(seed=0)", "docs/how-to/simulator.md"), {})


def test_every_state_and_error_is_explained() -> None:
    """The tables have each state and each error."""
    errors = {n for n in assetstream.__all__ if n.endswith(("Error", "Lost", "Denied"))}
    for name in {*errors, "RateLimited", "StaleBalance"}:
        assert f"`{name}`" in page("reference/errors.md")
    for name in State.__members__:
        assert f"`{name}`" in page("explanation/states.md")


def test_every_way_between_states_is_in_the_table() -> None:
    """A row has all states that may follow, and no other."""
    rows = dict(
        re.findall(r"^\| `(\w+)` \|.*\| (.*?) \|$", page("explanation/states.md"), re.M)
    )

    assert rows.keys() == State.__members__.keys()
    for state in State:
        following = set(re.findall(r"`(\w+)`", rows[state.name]))
        assert following == {each.name for each in TRANSITIONS[state]}


def test_the_example_of_a_doubt() -> None:
    """A push just after LIVE is marked, and the page shows the very words."""
    printed: list[str] = []
    machine = TimeMachine(speed=0.1)

    def print_and_jump(thing: object) -> None:
        printed.append(str(thing))
        if "REST said" in printed[-1]:
            stream: assetstream.AssetStream = names["stream"]
            machine.jump(5.0, stream)
            wait_until(lambda: stream.health().audits == 1)
            machine.jump(6.0, stream)

    names: dict[str, Any] = {"print": print_and_jump}
    with machine.installed():
        exec(block_with("at once after LIVE", "docs/explanation/doubt.md"), names)

    below = output_below("at once after LIVE", "docs/explanation/doubt.md")
    assert without_times("\n".join(printed)) == without_times(below)


def test_the_example_of_verify(capsys: pytest.CaptureFixture[str]) -> None:
    """A deposit that was never pushed is found."""
    block = block_with("stream.verify", "docs/explanation/doubt.md")
    below = output_below("stream.verify", "docs/explanation/doubt.md")

    assert printed_by(block, capsys) == without_times(below)


def test_the_tutorial(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each step prints what stands below it."""
    document = "docs/tutorials/first-stream.md"
    first = printed_by(
        block_with("LIVE from here on", "docs/tutorials/first-stream.md"), capsys
    )
    second = printed_by(
        block_with("as bought", "docs/tutorials/first-stream.md"), capsys
    )
    third = printed_by(
        block_with("nobody is told", "docs/tutorials/first-stream.md"), capsys
    )

    assert first == without_times(output_below("LIVE from here on", document))
    assert second == without_times(output_below("as bought", document))
    assert third == without_times(output_below("nobody is told", document))
    last = block_with("run_forever", "docs/tutorials/first-stream.md")
    assert last == block_with("run_forever")
