"""Every sample, run as written, in a process of its own."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import sqlite3
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from assetstream.exchanges import EXCHANGES
from assetstream.simulator import Account, Simulator
from tests.support.event_recorder import PATIENCE
from tests.support.processes import ROOT, Program

SAMPLES = ROOT / "samples"
NOTEBOOK = SAMPLES / "notebook.ipynb"


def sample(name: str, *accounts: Account) -> Program:
    """Run a sample with the keys of these accounts."""
    environment: dict[str, str] = {}
    for account in accounts:
        environment |= account.environment()
    return Program(str(SAMPLES / name), environment=environment)


def test_watch_balances_prints_what_is_there_and_what_changes(
    simulated_exchange: Simulator,
) -> None:
    """Snapshot and deposit are printed; Ctrl-C ends it without a message."""
    account = simulated_exchange.upbit({"BTC": "0.5"})
    with sample("watch_balances.py", account) as program:
        program.wait_for("BTC: 0.5 available, 0 locked, changed by 0")
        account.deposit("BTC", "0.000000000000000001")
        program.wait_for("BTC: 0.500000000000000001 available")
        program.interrupt()

        assert program.finish() == 0, program.output
        assert program.err == []


def test_two_exchanges_adds_up_both_accounts(simulated_exchange: Simulator) -> None:
    """A change on either exchange is printed with the sum of both."""
    upbit = simulated_exchange.upbit({"BTC": "0.5"})
    coinw = simulated_exchange.coinw({"BTC": "1"})
    with sample("two_exchanges.py", upbit, coinw) as program:
        upbit.wait_for_subscribers()
        coinw.wait_for_subscribers()
        # Deposits are seen once both are LIVE, which only the output shows.
        with upbit.trade(20), coinw.trade(20):
            program.wait_for("upbit: ")
            program.wait_for("coinw: ")
        program.interrupt()

        assert program.finish() == 0, program.output
        assert program.err == []


def test_two_exchanges_ends_when_one_account_fails(
    simulated_exchange: Simulator,
) -> None:
    """The program ends with that exchange's error."""
    upbit = simulated_exchange.upbit({"BTC": "0.5"})
    coinw = simulated_exchange.coinw({"BTC": "1"})
    with (
        simulated_exchange.refuse_logins(coinw),
        sample("two_exchanges.py", upbit, coinw) as program,
    ):
        assert program.finish() == 1
        assert "AuthenticationError" in program.output


def test_many_accounts_adds_them_up(simulated_exchange: Simulator) -> None:
    """The sample counts accounts, names one that fails, and sums up the others."""
    accounts = [simulated_exchange.upbit({"BTC": "0.5"}) for _ in range(3)]
    environment = accounts[0].environment()
    for number, account in enumerate(accounts, 1):
        keys = account.environment()
        for name in ("UPBIT_ACCESS_KEY", "UPBIT_SECRET_KEY"):
            environment[f"{name}_{number}"] = keys[name]
    script = str(SAMPLES / "many_accounts.py")
    with Program(script, environment=environment) as program:
        program.wait_for("3 of 3 LIVE")
        accounts[1].deposit("BTC", "0.25")
        program.wait_for("upbit-2: BTC +0.25, together 1.75")
        program.interrupt()

        assert program.finish() == 0, program.output
        assert program.err == []

    environment["UPBIT_SECRET_KEY_3"] = "0" * 40
    with Program(script, environment=environment) as program:
        # Handlers of different kinds print these lines, in either order.
        for text in ("upbit-3: Upbit refused", "2 of 3 LIVE, 1 ended"):
            if text not in str(program.output):
                program.wait_for(text)
        program.interrupt()
        assert program.finish() == 0, program.output


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_service_ends_in_order_at_sigterm(simulated_exchange: Simulator) -> None:
    """STOPPED is its last line; a refused key ends it with 1, in one line."""
    account = simulated_exchange.upbit({"BTC": "0.5"})
    with sample("service.py", account) as program:
        program.wait_for("INFO LIVE, ")
        program.terminate()
        assert program.finish() == -signal.SIGTERM, program.output
    assert "INFO BTC 0.5, +0" in program.err
    assert program.err[-1] == "INFO STOPPED, stopped"

    refused = simulated_exchange.refuse_logins(account)
    with refused, sample("service.py", account) as program:
        assert program.finish() == 1
    label = f"upbit-{account.exchange().fingerprint}"
    assert program.err[-1].startswith(f"AuthenticationError: {label}: Upbit refused")
    # Nor does the library underneath say it in its own words.
    assert not [line for line in program.err if "goodbye" in line]


