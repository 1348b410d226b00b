"""``assetstream watch``: balances, live."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from assetstream.cli.accounts.options import AccountOptions, choosing_accounts
from assetstream.cli.options import (
    ListingCommand,
    archive_option,
    for_option,
    json_option,
    metrics_option,
    serving,
)
from assetstream.cli.view.output import output

__all__ = ["watch"]

EPILOG = """\
\b
Examples:
  assetstream watch --simulate            every exchange, no keys, no network
  assetstream watch --simulate --count 25    25 accounts on each exchange
  assetstream watch upbit --region sg     one account, live
  assetstream watch upbit coinw --region sg
  assetstream watch upbit --region sg --keys main.keys
  assetstream watch --accounts accounts.toml
  assetstream watch --accounts accounts.toml main savings
  assetstream watch coinw --json --for 10m > balances.jsonl
  assetstream watch upbit --region sg --archive balances.db
  assetstream watch --accounts accounts.toml --metrics 9464
  assetstream watch --from redis://cache  all that others publish there
  assetstream watch --from env alice bob --fleet desk

\b
Keys never stand on the command line, where other users of the machine could
read them. They come from the environment:
{variables}
or from a key file (--keys), which has these names and the keys, as
NAME=value, line by line. It must be yours and closed to others: chmod 600.
(Windows has no such rights; there this is not checked.)
A key needs the permission to view balances, and no other.
NAME_WS_URL with NAME_REST_URL, as UPBIT_WS_URL with UPBIT_REST_URL, lead to a
simulator (assetstream simulate prints them) or a gateway.

\b
A file of accounts (--accounts) is TOML, with no secret in it:
  [main]
  exchange = "upbit"
  region = "sg"
  keys = "main.keys"                      # a key file beside it
\b
  [savings]
  exchange = "coinw"
  api_key_env = "SAVINGS_API_KEY"         # names of variables
  secret_key_env = "SAVINGS_SECRET_KEY"

\b
Output: on a terminal a window of its own; plain lines into a file or a pipe;
with --json one object per line, whose "kind" is "update", "state" or "error".
What has just changed stands out for two seconds, green for more and red for
less; NO_COLOR=1 takes the colours away. Accounts in trouble come first. At
the bottom are the last errors, and after each gap how long it was and what
was found changed. While accounts connect, at the pace that their exchanges
allow, the window counts them, and plain lines say when all have settled;
JSON lines leave that to their "state" objects.

\b
Metrics (--metrics PORT; the extra "metrics"): figures of all accounts for
Prometheus, at the address that stderr tells, while the command runs. No
balance is among them; but accounts in trouble are named, and there is no
password, so that by default only this machine can ask. Port 0 takes a free
one. Dashboard and rules for alerts are in the folder docs/operating.

\b
With --from no key is needed: accounts are shown that a worker somewhere owns
and publishes by Redis or Valkey; all of a fleet, new ones included, or those
that you name. LIVE means the same: where that cannot be shown any more, it is
STALE by itself. A password stands in ASSETSTREAM_ENGINE_URL (--from env).

\b
An account of a file that has no key (its variable is not set, its key file
not there) is left out: an error says so at once and at the end, and the exit
code is 1. All accounts that you name must be there.

\b
With --archive every update and state is recorded in a SQLite file, which is
made, or gone on with; `assetstream history` tells what it knows. A disk that
fails is an error, and no reason to stop; if it still fails at the end, the
exit code is 1.

\b
Keys in the window:
  arrows, PgUp, PgDn, Home, End    scroll
  /    filter by account, exchange, state or currency; Esc clears it
  s    sort by trouble, name or last change
  t    totals on or off
  q    the end, as Ctrl-C: the last picture stays on the terminal

\b
Exit codes:
  0    ended by you: Ctrl-C, q, --for, or the pipe's reader went away
  1    a stream or the output failed, or an account was left out; why, and
       what to do, is on stderr
  2    wrong usage, or a key or a package is missing
  130  a second Ctrl-C, which does not wait for a clean end
"""


@click.command(cls=ListingCommand, epilog=EPILOG)
@choosing_accounts
@json_option
@for_option
@archive_option
@metrics_option
def watch(
    choice: AccountOptions,
    as_json: bool,
    duration: float | None,
    archive: Path | None,
    metrics: tuple[str, int] | None,
) -> None:
    """Show the balances of accounts, live, until Ctrl-C.

    EXCHANGE is {exchanges}, one or more of them; with --accounts, labels in
    that file; with --from, labels of its fleet.
    """
    from assetstream.cli.run.watch import WatchRun
    from assetstream.cli.view.choose import choose_view
    from assetstream.model.states import State

    with output(), choice.streams() as (streams, left_out):
        view, keyboard = choose_view(as_json, streams)
        run = WatchRun(streams, view, duration, left_out, keyboard, archive)
        with serving(run.source, metrics):
            run.run()
    failed = [stream for stream in streams if stream.state is State.FAILED]
    others = run.refusal, run.unrecorded
    errors = (*left_out, *(stream.error for stream in failed), *others)
    choice.complain(error for error in errors if error is not None)
    sys.exit(1 if left_out or failed or any(others) else 0)
