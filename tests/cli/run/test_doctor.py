"""A run of ``assetstream doctor``: this machine, then one account after the other."""

from __future__ import annotations

import io
import sys

import pytest

from assetstream import Check, Verdict
from assetstream.cli.accounts.account import LabelledExchange
from assetstream.cli.run import doctor
from assetstream.cli.run.doctor import choose_report, examine_all
from assetstream.cli.view.doctor import JsonReport, PlainReport, TerminalReport
from assetstream.doctor import connection
from assetstream.simulator import Simulator


class Report(PlainReport):
    """A report that keeps the order of its calls."""

    def __init__(self) -> None:
        super().__init__(io.StringIO())
        self.calls: list[str] = []
        self.ends: list[set[str]] = []

    def begin(self, exchange: str, account: str) -> None:
        """Note the account."""
        self.calls.append(f"begin {exchange} {account}")

    def working(self, step: str) -> None:
        """Note the step."""
        self.calls.append(f"working {step}")

    def show(self, check: Check) -> None:
        """Note the check."""
        self.calls.append(f"show {check.name}")

    def end(self, checks: list[Check]) -> None:  # type: ignore[override]
        """Note the names of the checks."""
        self.ends.append({check.name for check in checks})


def test_this_machine_comes_before_the_accounts(
    exchange: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine is checked once, and counts for each account."""
    machine = [Check("libraries", Verdict.GREEN, "there")]
    monkeypatch.setattr(doctor, "machine_checks", lambda: iter(machine))
    monkeypatch.setattr(connection, "PING_INTERVAL", 0.02)
    report = Report()
    accounts = [
        LabelledExchange(exchange.coinw().exchange(), label) for label in ("a", "b")
    ]
    checks = examine_all(accounts, report, try_regions=False)

    begun = [call for call in report.calls if call.startswith("begin")]
    assert begun == ["begin  this machine", "begin coinw a", "begin coinw b"]
    assert report.calls[1] == "show libraries"
    assert report.calls[3].startswith("working ")
    assert [check.name for check in checks].count("libraries") == 1
    assert len(report.ends) == 2
    assert all("libraries" in names and len(names) > 3 for names in report.ends)
    assert {check.verdict for check in checks} <= {Verdict.GREEN, Verdict.SKIPPED}


def test_the_report_is_chosen_by_who_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program, a pipe and a terminal have different reports."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert type(choose_report(True)) is JsonReport
    assert type(choose_report(False)) is PlainReport
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert type(choose_report(False)) is TerminalReport
