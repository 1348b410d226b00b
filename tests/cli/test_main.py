"""The entry point: help, version, and what it says when its extra is missing."""

from __future__ import annotations

import pytest

from assetstream import __version__
from tests.programs import Program

#: Runs the entry point where a package (``argv[1]``) cannot be imported.
WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None
from assetstream.cli import main
sys.argv = ["assetstream", *sys.argv[2:]]
main()
"""


def test_help_teaches() -> None:
    """Examples, variables and exit codes are in the help text."""
    with Program("-m", "assetstream.cli", "watch", "--help") as program:
        assert program.finish() == 0

    for part in (
        "assetstream watch --simulate",
        "assetstream watch upbit --region sg",
        "UPBIT_ACCESS_KEY",
        "COINW_SECRET_KEY",
        "Exit codes",
    ):
        assert part in program.told
    # Typed with care, hence not torn apart by the formatter.
    assert max(len(line) for line in program.out) <= 80


def test_version_is_told() -> None:
    """``--version`` prints the release."""
    with Program("-m", "assetstream.cli", "--version") as program:
        assert program.finish() == 0
        assert __version__ in program.told


@pytest.mark.parametrize("package", ["click", "rich"])
def test_a_missing_extra_is_named(package: str) -> None:
    """Without click or rich the command says what to install, with exit code 2."""
    with Program("-c", WITHOUT, package, "watch", "--simulate") as program:
        assert program.finish() == 2

    assert program.err == [
        f"The assetstream command needs the package {package}: "
        'pip install "assetstream[cli]"'
    ]


def test_a_missing_simulator_is_named() -> None:
    """Without websockets, --simulate says what to install, with exit code 2."""
    with Program("-c", WITHOUT, "websockets", "watch", "--simulate") as program:
        assert program.finish() == 2

    assert 'pip install "assetstream[simulator]"' in program.told
    assert "Traceback" not in program.told


def test_the_entry_point_imports_nothing_of_others() -> None:
    """Importing the room imports the standard library alone."""
    script = (
        "import sys, assetstream.cli\n"
        "print(sorted(m for m in sys.modules if m in "
        "('click', 'rich', 'websocket', 'requests', 'msgspec', 'jwt')))\n"
    )
    with Program("-c", script) as program:
        assert program.finish() == 0
        assert program.out == ["[]"]
