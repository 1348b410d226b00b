"""``assetstream doctor``: what is in the way of a live stream, and the remedy."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Sequence

import click
from rich.console import Console

from assetstream.cli.accounts import Choice, Chosen, choosing_accounts
from assetstream.cli.checkup import (
    EXIT_CODES,
    JsonReport,
    PlainReport,
    TerminalReport,
)
from assetstream.doctor.case import Patient
from assetstream.doctor.examination import examine
from assetstream.doctor.libraries import machine_checks
from assetstream.doctor.report import TIMEOUT, Check, worst

__all__ = ["doctor"]

EPILOG = """\
\b
Examples:
  assetstream doctor --simulate         see what it looks at; without a key
  assetstream doctor upbit --region sg  one account, keys of the environment
  assetstream doctor upbit --region sg --try-regions
  assetstream doctor --accounts accounts.toml    every account of a file
  assetstream doctor coinw --json | grep '"RED"'

\b
It looks, in this order, at:
  Python, libraries    are websocket and jwt the right packages, and releases?
  name look-up, TCP,   how the hosts are reached, by which proxy; and who
  TLS                  signed the certificate, for how long
  key                  its look: length, quotes, swapped or equal values
  REST                 does the exchange accept the key, and may it read?
  clock                this machine's against the exchange's
  region               with --try-regions: where the key belongs
  WebSocket,           does it open, is the subscription proved, is a ping
  subscription, ping   answered, and how fast?
  pushes               why it may be that nothing comes

\b
Each step is GREEN, YELLOW (it works, but look at it), RED (to be mended; the
remedies are below it, likeliest first) or SKIPPED, and why. It reads only:
nothing is changed at the exchange. No part of a key is shown. An account
takes 45 s at most, and mostly about one.

\b
Exit codes, by the worst of all steps:
  0    GREEN
  1    RED
  2    wrong usage, or a key or a package is missing
  3    YELLOW
  130  ended by Ctrl-C
"""

INTERRUPTED = 130


@click.command(epilog=EPILOG)
@choosing_accounts
@click.option(
    "--try-regions",
    is_flag=True,
    help="If Upbit does not know the key, send it to its other regions' hosts, too.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def doctor(choice: Choice, try_regions: bool, as_json: bool) -> None:
    """Find out what is in the way of a live stream, and what to do about it.

    EXCHANGE is upbit or coinw, or both.
    """
    report = _report(as_json)
    with choice.opened() as accounts:
        if try_regions:
            click.echo(
                "--try-regions: a key that its exchange does not know is sent to the "
                "same exchange's hosts of other regions.",
                err=True,
            )
        try:
            with report.waiting():
                checks = _examine_all(accounts, report, try_regions)
        except KeyboardInterrupt:
            click.echo("Ended by Ctrl-C.", err=True)
            sys.exit(INTERRUPTED)
    sys.exit(EXIT_CODES[worst(checks)])


def _examine_all(
    accounts: Sequence[Chosen], report: PlainReport, try_regions: bool
) -> list[Check]:
    """Examine this machine, then each account; return all checks."""
    machine = list(machine_checks())
    report.begin("", "this machine")
    for check in machine:
        report.show(check)
    everything = list(machine)
    for account in accounts:
        stream = account.stream()
        exchange = stream.exchange
        regions = exchange.elsewhere() if try_regions else None
        patient = Patient(exchange, stream.account, regions=regions)
        report.begin(exchange.name, stream.account)
        checks = []
        for check in examine(patient, TIMEOUT, report.working):
            report.show(check)
            checks.append(check)
        report.end([*machine, *checks])
        everything += checks
    return everything


def _report(as_json: bool) -> PlainReport:
    if as_json:
        return JsonReport(sys.stdout)
    console = Console(highlight=False)
    # Not asked of rich, where a variable may declare a pipe to be a terminal.
    if sys.stdout.isatty() and not console.is_dumb_terminal:
        return TerminalReport(console)
    if isinstance(sys.stdout, TextIOWrapper):
        # An exchange's words may be Korean where the pipe's encoding is not.
        sys.stdout.reconfigure(errors="backslashreplace")
    return PlainReport(sys.stdout)
