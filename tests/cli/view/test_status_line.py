"""A line on stderr with the progress of long work."""

from __future__ import annotations

import io
import sys

import pytest

from assetstream.cli.view import status_line
from assetstream.cli.view.status_line import StatusLine, clock, settled, size
from assetstream.model.health import Progress

ERASE_LINE = "\x1b[2K"


class Stderr(io.StringIO):
    """A stand-in for stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_the_latest_below_what_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each text replaces the last one; the end removes it."""
    terminal = Stderr()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    shown = StatusLine()
    shown.show("1 of 10")
    shown.show("2 of 10 [bold]")
    shown.note("noted [red]")
    shown.end()
    written = terminal.getvalue()

    assert "2 of 10 [bold]" in written
    assert written.index("noted [red]") < written.rindex("2 of 10")
    assert ERASE_LINE in written.rpartition("2 of 10")[2]


def test_a_file_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress is rare in a file; notes are written at once."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    shown = StatusLine()
    shown.show("1 of 10")
    shown.note("noted")
    assert out.getvalue() == "noted\n"

    monkeypatch.setattr(status_line, "EVERY", 0.0)
    shown = StatusLine()
    shown.show("2 of 10")
    shown.end()
    assert out.getvalue() == "noted\n2 of 10\n"


def test_times_and_sizes_as_people_read_them() -> None:
    """Times have minutes and hours, sizes thousands."""
    assert [clock(s) for s in (0, 61.9, 3723)] == ["0:00", "1:01", "1:02:03"]
    assert [size(b) for b in (999, 12_345, 4_500_000)] == [
        *("999 bytes", "12.3 KB", "4.5 MB")
    ]


def test_accounts_that_ended_have_settled() -> None:
    """The line counts and names them apart."""
    assert settled(Progress(1, 0, 3, 1)) == "1 of 3"
    assert settled(Progress(1, 1, 3, 2)) == "2 of 3, 1 ended"
