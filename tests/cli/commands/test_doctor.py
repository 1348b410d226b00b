"""``assetstream doctor``: its output and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from assetstream import Upbit
from assetstream.cli.main import assetstream
from assetstream.doctor import connection
from assetstream.exchanges import EXCHANGES
from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.processes import Program


@pytest.fixture
def doctor(no_rate_limits: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command in this process, with a short timeout."""
    monkeypatch.setattr(connection, "PING_INTERVAL", 0.02)

    def doctor(*arguments: str, account: Account | None = None) -> Result:
        environment = account.environment() if account else {}
        region = ["--region", "sg"] if account and account.name == "upbit" else []
        name = [account.name] if account else []
        command = ["doctor", *name, *region, *arguments]
        return CliRunner().invoke(assetstream, command, env=environment)

    return doctor


def test_a_good_key_ends_with_0(simulated_exchange: Simulator) -> None:
    """The output has a line for each step, no colours in a pipe, and no key."""
    account = simulated_exchange.upbit({"BTC": "1"})
    arguments = ("-m", "assetstream.cli", "doctor", "upbit", "--region", "sg")
    with Program(*arguments, environment=account.environment()) as program:
        assert program.finish() == 0, program.output

    assert "\x1b" not in program.output
    assert program.out[-1] == "  GREEN: nothing is in the way of a live stream"
    assert sum("GREEN    " in line for line in program.out) == 12
    assert program.out[3].endswith("at upbit (read only)")
    assert program.err == []
    assert account.access_key[:6] not in program.output


def test_a_bad_key_ends_with_1(doctor: Any, exchange: Simulator) -> None:
    """The remedies are below the red step; the last line names where to begin."""
    account = exchange.upbit(allowed_ips=["192.0.2.1"])
    result = doctor(account=account)

    output = result.stdout.splitlines()
    (at,) = [i for i, line in enumerate(output) if line.startswith("  RED      REST")]
    assert "no_authorization_ip" in output[at]
    assert output[at + 1].strip().startswith("-> Add this machine's public IP address")
    assert output[-1].startswith("  RED: begin with the first red step (REST)")
    assert result.exit_code == 1


def test_a_yellow_step_ends_with_3(doctor: Any, exchange: Simulator) -> None:
    """The stream would work, but a script can tell the difference."""
    with exchange.fault("clock_jump", seconds=-15):
        result = doctor(account=exchange.coinw({"BTC": "1"}))

    assert "  YELLOW   clock " in result.stdout
    assert result.exit_code == 3


def test_the_worst_of_several_counts(doctor: Any, exchange: Simulator) -> None:
    """Each account has its steps and verdict; this machine is checked once."""
    good, bad = exchange.coinw({"BTC": "1"}), exchange.upbit(permissions=[])
    environment = {**good.environment(), **bad.environment()}
    result = CliRunner().invoke(
        assetstream, ["doctor", "upbit", "coinw", "--region", "sg"], env=environment
    )

    assert result.exit_code == 1
    assert "  RED: " in result.stdout
    assert "  GREEN: " in result.stdout
    assert result.stdout.count("libraries") == 1


def test_json_has_an_object_for_each_check(doctor: Any, exchange: Simulator) -> None:
    """Checks of the machine have no account; verdicts have their own kind."""
    account = exchange.coinw({"BTC": "1"})
    result = doctor("--json", account=account)
    rows = [json.loads(line) for line in result.stdout.splitlines()]

    assert {o["kind"] for o in rows[:-1]} == {"check"}
    assert rows[-1] == {
        "kind": "diagnosis",
        "exchange": "coinw",
        "account": f"coinw-{account.exchange().fingerprint}",
        "verdict": "GREEN",
    }
    assert [o["account"] for o in rows[:2]] == [None, None]
    assert set(rows[0]) == {
        *("kind", "exchange", "account", "name", "verdict", "finding", "remedies"),
        "seconds",
    }
    assert account.secret_key[:6] not in result.output


def test_wrong_usage_ends_with_2(doctor: Any) -> None:
    """Exchange or region is missing, or wrong."""
    clean = {"UPBIT_ACCESS_KEY": None, "COINW_API_KEY": None}
    for arguments, part in [
        ([], "--simulate"),
        (["upbit"], "needs --region"),
        (["upbit", "--region", "mars"], "must be one of"),
    ]:
        result = CliRunner().invoke(assetstream, ["doctor", *arguments], env=clean)
        assert result.exit_code == 2
        assert part in result.output


