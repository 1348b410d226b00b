"""The shell's completion: its choices, and its speed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from assetstream.cli.main import assetstream
from assetstream.display.words import listed
from assetstream.exchanges import EXCHANGES
from assetstream.simulator import FAULTS
from tests.support.processes import ROOT, Program

VARIABLE = "_ASSETSTREAM_COMPLETE"


def completed(*words: str) -> list[str]:
    """Return the words that complete the last one."""
    *before, begun = words
    shell = BashComplete(assetstream, {}, "assetstream", VARIABLE)
    return [item.value for item in shell.get_completions(before, begun)]


def test_names_are_completed(tmp_path: Path) -> None:
    """Commands, exchanges, regions, labels and faults are completed."""
    path = tmp_path / "accounts.toml"
    path.write_text('[main]\nexchange="coinw"\n[savings]\nexchange="coinw"\n')

    assert {"watch", "balances", "simulate"} <= set(completed(""))
    assert completed("watch", "") == list(EXCHANGES)
    assert completed("watch", "upbit", "") == [n for n in EXCHANGES if n != "upbit"]
    assert completed("balances", "upbit", "--region", "s") == ["sg"]
    assert completed("watch", "--accounts", str(path), "") == ["main", "savings"]
    assert completed("watch", "--accounts", str(path / "gone"), "") == []
    assert completed("simulate", "--fault", "") == list(FAULTS)
    assert completed("simulate", "--fault", "rest_st") == ["rest_stale"]
    assert completed("watch", "--si") == ["--simulate"]


@pytest.mark.parametrize("command", ["watch", "balances", "doctor", "record"])
def test_helps_list_the_exchanges(command: str) -> None:
    """By what is registered, and watch with the variables of their keys."""
    shown = CliRunner().invoke(assetstream, [command, "--help"]).stdout

    assert f"EXCHANGE is {listed(EXCHANGES, 'or')}" in " ".join(shown.split())
    assert "{" not in shown.partition("Options:")[0]
    if command == "watch":
        for exchange in EXCHANGES.values():
            for name in exchange.key_names:
                assert exchange.variable(name) in shown


def test_the_entry_point_answers_a_shell() -> None:
    """The entry point answers bash by the variable in guide and help."""
    environment = {
        VARIABLE: "bash_complete",
        "COMP_WORDS": "assetstream watch up",
        "COMP_CWORD": "2",
    }
    with Program("-m", "assetstream.cli", environment=environment) as program:
        assert program.finish() == 0

    assert program.out == ["plain,upbit"]
    assert f"{VARIABLE}=bash_source" in (
        ROOT / "docs/reference/command-line.md"
    ).read_text("utf-8")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_its_line_in_the_help(shell: str) -> None:
    """The entry point supports each of these shells."""
    assert f"{VARIABLE}={shell}_source assetstream" in (assetstream.epilog or "")


def test_help_and_completion_import_next_to_nothing() -> None:
    """No network library, simulator or rich is imported, as a shell waits."""
    script = (
        "import sys, assetstream.cli.main\n"
        "print([m for m in ('rich', 'websocket', 'requests', 'jwt', 'msgspec', "
        "'assetstream.streams.stream', 'assetstream.simulator') if m in sys.modules])\n"
    )
    with Program("-c", script, fresh=True) as program:
        assert program.finish() == 0
        assert program.out == ["[]"]
