"""How far long work is, told on stderr."""

from __future__ import annotations

import io
import sys

import pytest

from assetstream.cli.view import progress
from assetstream.cli.view.progress import Progress, clock, size


class Terminal(io.StringIO):
    """Stderr, as a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_the_latest_below_what_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each text takes the last one's place; at the end there is none."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    shown = Progress()
    shown.show("1 of 10")
    shown.show("2 of 10")
    shown.note("noted")
    shown.end()

    erased = "\r         \r"
    latest = f"2 of 10{erased}"
    assert terminal.getvalue() == f"1 of 10{erased}{latest}noted\n{latest}"


def test_a_file_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not four a second; what is noted at once."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    shown = Progress()
    shown.show("1 of 10")
    shown.note("noted")
    assert out.getvalue() == "noted\n"

    monkeypatch.setattr(progress, "EVERY", 0.0)
    shown = Progress()
    shown.show("2 of 10")
    shown.end()
    assert out.getvalue() == "noted\n2 of 10\n"


def test_times_and_sizes_as_people_read_them() -> None:
    """Minutes and hours; bytes in thousands."""
    assert [clock(s) for s in (0, 61.9, 3723)] == ["0:00", "1:01", "1:02:03"]
    assert [size(b) for b in (999, 12_345, 4_500_000)] == [
        *("999 bytes", "12.3 KB", "4.5 MB")
    ]