def test_without_a_key_it_does_what_needs_none(
    doctor: Any, exchange: Simulator
) -> None:
    """It is RED at the key, having sent nothing that is signed."""
    account = exchange.upbit({"BTC": "1"})
    environment = {**account.environment(), "UPBIT_ACCESS_KEY": ""}
    command = ["doctor", "upbit", "--region", "sg"]
    result = CliRunner().invoke(assetstream, command, env=environment)

    assert result.exit_code == 1
    steps = [line.split()[:2] for line in result.stdout.splitlines()[3:]]
    (red,) = [n for n, step in enumerate(steps) if step == ["RED", "key"]]
    assert steps[red - 2 : red] == [["GREEN", "TLS"], ["GREEN", "clock"]]
    assert "UPBIT_ACCESS_KEY is empty" in result.stdout
    assert "RED: begin with the first red step (key)" in result.stdout
    for later in ("REST", "WebSocket", "subscription", "ping", "pushes"):
        assert ["SKIPPED", later] in steps[red:]
    assert account.seen.reads == exchange.seen.connections == 0


def test_the_key_is_sent_around_only_on_demand(
    doctor: Any, exchange: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The help explains the flag; without it the report mentions it."""
    with Simulator(region="id", seed=7, rate_limits=False) as elsewhere:
        account = elsewhere.upbit({"BTC": "1"}, region="id")
        account_there = account.exchange()
        monkeypatch.setattr(Upbit, "elsewhere", lambda self: {"id": account_there})
        environment = {
            **account.environment(),
            "UPBIT_WS_URL": exchange.upbit().ws_url,
            "UPBIT_REST_URL": exchange.url,
        }
        command = ["doctor", "upbit", "--region", "sg"]
        without = CliRunner().invoke(assetstream, command, env=environment)
        asked_before = account.seen.reads
        flag = [*command, "--try-regions"]
        with_it = CliRunner().invoke(assetstream, flag, env=environment)

    assert "add --try-regions" in without.stdout
    assert "belongs to" not in without.stdout
    assert asked_before == 0
    assert "is sent to" in with_it.stderr
    assert "this key belongs to id" in with_it.stdout
    assert "--region id" in with_it.stdout
    assert with_it.exit_code == 1


def test_simulated_accounts_are_examined(doctor: Any) -> None:
    """--simulate shows the report without a key."""
    result = doctor("--simulate")

    assert result.exit_code == 0
    assert result.stdout.count("GREEN: nothing is in the way") == len(EXCHANGES)


def test_ctrl_c_ends_it_at_once(simulated_exchange: Simulator) -> None:
    """A step with seconds left is cancelled; the exit code is its own."""
    account = simulated_exchange.coinw({"BTC": "1"})
    arguments = ("-m", "assetstream.cli", "doctor", "coinw")
    with (
        simulated_exchange.fault("handshake_unanswered"),
        Program(*arguments, environment=account.environment()) as program,
    ):
        program.wait_for("clock")
        program.interrupt()
        assert program.finish() == 130

    assert "in time" not in program.output, "no step has used up its time"
    assert program.err == ["Ended by Ctrl-C."]


RIVAL = "def connect(url): pass"

#: Runs the entry point where a directory (``argv[1]``) is searched first.
FIRST = """
import sys
sys.path.insert(0, sys.argv.pop(1))
for name in list(sys.modules):  # what was imported before is imported anew
    if name.partition(".")[0] in ("assetstream", "websocket"):
        del sys.modules[name]
from assetstream.cli import main
main()
"""


def run_with_rival(path: Path, *arguments: str) -> Program:
    """Run the command where another package named websocket is found first."""
    (path / "websocket.py").write_text(RIVAL, encoding="utf-8")
    return Program("-c", FIRST, str(path), *arguments)


def test_a_shadowed_library_is_named_though_nothing_can_be_imported(
    tmp_path: Path,
) -> None:
    """The doctor prints the repair command in place of a traceback."""
    with run_with_rival(tmp_path, "doctor", "upbit", "--region", "sg") as program:
        assert program.finish() == 1

    assert program.err == []
    (red,) = [line for line in program.out if "  RED      libraries" in line]
    assert str(tmp_path / "websocket.py") in red
    assert "-> Run: pip uninstall -y websocket websocket-client;" in program.output


def test_other_commands_name_a_shadowed_library(tmp_path: Path) -> None:
    """The error is one line, with the code for a missing package."""
    with run_with_rival(tmp_path, "watch", "--simulate") as program:
        assert program.finish() == 2

    (line,) = program.err
    assert line.startswith("Error: the module 'websocket' at ")
    assert "pip uninstall" in line


def test_help_teaches() -> None:
    """The help has every step, the examples and the exit codes."""
    result = CliRunner().invoke(assetstream, ["doctor", "--help"])

    for part in ("assetstream doctor --simulate", "--try-regions", "Exit codes", "130"):
        assert part in result.output
    assert max(map(len, result.output.splitlines())) <= 80


def test_the_same_key_need_not_be_upbits(doctor: Any, exchange: Simulator) -> None:
    """--try-regions does nothing at an exchange without regions."""
    own = exchange.coinw()
    environment = {**own.environment(), "COINW_API_KEY": "x" * 36}
    result = CliRunner().invoke(
        assetstream, ["doctor", "coinw", "--try-regions"], env=environment
    )

    assert result.exit_code == 1
    assert "  region" not in result.stdout
