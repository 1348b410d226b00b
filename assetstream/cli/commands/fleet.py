"""``assetstream fleet``: who owns which account."""

from __future__ import annotations

import sys

import click

from assetstream.cli.accounts.options import NO_ACCOUNTS, URL_FORMS, reach, usage_errors
from assetstream.cli.options import json_option
from assetstream.cli.view.output import complain, output
from assetstream.model.errors import AssetStreamError

__all__ = ["fleet"]

EPILOG = """\
\b
Examples:
  assetstream fleet --from redis://cache
  assetstream fleet --from env --fleet desk --json

\b
It reads who owns each account of a fleet, for how long, when that relay was
last heard of, and what state it has told. It needs no key, and no more rights
than a reader (assetstream relay --acl prints them).

\b
An account without a living owner is RED: no relay that runs has its key, or
all are full. Readers are STALE then, or CONNECTING if they have come
since, and say why. An account that no relay names any more is forgotten after
a week.

\b
Output: a table; with --json one object per line: "account", "exchange",
"owner", "alive", "since" and "lag" in seconds, "state", "reason".

\b
Exit codes:
  0    each account has an owner that lives
  1    one has none, there are none at all, or the engine cannot be read; why
       is on stderr
  2    wrong usage, or a package is missing
  130  Ctrl-C
"""


@click.command(epilog=EPILOG)
@click.option(
    "--from",
    "source",
    required=True,
    metavar="URL",
    help=f"The engine: {URL_FORMS}",
)
@click.option(
    "--fleet", "name", default="default", metavar="NAME", help="The fleet's name."
)
@json_option
def fleet(source: str, name: str, as_json: bool) -> None:
    """Show who owns which account of a fleet, and which nobody owns."""
    with usage_errors():
        access = reach(source, name, "--from")
    from assetstream.cli.view.fleet import print_json, print_table
    from assetstream.sharing.survey import survey

    try:
        with access.engine() as engine:
            rows = survey(engine)
    except AssetStreamError as error:
        # Not all of its text: nothing tries again by itself here.
        complain(". ".join(filter(None, (error.problem, error.remedy))))
        sys.exit(1)
    with output():
        (print_json if as_json else print_table)(rows)
    if not rows:
        complain(
            f"no relay has ever published a fleet {name!r} at {access.address.name}. "
            f"{NO_ACCOUNTS}"
        )
    alone = sum(not row.alive for row in rows)
    if alone:
        complain(f"{alone} of {len(rows)} accounts have no owner that lives")
    sys.exit(1 if alone or not rows else 0)
