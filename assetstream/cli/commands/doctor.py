"""``assetstream doctor``: what is in the way of a live stream, and the remedy."""

from __future__ import annotations

import sys

import click

from assetstream.cli.accounts.options import AccountOptions, choosing_accounts
from assetstream.cli.exit_codes import INTERRUPTED
from assetstream.cli.options import ListingCommand, json_option
from assetstream.cli.view.output import output

__all__ = ["doctor"]

EPILOG = """\
\b
Examples:
  assetstream doctor --simulate         see what it looks at; without a key
  assetstream doctor upbit --region sg  one account, keys of the environment
  assetstream doctor upbit --region sg --try-regions
  assetstream doctor --accounts accounts.toml    every account of a file
  assetstream doctor coinw --json | grep '"RED"'
  assetstream doctor --from redis://cache        an engine, and its accounts

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
With --from it looks at the engine where others publish accounts, and then at
each account of the fleet, or at those that you name:
  engine               is it reached, and of a fitting release?
  encryption,          can others on the way read balances, or forge them?
  password
  eviction,            may it drop accounts, and what does it lose when it is
  persistence          restarted? (if its user may ask for that)
  owner                which worker owns the account, and how is it there?
  pulses               is that worker heard of, and how old is its word?

\b
Each step is GREEN, YELLOW (it works, but look at it), RED (to be mended; the
remedies are below it, likeliest first) or SKIPPED, and why. It reads only:
nothing is changed at the exchange. No part of a key is shown. An account
takes 45 s at most, and mostly about one. Without a key it looks at all that
needs none, and is RED there.

\b
Exit codes, by the worst of all steps:
  0    GREEN
  1    RED; a missing key is
  2    wrong usage, or a package is missing
  3    YELLOW
  130  ended by Ctrl-C
"""


@click.command(
    cls=ListingCommand,
    epilog=EPILOG,
    short_help="Find what is in the way of a live stream.",
)
@choosing_accounts
@click.option(
    "--try-regions",
    is_flag=True,
    help="Send a key that its exchange does not know to the other regions' hosts, too.",
)
@json_option
def doctor(choice: AccountOptions, try_regions: bool, as_json: bool) -> None:
    """Find out what is in the way of a live stream, and what to do about it.

    EXCHANGE is {exchanges}, one or more of them; with --accounts, labels in
    that file; with --from, labels of its fleet.
    """
    from assetstream.cli.run.doctor import choose_report, examine_all, examine_fleet
    from assetstream.cli.view.doctor import EXIT_CODES
    from assetstream.doctor.report import worst

    remote = choice.source is not None
    with output(), choice.engine() if remote else choice.opened() as subject:
        if try_regions:
            click.echo(
                "--try-regions: a key that its exchange does not know is sent to the "
                "same exchange's hosts of other regions.",
                err=True,
            )
        try:
            report = choose_report(as_json)
            with report.waiting():
                if isinstance(subject, list):
                    checks = examine_all(subject, report, try_regions)
                else:
                    checks = examine_fleet(subject, choice.labels, report)
        except KeyboardInterrupt:
            click.echo("Ended by Ctrl-C.", err=True)
            sys.exit(INTERRUPTED)
    sys.exit(EXIT_CODES[worst(checks)])
