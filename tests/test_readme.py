"""The README: its program runs, and its commands are what CI takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from assetstream.simulator import Simulator
from tests.support.documents import block_with
from tests.support.processes import ROOT, Program

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


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


def test_set_up_is_two_commands_of_one_line() -> None:
    """One command runs the CI job, one the tests, each by itself."""
    job, tests = (command.strip() for command in COMMANDS)

    for command in (job, tests):
        assert "\n" not in command
        assert shlex.split(command)[:3] == ["python3", "-m", "venv"]
    assert job.endswith("assetstream watch --simulate")
    assert tests.endswith("pytest")
