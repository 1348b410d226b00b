"""The doctor's report on a terminal, for people."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from assetstream import Check, Verdict
from assetstream.cli.view.doctor import TerminalReport

CHECKS = [
    Check("TCP", Verdict.GREEN, "connected [not markup]"),
    Check("REST", Verdict.RED, "refused " * 30, ("Do this.",)),
    Check("ping", Verdict.SKIPPED, "REST is red"),
]


def shown(**options: Any) -> str:
    """Return the output for a terminal of 80 columns."""
    console = Console(
        file=io.StringIO(), force_terminal=True, width=80, highlight=False, **options
    )
    report = TerminalReport(console)
    report.begin("upbit", "mine")
    with report.waiting():
        report.working("TLS")
        for check in CHECKS:
            report.show(check)
    report.end(CHECKS)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_verdicts_in_colour_and_in_words() -> None:
    """The running step is shown; texts fit, and are not taken for markup."""
    output = shown(color_system="standard")

    assert "\x1b[1;32mGREEN\x1b[0m" in output
    assert "\x1b[1;31mRED\x1b[0m" in output
    assert "[not markup]" in output
    assert "mine: TLS ..." in output


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words have all that the colours show."""
    monkeypatch.setenv("NO_COLOR", "1")
    output = shown()

    assert "\x1b[1;31m" not in output
    assert "RED" in output


def test_a_label_is_no_markup() -> None:
    """Brackets in a label stay brackets, also beside the spinner."""
    out = io.StringIO()
    report = TerminalReport(Console(file=out, force_terminal=True, width=80))
    with report.waiting():
        report.begin("upbit", "[/red]")
        report.working("REST")

    assert "[/red] at upbit" in out.getvalue()
