"""``assetstream relay``: own accounts, and publish them for readers elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from assetstream.cli.accounts.options import (
    URL_FORMS,
    AccountOptions,
    owning_accounts,
    reach,
    url_of,
    usage_errors,
)
from assetstream.cli.options import (
    ListingCommand,
    archive_option,
    duration_of,
    json_option,
    metrics_option,
    serving,
)
from assetstream.cli.view.output import complain, output

__all__ = ["relay"]

EPILOG = """\
\b
Examples:
  assetstream relay --accounts accounts.toml --to redis://cache
  assetstream relay --accounts accounts.toml --to env --metrics 9464
  assetstream relay --simulate --to redis://127.0.0.1        to try it
  assetstream relay --acl --fleet desk                       rights to give

\b
It is connected to the exchanges, and writes what it knows into Redis (from
7.0 on) or Valkey (from 7.2 on), where any number of `RemoteStream`,
`assetstream watch --from` and others read it, without a key. Start it on two
hosts with the same accounts: each account has one owner at a time. Ctrl-C or
SIGTERM gives all back, and the other relay takes them at once; if a host
dies, within 5.5 s. `assetstream fleet --from` tells who owns what.

\b
Accounts and keys are chosen as for `assetstream watch`, whose --help explains
them. Their labels are what readers ask for, so use a file of accounts. One
that has no key is left out, and the exit code is 1.

\b
A password of the engine does not belong on the command line: put the URL into
ASSETSTREAM_ENGINE_URL, and write --to env. --acl prints the commands that
make users with as few rights as they need, and ends.

\b
Cut off from the engine it says nothing, and readers notice within 3 s. It
keeps its connections for --hold (30s), for mostly the engine comes back; with
--hold strict never two relays are connected for one account, at the price
that an engine that is away for 3.5 s costs every connection.

\b
Output: a line for each change of state and each error; with --json one object
per line. No balance is in it.

\b
Exit codes:
  0    ended by you: Ctrl-C, SIGTERM, or the pipe's reader went away
  1    the engine refuses it, the output or the archive failed, or an account
       was left out; why, and what to do, is on stderr
  2    wrong usage, or a key or a package is missing
  130  a second Ctrl-C, which does not wait for a clean end
"""


def hold_of(
    ctx: click.Context, parameter: click.Parameter, text: str
) -> float | str | None:
    """Read a duration, or ``strict``."""
    return text if text == "strict" else duration_of(ctx, parameter, text)


@click.command(cls=ListingCommand, epilog=EPILOG)
@owning_accounts
@click.option(
    "--to",
    "target",
    metavar="URL",
    help=f"The engine: {URL_FORMS}",
)
@click.option(
    "--fleet",
    "of_fleet",
    default="default",
    metavar="NAME",
    help="The name of all relays and readers that have to do with each other.",
)
@click.option(
    "--capacity",
    type=click.IntRange(1),
    metavar="N",
    help="Own so many accounts at most.",
)
@click.option(
    "--hold",
    callback=hold_of,
    default="30s",
    metavar="30s",
    help="Keep connections for so long without the engine; or: strict.",
)
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    metavar="0.5",
    help="Use this part of each exchange's limits: other relays leave by this address.",
)
@archive_option
@metrics_option
@json_option
@click.option("--acl", is_flag=True, help="Print rights for the engine's users.")
def relay(
    choice: AccountOptions,
    target: str | None,
    of_fleet: str,
    capacity: int | None,
    hold: float | str,
    share: float,
    archive: Path | None,
    metrics: tuple[str, int] | None,
    as_json: bool,
    acl: bool,
) -> None:
    """Own accounts, and publish them by Redis or Valkey.

    EXCHANGE is {exchanges}, one or more of them; with --accounts, labels in
    that file.
    """
    from assetstream.cli.run.relay import RelayCommand, rights

    if acl:
        with output(), usage_errors():
            click.echo("\n".join(rights(of_fleet)))
        return
    if target is None:
        raise click.UsageError(
            "--to is missing: the engine to publish at, like --to redis://127.0.0.1"
        )
    with output(), choice.opened() as accounts:
        reach(target, of_fleet, "--to")
        streams, left_out = choice.usable(accounts)
        run = RelayCommand(
            url_of(target),
            {stream.account: stream.exchange for stream in streams},
            as_json,
            archive,
            fleet=of_fleet,
            capacity=capacity,
            hold=hold,
            share=share,
        )
        with serving(run.relay, metrics):
            run.run(left_out)
    errors = [*left_out, *run.errors]
    for error in errors:
        complain(f"{error}")
    sys.exit(1 if errors else 0)