#: Stands in for Apprise, and prints what would be sent; and on stderr each state.
APPRISE = """
import runpy, sys, types
import assetstream

class Told(assetstream.AssetStream):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.on_state(lambda change: print("now", change.current, file=sys.stderr))

class Apprise:
    def add(self, url):
        self.url = url

    def notify(self, body):
        print(f"{self.url} {body}")
        return "FAILED" not in body

assetstream.AssetStream = Told
sys.modules["apprise"] = types.SimpleNamespace(Apprise=Apprise)
runpy.run_path(sys.argv[1])
"""


def test_alerts_tell_what_is_not_live_and_what_is_again(
    simulated_exchange: Simulator,
) -> None:
    """The first LIVE is no news; a message that cannot be sent is printed."""
    account = simulated_exchange.upbit({"BTC": "1"})
    environment = account.environment() | {"APPRISE_URL": "ntfy://topic"}
    script = str(SAMPLES / "alerts_apprise.py")
    label = f"upbit-{account.exchange().fingerprint}"
    with Program("-c", APPRISE, script, environment=environment) as program:
        program.wait_for("now LIVE")
        simulated_exchange.drop_connections()
        stale = program.wait_for(": STALE")
        live = program.wait_for(": LIVE")
        program.interrupt()
        assert program.finish() == 0, program.output
    assert stale.startswith(f"ntfy://topic {label}: STALE, ")
    assert live.startswith(f"ntfy://topic {label}: LIVE, ")
    assert len(program.out) == 2

    with (
        simulated_exchange.refuse_logins(account),
        Program("-c", APPRISE, script, environment=environment) as program,
    ):
        assert program.finish() == 1
    assert program.out[-1].startswith(f"not sent: {label}: FAILED, Upbit refused")


@pytest.mark.programs
def test_sync_bot_buys_until_its_money_is_spent() -> None:
    """The sample needs no keys, and ends by itself; its interpreter is its own."""
    with Program(str(SAMPLES / "sync_bot.py"), fresh=True) as program:
        assert program.finish() == 0, program.output
        assert program.out == [
            "bought 0.0031 BTC, now 0.0031",
            "bought 0.0031 BTC, now 0.0062",
            "bought 0.0031 BTC, now 0.0093",
            "100 SGD left, that is not enough",
        ]


@pytest.mark.programs
def test_log_states_logs_a_lost_connection_and_what_it_missed(
    simulated_exchange: Simulator,
) -> None:
    """A deposit during the gap is counted at LIVE, if REST has caught up by then."""
    account = simulated_exchange.coinw({"USDT": "100"})
    with sample("log_states.py", account) as program:
        program.wait_for("LIVE")
        began = time.monotonic()
        with simulated_exchange.refuse_upgrades():
            simulated_exchange.drop_connections()
            program.wait_for("STALE")
            account.deposit("USDT", "1")
            while time.monotonic() < began + 12.0:
                refused = simulated_exchange.seen.refused
                simulated_exchange.wait_for(
                    lambda seen, before=refused: seen.refused > before
                )
        program.wait_for("1 balances had changed")
        program.interrupt()

        assert program.finish() == 0, program.output
        assert "Traceback" not in program.output


