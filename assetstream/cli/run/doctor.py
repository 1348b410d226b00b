"""Examines the chosen accounts one after another, and reports as it goes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Iterable, Sequence

from assetstream.cli.accounts.account import LabelledExchange
from assetstream.cli.accounts.options import NO_ACCOUNTS
from assetstream.cli.view.choose import terminal
from assetstream.cli.view.doctor import JsonReport, PlainReport, TerminalReport
from assetstream.doctor.examination import Subject, failure
from assetstream.doctor.examine import examine
from assetstream.doctor.libraries import machine_checks
from assetstream.doctor.report import TIMEOUT, Check
from assetstream.model.errors import AssetStreamError, ConfigurationError
from assetstream.sharing.engine_checks import EngineExamination

if TYPE_CHECKING:
    from assetstream.sharing.access import Access

__all__ = ["choose_report", "examine_all", "examine_fleet"]


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
    machine = _machine(report)
    everything = list(machine)
    for account, stream in zip(accounts, streams, strict=True):
        exchange = stream.exchange
        regions = exchange.elsewhere() if try_regions else None
        subject = Subject(
            exchange, stream.account, regions=regions, no_key=account.no_key
        )
        report.begin(exchange.name, stream.account)
        checks = _shown(examine(subject, TIMEOUT, report.working), report)
        report.end([*machine, *checks])
        everything += checks
    return everything


def examine_fleet(
    access: Access, labels: Sequence[str] | None, report: PlainReport
) -> list[Check]:
    """Examine this machine, an engine, and accounts there; return all checks.

    Args:
        access: to the data of a fleet.
        labels: of the accounts; None: all there are.
        report: shows the checks.
    """
    common = _machine(report)
    examination = EngineExamination(access, TIMEOUT, report.working)
    try:
        report.begin("", f"the engine {access.address.name}")
        common += _shown(examination.engine(), report)
        labels = labels or _labels(examination, report, common)
        everything = list(common)
        for label in labels:
            # First, for only then it is known of which exchange it is.
            checks = list(examination.account(label))
            report.begin(examination.exchange or "unknown", label)
            report.end([*common, *_shown(checks, report)])
            everything += checks
    finally:
        examination.close()
    return everything


def _machine(report: PlainReport) -> list[Check]:
    report.begin("", "this machine")
    return _shown(machine_checks(), report)


def _shown(checks: Iterable[Check], report: PlainReport) -> list[Check]:
    """Show each check as it is known, and return them all."""
    shown = []
    for check in checks:
        report.show(check)
        shown.append(check)
    return shown


def _labels(
    examination: EngineExamination, report: PlainReport, checks: list[Check]
) -> list[str]:
    """Return the fleet's accounts; add a check where there are none to examine."""
    outcome = failure(ConfigurationError("the fleet has none", remedy=NO_ACCOUNTS))
    try:
        found = examination.accounts()
    except AssetStreamError as error:
        found, outcome = [], failure(error)
    if not found:
        checks += _shown([Check("accounts", *outcome)], report)
        report.end(checks)
    return found
