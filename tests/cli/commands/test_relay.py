"""``assetstream relay``: own accounts, and publish them."""

from __future__ import annotations

import gc
import json
import re
from pathlib import Path
from typing import Iterator
from urllib.request import urlopen

import pytest
from click.testing import CliRunner, Result

from assetstream import Archive, RemoteGroup, State
from assetstream.cli.main import assetstream
from assetstream.cli.run.relay import RelayCommand
from assetstream.sharing.keys import Keys
from assetstream.sharing.rights import reader_rights, worker_rights
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.engines import EngineServer
from tests.support.event_recorder import PATIENCE
from tests.support.groups import wait_until
from tests.support.processes import Program

programs = pytest.mark.programs


@pytest.fixture(scope="module")
def running() -> Iterator[EngineServer]:
    """An engine for the whole module."""
    with EngineServer("valkey") as server:
        yield server


def run(*arguments: str, **environment: str) -> Result:
    """Run the command in this process."""
    return CliRunner(env=environment).invoke(assetstream, ["relay", *arguments])


@pytest.fixture
def accounts(exchange: Simulator, tmp_path: Path) -> tuple[Path, dict[str, Account]]:
    """A file of three accounts, of which one has no key, and the other two."""
    known = {"main": exchange.upbit({"BTC": "1"}), "other": exchange.coinw({"BTC": 2})}
    lines = list[str]()
    for label, account in known.items():
        keys = tmp_path / f"{label}.keys"
        variables = account.environment()
        keys.write_text("".join(f"{k}={v}\n" for k, v in variables.items()))
        keys.chmod(0o600)
        region = 'region = "sg"\n' if account.name == "upbit" else ""
        lines.append(
            f'[{label}]\nexchange = "{account.name}"\n{region}keys = "{keys.name}"\n'
        )
    lines.append('[lost]\nexchange = "coinw"\nkeys = "none.keys"\n')
    file = tmp_path / "accounts.toml"
    file.write_text("\n".join(lines))
    return file, known


@programs
def test_accounts_are_owned_published_recorded_and_counted(
    running: EngineServer,
    accounts: tuple[Path, dict[str, Account]],
    tmp_path: Path,
) -> None:
    """Until SIGTERM, which gives them back; one without a key is left out."""
    file, known = accounts
    environment = {
        name: value
        for account in known.values()
        for name, value in account.environment().items()
        if name.endswith("_URL")
    }
    archive = tmp_path / "balances.db"
    with Program(
        *("-m", "assetstream.cli", "relay", "--accounts", str(file)),
        *("--to", running.url, "--fleet", "desk", "--json"),
        *("--archive", str(archive), "--metrics", "0", "--hold", "strict"),
        environment=environment,
    ) as program:
        served = program.wait_for("metrics: ").split()[-1]
        with RemoteGroup(running.url, fleet="desk") as group:
            wait_until(lambda: group.health().states == {State.LIVE: 2})
            assert group.total("BTC", max_age=30) == 3
            with urlopen(served, timeout=PATIENCE) as page:
                text = page.read().decode()
            assert "assetstream_relay_owned_accounts 2.0" in text
            program.terminate()
            assert program.finish() == 1, program.output
            wait_until(lambda: set(group.health().states) == {State.STALE})
    rows = [json.loads(line) for line in program.out]
    assert {(r["account"], r["kind"]) for r in rows} == {
        *(("main", "state"), ("other", "state"), ("lost", "error"))
    }
    assert rows[-1]["current"] == "STOPPED"
    assert "relay: " in program.err[0] + program.err[1]
    assert "left out" in program.err[-1]
    with Archive(archive) as recorded:
        assert recorded.updates("main", currency="BTC")[-1].available == 1


@programs
def test_what_lives_as_long_as_it_is_kept_from_the_collector(
    running: EngineServer, exchange: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once its accounts are LIVE, and until it ends."""
    account = exchange.coinw({"BTC": 1}).exchange()
    command = RelayCommand(running.url, {"main": account}, False, None, fleet="frozen")
    states: list[State] = []

    def freeze() -> None:
        states.extend(command.relay.group.health().states)
        command.relay.stop()

    monkeypatch.setattr(gc, "freeze", freeze)
    command.run([])

    assert states == [State.LIVE]
    assert command.errors == []


@programs
def test_an_engine_that_refuses_ends_it(running: EngineServer) -> None:
    """In one line; the password is nowhere told."""
    done = run(
        *("--simulate", "--to", "env"),
        ASSETSTREAM_ENGINE_URL=f"unix://eve:wr0ng@{running.path}",
    )

    assert done.exit_code == 1
    assert "refuses the user or the password" in done.output
    assert "wr0ng" not in done.output


def test_rights_are_printed() -> None:
    """For a relay, for readers of all, and for one of one account."""
    done = run("--acl", "--fleet", "desk")

    assert done.exit_code == 0
    keys = Keys("desk")
    relay, reader, one = done.stdout.splitlines()
    assert relay.startswith("ACL SETUSER desk-relay on >PASSWORD resetkeys ")
    assert relay.endswith(" ".join(worker_rights(keys)))
    assert reader.endswith(" ".join(reader_rights(keys)))
    assert one.endswith(" ".join(reader_rights(keys, "LABEL")))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--simulate"], "like --to redis://127.0.0.1"),
        (["--acl", "--fleet", "a b"], "fleet must be"),
        (["--simulate", "--to", "http://x"], "scheme"),
        (["--simulate", "--to", "redis://a:b@c"], "write --to env"),
        (["--simulate", "--to", "env"], "set ASSETSTREAM_ENGINE_URL"),
        (["--simulate", "--to", "redis://c", "--hold", "soon"], "no duration"),
        (["--simulate", "--to", "redis://c", "--hold", "1s"], "hold must be"),
        (["--simulate", "--to", "redis://c", "--share", "0"], "not in the range"),
        (["--simulate", "--to", "redis://c", "--capacity", "0"], "not in the range"),
        (["--to", "redis://c"], "no exchange is named"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], words: str) -> None:
    """Before anything is connected."""
    done = run(*arguments)

    assert done.exit_code == 2, done.output
    assert words in re.sub(r"\s+", " ", done.output)
