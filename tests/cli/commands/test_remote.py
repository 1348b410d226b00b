"""Commands about accounts that others publish at an engine."""

from __future__ import annotations

import json
from typing import Any, Iterator

import pytest
from click.testing import CliRunner, Result

from assetstream.cli.main import assetstream
from assetstream.cli.run import balances
from assetstream.model.states import State
from assetstream.sharing import engine_checks
from tests.support.engines import EngineServer
from tests.support.owners import HandOwner
from tests.support.processes import Program
from tests.support.terminal import Terminal

pytestmark = pytest.mark.programs


@pytest.fixture(scope="module")
def running() -> Iterator[EngineServer]:
    """An engine for the whole module."""
    with EngineServer("redis") as server:
        yield server


@pytest.fixture
def owner(running: EngineServer) -> Iterator[HandOwner]:
    """The owner of alice and bob, LIVE with BTC 1 each."""
    running.do("FLUSHALL")
    with HandOwner(running.url, "alice", "bob") as made:
        yield made


def run(*arguments: str, **environment: str) -> Result:
    """Run a command in this process."""
    return CliRunner(env=environment).invoke(assetstream, arguments)


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.usefixtures("owner")
def test_watch_shows_all_or_those_that_are_named(running: EngineServer) -> None:
    """With --json as ever; the environment may have the URL."""
    with Program(
        *("-m", "assetstream.cli", "watch", "--from", running.url, "--json"),
    ) as program:
        live = set()
        while len(live) < 2:
            row = json.loads(program.wait_for('"LIVE"'))
            live.add((row["exchange"], row["account"]))
        program.interrupt()
        assert program.finish() == 0, program.output
    assert live == {("upbit", "alice"), ("upbit", "bob")}
    rows = objects("\n".join(program.out))
    stopped = [row["account"] for row in rows if row.get("current") == "STOPPED"]
    assert sorted(stopped) == ["alice", "bob"]

    one = run(
        *("watch", "--from", "env", "bob", "--for", "500ms"),
        ASSETSTREAM_ENGINE_URL=running.url,
    )
    assert one.exit_code == 0, one.output
    assert "bob  BTC  available 1" in one.stdout
    assert "alice" not in one.stdout


def test_watch_ends_where_the_engine_refuses(running: EngineServer) -> None:
    """It would never show anything; the password is nowhere told."""
    done = run(
        *("watch", "--from", "env"),
        ASSETSTREAM_ENGINE_URL=f"unix://eve:wr0ng@{running.path}",
    )

    assert done.exit_code == 1
    assert "refuses the user or the password" in done.stderr
    assert "wr0ng" not in done.output


def test_watch_of_accounts_that_come_later(
    running: EngineServer, owner: HandOwner
) -> None:
    """The plain lines name them as they come."""
    command = ("-m", "assetstream.cli", "watch", "--from", running.url)
    with Program(*command) as program:
        program.wait_for("2 of 2 LIVE")
        with HandOwner(running.url, "carol", worker="w2"):
            program.wait_for("carol  CONNECTING -> LIVE")
        program.interrupt()
        assert program.finish() == 0, program.output


