"""``assetstream balances``: what accounts hold now."""

from __future__ import annotations

import sys

import click

from assetstream.cli.accounts.options import AccountOptions, choosing_accounts
from assetstream.cli.options import ListingCommand, json_option
from assetstream.cli.view.output import output

__all__ = ["balances"]

EPILOG = """\
\b
Examples:
  assetstream balances --simulate
  assetstream balances upbit --region sg
  assetstream balances --accounts accounts.toml
  assetstream balances --accounts accounts.toml main
  assetstream balances upbit --region sg --json
  assetstream balances --from redis://cache alice

\b
Each account is connected as by `watch`, and counts as read once it is LIVE:
its balances were read by REST and merged with what was pushed meanwhile.
Currencies of which nothing is held are left out. Of more than one account
the sums follow. One that is not LIVE within 30 s is given up, and the others
are shown all the same. So it is with one of a file that has no key (its
variable is not set, its key file not there); but all that you name must be
there. A label that the engine (--from) does not have is not waited for.

\b
Keys, key files and files of accounts are those of `assetstream watch`, whose
--help explains them.

\b
Output: a table; with --json one object per line, whose "kind" is "account"
(with "balances", each currency's "available", "locked" and "total" as
strings, and "stale" if the exchange contradicts itself), "error" (an account
that could not be read) or, of more than one account, "total" (in "missing"
those that it leaves out):
  assetstream balances coinw --json | jq -r .balances.USDT.total

\b
Exit codes:
  0    every account was read
  1    one was not, or the output failed; why, and what to do, is on stderr
  2    wrong usage, or a key or a package is missing
  130  Ctrl-C
"""


@click.command(cls=ListingCommand, epilog=EPILOG)
@choosing_accounts
@json_option
def balances(choice: AccountOptions, as_json: bool) -> None:
    """Show what accounts hold now, and end.

    EXCHANGE is {exchanges}, one or more of them; with --accounts, labels in
    that file; with --from, labels of its fleet.
    """
    from assetstream.cli.run.balances import read_once
    from assetstream.cli.view import balances as view
    from assetstream.cli.view.choose import terminal

    with choice.streams() as (streams, left_out):
        held, errors = read_once(streams)
        errors += left_out
    console = terminal()
    with output():
        if as_json:
            view.print_json(held, errors)
        elif console is not None:
            view.print_table(held, len(errors), console)
        else:
            view.print_plain(held, len(errors))
    choice.complain(errors)
    sys.exit(1 if errors else 0)
