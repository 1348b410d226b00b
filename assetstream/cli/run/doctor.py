"""Examines the chosen accounts one after another, and reports as it goes."""

from __future__ import annotations

import sys
from typing import Sequence

from assetstream.cli.accounts.account import LabelledExchange
from assetstream.cli.view.choose import terminal
from assetstream.cli.view.doctor import JsonReport, PlainReport, TerminalReport
from assetstream.doctor.examination import Subject
from assetstream.doctor.examine import examine
from assetstream.doctor.libraries import machine_checks
from assetstream.doctor.report import TIMEOUT, Check

__all__ = ["choose_report", "examine_all"]


def choose_report(as_json: bool) -> PlainReport:
    """Return the report for standard output."""
    if as_json:
        return JsonReport(sys.stdout)
    console = terminal()
    return TerminalReport(console) if console is not None else PlainReport(sys.stdout)


def examine_all(
    accounts: Sequence[LabelledExchange], report: PlainReport, try_regions: bool
) -> list[Check]:
    """Examine this machine, then each account; return all checks."""
    # First, for with a broken library there are none: it is then named instead.
    streams = [account.stream() for account in accounts]
    machine = list(machine_checks())
    report.begin("", "this machine")
    for check in machine:
        report.show(check)
    everything = list(machine)
    for account, stream in zip(accounts, streams, strict=True):
        exchange = stream.exchange
        regions = exchange.elsewhere() if try_regions else None
        subject = Subject(
            exchange, stream.account, regions=regions, no_key=account.no_key
        )
        report.begin(exchange.name, stream.account)
        checks = []
        for check in examine(subject, TIMEOUT, report.working):
            report.show(check)
            checks.append(check)
        report.end([*machine, *checks])
        everything += checks
    return everything