def test_balances_of_a_fleet(
    running: EngineServer, owner: HandOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sum of all, or one of them; one that is not LIVE is an error."""
    done = run("balances", "--from", running.url)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1].split() == ["all", "2", "BTC", "2", "0", "2"]

    one = run("balances", "--from", running.url, "alice", "--json")
    (row,) = objects(one.stdout)
    assert row["balances"]["BTC"]["total"] == "1"

    monkeypatch.setattr(balances, "SETTLE_TIME", 0.5)
    owner.state(State.FAILED, "the key was refused", account="bob")
    part = run("balances", "--from", running.url)
    assert part.exit_code == 1
    assert "bob: not LIVE after" in part.stderr
    assert "alice" in part.stdout


def test_balances_of_an_account_that_is_not_there(
    running: EngineServer, owner: HandOwner
) -> None:
    """The command ends at once, for no wait makes one; the others are shown."""
    alone = run("balances", "--from", running.url, "zed")
    both = run("balances", "--from", running.url, "zed", "alice")

    for done in (alone, both):
        assert done.exit_code == 1
        assert "zed: the engine has no account of this name. Check" in done.stderr
        assert "not LIVE" not in done.stderr
    assert "alice" in both.stdout


def test_watch_says_why_it_is_not_live(running: EngineServer, owner: HandOwner) -> None:
    """To one that is started when the owner is gone, too."""
    owner.release("alice")
    command = ("-m", "assetstream.cli", "watch", "--from", running.url, "alice")
    with Program(*command) as program:
        program.wait_for("no worker owns it. Start a relay")
        program.interrupt()
        assert program.finish() == 0, program.output


def test_balances_where_there_are_none(running: EngineServer) -> None:
    """Neither of an empty fleet, nor of an engine that is not there."""
    empty = run("balances", "--from", running.url, "--fleet", "empty")
    refused = run(
        *("balances", "--from", "env", "alice"),
        ASSETSTREAM_ENGINE_URL=f"unix://eve:wr0ng@{running.path}",
    )

    assert (empty.exit_code, refused.exit_code) == (1, 1)
    assert "there are no accounts at the engine. Start a relay" in empty.stderr
    assert "refuses the user or the password" in refused.stderr


def test_doctor_examines_an_engine_and_its_accounts(
    running: EngineServer, owner: HandOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of a fleet, or those that are named."""
    done = run("doctor", "--from", running.url, "--json")
    assert done.exit_code == 3, done.output
    rows = objects(done.stdout)
    checks = {(r["account"], r["name"]): r["verdict"] for r in rows if "name" in r}
    assert checks[None, "engine"] == "GREEN"
    assert checks[None, "persistence"] == "YELLOW"
    assert {checks[name, "pulses"] for name in ("alice", "bob")} == {"GREEN"}
    verdicts = [row["verdict"] for row in rows if row["kind"] == "diagnosis"]
    assert verdicts == ["YELLOW", "YELLOW"]

    monkeypatch.setattr(engine_checks, "LISTEN", 0.1)
    missing = run("doctor", "--from", running.url, "carol")
    assert missing.exit_code == 1
    assert "has no account 'carol'" in missing.stdout
    assert "It has alice, bob." in missing.stdout
    assert "alice at" not in missing.stdout


def test_doctor_judges_each_account_of_a_fleet_for_itself(
    running: EngineServer, owner: HandOwner
) -> None:
    """One that is RED makes no other so, but the exit code is that of the worst."""
    owner.state(State.FAILED, "the key was withdrawn", account="alice")
    done = run("doctor", "--from", running.url, "--json")

    assert done.exit_code == 1, done.output
    rows = [row for row in objects(done.stdout) if row["kind"] == "diagnosis"]
    verdicts = {row["account"]: row["verdict"] for row in rows}
    assert verdicts == {"alice": "RED", "bob": "YELLOW"}


def test_doctor_of_a_fleet_without_accounts(running: EngineServer) -> None:
    """Or one that may not be listed."""
    empty = run("doctor", "--from", running.url, "--fleet", "empty")
    running.do("ACL", "SETUSER", "one", "reset", "on", ">pw", "~x", "+@all")
    closed = run(
        *("doctor", "--from", "env"),
        ASSETSTREAM_ENGINE_URL=f"unix://one:pw@{running.path}",
    )

    assert (empty.exit_code, closed.exit_code) == (1, 1)
    assert "the fleet has none" in empty.stdout
    assert "does not permit" in closed.stdout


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("watch", "--from", "redis://bob:s3cret@localhost"), "--from env"),
        (("watch", "--from", "env"), "ASSETSTREAM_ENGINE_URL is not set"),
        (("watch", "--from", "http://x"), "scheme"),
        (("watch", "--from", "redis://x", "--simulate"), "exclude each other"),
        (("balances", "--from", "redis://x", "--region", "sg"), "--region means"),
        (("balances", "--from", "redis://x", "--keys", "f"), "--keys means"),
        (("doctor", "--from", "redis://x", "--accounts", "f"), "--accounts means"),
        (("doctor", "--from", "redis://x", "--fleet", "a b"), "fleet must be"),
        (("balances", "--fleet", "x"), "--fleet belongs to --from"),
        (("watch", "--from", "redis://localhost", "a b"), "label"),
    ],
)
def test_what_means_nothing_is_refused(arguments: tuple[str, ...], match: str) -> None:
    """As wrong usage, with what to do."""
    done = run(*arguments)

    assert done.exit_code == 2
    assert match in " ".join(done.stderr.split())
    assert "s3cret" not in done.output


def test_a_window_opens_before_there_is_an_account(running: EngineServer) -> None:
    """It says so, and shows accounts when they come."""
    running.do("FLUSHALL")
    command = ("-m", "assetstream.cli", "watch", "--from", running.url)
    with Terminal(80, 24, *command) as terminal:
        terminal.wait_for("no accounts")
        with HandOwner(running.url, "alice"):
            terminal.wait_for("LIVE", "alice", "BTC")
            terminal.press("q")
            assert terminal.finish() == 0
