"""The entry point: help, version, and the message about a missing extra."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from assetstream import __version__
from assetstream.cli.main import assetstream
from assetstream.libraries import install_command
from tests.support.processes import ROOT, Program
from tests.support.tapes import line, opened, reply, write_tape

#: Runs the entry point where a package (``argv[1]``) cannot be imported.
WITHOUT = """
import sys
missing = sys.argv.pop(1)
for name in list(sys.modules):  # what was imported before is imported anew
    if name.startswith(("assetstream.cli", "assetstream.simulator", missing)):
        del sys.modules[name]
sys.modules[missing] = None
from assetstream.cli import main
sys.argv[0] = "assetstream"
main()
"""


@pytest.mark.parametrize("name", assetstream.commands)
def test_help_teaches(name: str) -> None:
    """Each command's help has examples, exit codes and --json, in 80 columns."""
    done = CliRunner().invoke(assetstream, [name, "--help"])

    for part in (f"assetstream {name} ", "Examples:", "Exit codes", "--json"):
        assert part in done.stdout
    # Typed with care, hence not torn apart by the formatter.
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_list_of_commands_is_not_cut() -> None:
    """The help is whole, and the guide has a row for each command."""
    printed = CliRunner().invoke(assetstream, ["--help"]).stdout
    listed = printed.partition("Commands:")[2].partition("\n\n")[0].split("\n  ")[1:]

    assert [row.split()[0] for row in listed] == sorted(assetstream.commands)
    assert "..." not in "".join(listed)
    guide = (ROOT / "docs/reference/command-line.md").read_text(encoding="utf-8")
    for name in assetstream.commands:
        assert re.search(rf"^\| `assetstream {name}\b", guide, re.MULTILINE), name


@pytest.mark.parametrize("missing", ["click", "requests"])
def test_version_is_printed(missing: str) -> None:
    """``--version`` prints the release; nothing needs to be installed for that."""
    with Program("-c", WITHOUT, missing, "--version") as program:
        assert program.finish() == 0
        assert program.out == [f"assetstream, version {__version__}"]


def test_version_is_an_option_like_others() -> None:
    """Behind another option click prints the same."""
    done = CliRunner().invoke(assetstream, ["--version"])
    assert done.stdout == f"assetstream, version {__version__}\n"


@pytest.mark.parametrize(
    ("package", "arguments"),
    [
        ("click", ["--simulate"]),
        ("rich", ["--simulate"]),
        ("dotenv", ["coinw", "--keys", __file__]),
    ],
)
def test_a_missing_extra_is_named(package: str, arguments: list[str]) -> None:
    """Without one of its packages the exit code is 2, with the install command."""
    with Program("-c", WITHOUT, package, "watch", *arguments) as program:
        assert program.finish() == 2

    assert program.err == [
        f"The assetstream command needs the package {package}: "
        + install_command("cli")
    ]


def test_a_missing_simulator_is_named() -> None:
    """Without websockets --simulate exits with 2 and the install command."""
    with Program("-c", WITHOUT, "websockets", "watch", "--simulate") as program:
        assert program.finish() == 2

    assert install_command("simulator") in program.output
    assert "Traceback" not in program.output


def test_the_entry_point_imports_nothing_of_others() -> None:
    """Importing the room loads only the standard library."""
    script = (
        "import sys, assetstream.cli\n"
        "print(sorted(m for m in sys.modules if m in "
        "('click', 'dotenv', 'rich', 'websocket', 'requests', 'msgspec', 'jwt')))\n"
    )
    with Program("-c", script, fresh=True) as program:
        assert program.finish() == 0
        assert program.out == ["[]"]


#: Runs the entry point as a daemon may: without standard input and output.
CLOSED = """
import os, sys
os.close(0)
os.close(1)
sys.stdin = sys.stdout = None
from assetstream.cli import main
sys.argv[0] = "assetstream"
main()
"""


@pytest.mark.parametrize(
    "command", ["balances coinw --simulate", "watch coinw --simulate --for 100ms"]
)
def test_a_closed_output_is_no_fault(command: str) -> None:
    """What is written goes nowhere, least of all into a socket."""
    with Program("-c", CLOSED, *command.split()) as program:
        assert program.finish() == 0, program.output
    assert program.output == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_sigterm_ends_a_command_as_ctrl_c_does(tmp_path: Path) -> None:
    """Each says its last words; the exit code is 0, or 130 for what was not done."""
    lines = [*opened(9, BTC="1"), reply(10, BTC="1"), line(11, "end")]
    tape = str(write_tape(tmp_path / "tape", "upbit", *lines))
    commands = {
        ("watch", "coinw", "--simulate"): ("LIVE", 0, "STOPPED"),
        ("record", "coinw", "--simulate", "-o", str(tmp_path / "new")): (
            "LIVE",
            0,
            "assetstream replay",
        ),
        ("simulate",): ("Ctrl-C", 0, "stopped"),
        ("replay", tape): ("Ctrl-C", 130, "Ctrl-C stops it."),
    }
    for command, (begun, code, last) in commands.items():
        with Program("-m", "assetstream.cli", *command) as program:
            program.wait_for(begun)
            program.terminate()
            assert program.finish() == code, program.output
        assert last in program.out[-1]
        assert "Traceback" not in program.output


def test_a_signal_that_is_ignored_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """So does one that somebody else handles; what was before is there afterwards."""
    seen: list[object] = []

    def look(**options: object) -> None:
        seen.append(signal.getsignal(signal.SIGTERM))

    monkeypatch.setattr(assetstream.commands["simulate"], "callback", look)
    kept = signal.getsignal(signal.SIGTERM)
    try:
        for handler in (signal.SIG_IGN, signal.SIG_DFL):
            signal.signal(signal.SIGTERM, handler)
            assert CliRunner().invoke(assetstream, ["simulate"]).exit_code == 0
            assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, kept)
    assert seen == [signal.SIG_IGN, signal.default_int_handler]