@pytest.mark.programs
def test_the_notebook_runs_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cell fails or writes to stderr; each shows what its text says."""
    # Imported here: it takes seconds, also of a run without this test.
    import nbformat
    from nbclient import NotebookClient

    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    NotebookClient(notebook, timeout=PATIENCE).execute()
    outputs = {
        cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"
    }

    for output in itertools.chain.from_iterable(outputs.values()):
        assert output.get("name") != "stderr", output
    assert "DOGE" in shown(outputs["outage"])
    assert "changed" in shown(outputs["gap"])
    assert "stale" in shown(outputs["fault"])
    assert "LIVE" in shown(outputs["show"])
    assert "carol" in shown(outputs["group"])
    assert "1 gap" in shown(outputs["history"])
    assert "image/png" in shown(outputs["plot"])


def test_archive_tells_what_changed_between_two_runs(
    simulated_exchange: Simulator, tmp_path: Path
) -> None:
    """Ctrl-C closes the file in order, wherever it comes."""
    account = simulated_exchange.upbit({"BTC": "0.5"})
    script, path = str(SAMPLES / "archive.py"), tmp_path / "balances.db"
    environment = account.environment()
    for expected in ("an hour ago: ", "BTC: +0.25 while nobody looked"):
        with Program(script, str(path), environment=environment) as program:
            program.wait_for(expected)
            program.interrupt()
            program.finish()
        account.deposit("BTC", "0.25")
    with closing(sqlite3.connect(path)) as db:
        ended = db.execute("SELECT ended IS NOT NULL FROM runs").fetchall()
        states = db.execute("SELECT state FROM states").fetchall()
    assert ended == [(1,), (1,)]
    assert states[-1] == ("STOPPED",)


def test_the_notebook_is_kept_without_outputs() -> None:
    """Outputs would show our machines, and make diffs unreadable."""
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))

    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(code) > 5
    for cell in code:
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
    for cell in notebook["cells"]:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)?", cell["id"])


def shown(outputs: list[Any]) -> str:
    """Return all outputs of a cell."""
    return "\n".join(str(output) for output in outputs)


def test_every_sample_runs_on_the_simulator_by_one_line(tmp_path: Path) -> None:
    """The line in samples/README.md runs each sample."""
    guide = (SAMPLES / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^python (samples/on_simulator.py samples/.+)$", guide, re.M)
    shown = ["SGD: ", "upbit: ", "3 of 3 LIVE", "LIVE, ", "INFO LIVE, ", "an hour ago"]
    # Not into the folder that this is run in.
    lines = [
        line.replace("balances.db", str(tmp_path / "balances.db")) for line in lines
    ]
    with ExitStack() as stack:  # all at once: each takes its time to begin
        running = [stack.enter_context(Program(*line.split())) for line in lines]
        for program, text in zip(running, shown, strict=True):
            program.wait_for(text)
            program.interrupt()
        for program in running:
            assert program.finish() == 0, program.output
            assert "Traceback" not in program.output


def test_every_exchange_is_simulated_for_a_program(tmp_path: Path) -> None:
    """A bot is moved to any exchange, and runs as it did, unchanged."""
    bot = tmp_path / "bot.py"
    bot.write_text(
        "from assetstream import AssetStream\n"
        "from assetstream.exchanges import EXCHANGES\n"
        "for name, exchange in EXCHANGES.items():\n"
        "    region = {'region': exchange.regions[0]} if exchange.regions else {}\n"
        "    with AssetStream(exchange(**region)) as stream:\n"
        "        print(name, stream.state, len(stream.balances) > 0)\n",
        encoding="utf-8",
    )
    with Program(str(SAMPLES / "on_simulator.py"), str(bot)) as program:
        assert program.finish() == 0, program.output

    assert program.out == [f"{name} LIVE True" for name in EXCHANGES]


def test_every_sample_has_its_line_in_the_readme() -> None:
    """samples/README.md lists exactly the existing samples."""
    listed = (SAMPLES / "README.md").read_text(encoding="utf-8")

    there = {path.name for path in SAMPLES.iterdir()} - {"README.md"}
    assert there == set(re.findall(r"\]\(([^)]+)\)", listed))
