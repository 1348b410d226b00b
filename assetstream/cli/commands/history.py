"""``assetstream history``: what an archive knows."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from assetstream.cli.options import json_option
from assetstream.cli.view.output import complain, output

__all__ = ["history"]

EPILOG = """\
\b
Examples:
  assetstream watch upbit --region sg --archive balances.db    records
  assetstream history balances.db --at "2026-11-29 12:00"
  assetstream history balances.db --at 2026-11-29T12:00+01:00 --account main
  assetstream history balances.db --since-last-run
  assetstream history balances.db --since 2026-11-01 --currency BTC --csv

\b
FILE may be written meanwhile, by watch --archive or a program of yours.
A time is written in ISO 8601; without a zone it is UTC.
--at tells what was held at that time, if the account was LIVE then: else it
says why that is not known, and ends with 1; with --last-known it tells the
last that was known before. Currencies of which nothing was held are left out.
--since-last-run tells what changed while nothing recorded the account,
before the last time that something did. Without either, all updates are told,
and the gaps in which some could have been missed.

\b
Output: a table, or lines; with --json one object per line, whose "kind" is
"account" (as in assetstream balances), "update" or "gap"; with --csv rows
with a head, without gaps. Amounts have all their digits.

\b
Exit codes:
  0    it was told
  1    that is not known, or the output failed; why is on stderr
  2    wrong usage, or the file is no archive or cannot be read
"""


def time_of(
    ctx: click.Context, parameter: click.Parameter, text: str | None
) -> datetime | None:
    """Read a time; raise click's own error for a wrong one."""
    from assetstream.archive.instants import moment, parsed
    from assetstream.model.errors import ConfigurationError

    if text is None:
        return None
    try:
        return moment(parsed("time", text))
    except ConfigurationError:
        raise click.BadParameter(
            f'{text!r} is no time in ISO 8601; write "2026-11-29 12:00", which is UTC, '
            "or 2026-11-29T12:00+01:00."
        ) from None


@click.command(epilog=EPILOG)
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--account", metavar="LABEL", help="Which; not needed if the file has one only."
)
@click.option(
    "--at", metavar="TIME", callback=time_of, help="Tell the balances of that time."
)
@click.option(
    "--last-known", is_flag=True, help="With --at: also where that is not known."
)
@click.option(
    "--since-last-run", is_flag=True, help="Tell what changed while none recorded."
)
@click.option(
    "--since", metavar="TIME", callback=time_of, help="Tell updates from then on."
)
@click.option(
    "--until", metavar="TIME", callback=time_of, help="Tell updates up to then."
)
@click.option("--currency", metavar="CODE", help="Tell updates of that one.")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Rows of comma-separated values.")
def history(
    path: Path,
    account: str | None,
    at: datetime | None,
    last_known: bool,
    since_last_run: bool,
    since: datetime | None,
    until: datetime | None,
    currency: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Tell what accounts held, and what changed, from an archive."""
    from assetstream.archive.archive import Archive
    from assetstream.cli.view.history import choose_form
    from assetstream.cli.view.lines import iso
    from assetstream.model.errors import ConfigurationError, StaleBalance

    updates = any(given is not None for given in (since, until, currency))
    if sum([at is not None, since_last_run, updates]) > 1:
        raise click.UsageError(
            "--at, --since-last-run, and --since with --until and --currency are "
            "three questions: ask one"
        )
    if last_known and at is None:
        raise click.UsageError("--last-known is about --at")
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    if not path.exists():
        raise click.UsageError(
            f"there is no archive {path}. Look at the path; one is made by assetstream "
            "watch --archive."
        )
    form = choose_form(as_json, as_csv)
    try:
        with output(), Archive(path) as archive:
            if at is not None:
                held = archive.at(at, account, known=not last_known)
                form.balances(iso(at), held)
            elif since_last_run:
                form.updates(archive.since_last_run(account))
            else:
                form.updates(
                    archive.updates(
                        account, since=since, until=until, currency=currency
                    )
                )
    except ConfigurationError as exc:
        raise click.UsageError(str(exc)) from None
    except StaleBalance as exc:
        if exc.remedy:  # "known=False ...", where there is a last
            exc.remedy = "--last-known tells the last before it."
        complain(f"{exc}")
        sys.exit(1)
