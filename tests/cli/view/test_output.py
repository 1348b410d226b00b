"""Failures of standard output."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from assetstream.cli.view.output import folded


def failing(error: str) -> subprocess.CompletedProcess[str]:
    """Run a program whose output fails while more is buffered."""
    code = (
        "from assetstream.cli.view.output import output\n"
        "print('before')\n"
        f"with output(): raise {error}\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )


def test_a_reader_that_went_away_is_a_good_end() -> None:
    """The exit is quiet, as for ``| head``."""
    done = failing("BrokenPipeError")

    assert (done.returncode, done.stderr) == (0, "")


def test_an_output_that_cannot_be_written_is_an_error_of_one_line() -> None:
    """The error has no traceback."""
    done = failing("OSError(28, 'No space left on device')")

    assert done.returncode == 1
    assert done.stderr == (
        "Error: the output cannot be written: [Errno 28] No space left on device\n"
    )


@pytest.mark.parametrize("error", ["ValueError('of ours')", "SystemExit(7)"])
def test_other_errors_go_on(error: str) -> None:
    """Errors of another file are not caught."""
    done = failing(error)

    assert done.stdout == "before\n"
    assert done.returncode == (7 if "7" in error else 1)


def test_what_was_written_is_flushed() -> None:
    """The flush is inside, so that its failure is caught."""
    code = (
        "import os\n"
        "from assetstream.cli.view.output import output\n"
        "with output(): print('all of it')\n"
        "os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout == "all of it\n"


class Narrow(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """Return True, as a terminal does."""
        return True


def test_a_terminal_has_its_words_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines, their room at the beginning, and what is to be copied stay."""
    monkeypatch.setenv("COLUMNS", "30")
    text = (
        "  silent_drop  frames are lost well-known\n\nhttp://127.0.0.1:12345/"
        + "a" * 20
    )

    assert folded(text, Narrow(), indent=15).splitlines() == [
        "  silent_drop  frames are lost",
        "               well-known",
        "",
        "http://127.0.0.1:12345/" + "a" * 20,
    ]
    assert folded(text, io.StringIO()) == folded(text, None) == text
