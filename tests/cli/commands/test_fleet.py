"""``assetstream fleet``: who owns which account."""

from __future__ import annotations

import json
from typing import Iterator

import pytest
from click.testing import CliRunner, Result

from assetstream.cli.main import assetstream
from tests.support.engines import EngineServer
from tests.support.owners import HandOwner

programs = pytest.mark.programs


@pytest.fixture(scope="module")
def running() -> Iterator[EngineServer]:
    """An engine for the whole module."""
    with EngineServer("valkey") as server:
        yield server


def run(*arguments: str, **environment: str) -> Result:
    """Run the command in this process."""
    return CliRunner(env=environment).invoke(assetstream, ["fleet", *arguments])


@programs
def test_owners_are_shown(running: EngineServer) -> None:
    """Each account has one: that is 0; one without is told, and 1."""
    with HandOwner(running.url, "alice", "bob", fleet="desk") as owner:
        good = run("--from", running.url, "--fleet", "desk")
        owner.release("bob")
        bad = run(
            *("--from", "env", "--fleet", "desk", "--json"),
            ASSETSTREAM_ENGINE_URL=running.url,
        )

    assert good.exit_code == 0, good.output
    assert [line.split()[:3] for line in good.stdout.splitlines()[1:]] == [
        ["alice", "upbit", "w1"],
        ["bob", "upbit", "w1"],
    ]
    assert bad.exit_code == 1
    alice, bob = map(json.loads, bad.stdout.splitlines())
    assert (alice["account"], alice["owner"], alice["alive"]) == ("alice", "w1", True)
    assert (bob["owner"], bob["alive"], bob["state"]) == ("", False, "STALE")
    assert "1 of 2 accounts have no owner that lives" in bad.stderr


@programs
def test_a_fleet_that_nobody_knows_ends_with_1(running: EngineServer) -> None:
    """Its name is wrong, most likely."""
    done = run("--from", running.url, "--fleet", "dusk")

    assert done.exit_code == 1
    assert "has ever published a fleet 'dusk'" in done.stderr
    assert "Start a relay, or check the fleet" in done.stderr
    assert done.stdout == ""


def test_an_engine_that_is_not_there_ends_with_1() -> None:
    """In one line, with what to do."""
    done = run("--from", "unix:///nowhere/socket")

    assert done.exit_code == 1
    assert "cannot be reached" in done.stderr
    assert "tries again" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing option '--from'"),
        (["--from", "redis://a:b@c"], "write --from env"),
        (["--from", "redis://c", "--fleet", "a b"], "fleet must be"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], words: str) -> None:
    """Before anything is connected."""
    done = run(*arguments)

    assert done.exit_code == 2
    assert words in done.output.replace("\n", " ")
