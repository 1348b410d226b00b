"""``assetstream watch``: balances, live."""

from __future__ import annotations

import sys
from io import TextIOWrapper

import click
from rich.console import Console

from assetstream.cli.accounts import Choice, choosing_accounts
from assetstream.cli.lines import JsonLines, PlainLines
from assetstream.cli.table import Table
from assetstream.cli.watching import View, Watching
from assetstream.durations import seconds
from assetstream.states import State
from assetstream.stream import AssetStream

__all__ = ["watch"]

EPILOG = """\
\b
Examples:
  assetstream watch --simulate            both exchanges, no keys, no network
  assetstream watch --simulate --count 25        50 accounts on a few threads
  assetstream watch upbit --region sg     a live table of one account
  assetstream watch upbit coinw --region sg
  assetstream watch coinw --json --for 10m > balances.jsonl

\b
Keys come from the environment, never from the command line, where other
users of the machine could read them:
  UPBIT_ACCESS_KEY  UPBIT_SECRET_KEY
  COINW_API_KEY     COINW_SECRET_KEY
A key needs the permission to view balances, and no other.
UPBIT_WS_URL with UPBIT_REST_URL, or COINW_WS_URL with COINW_REST_URL, lead
to a simulator (python -m assetstream.simulator prints them) or a gateway.

\b
Output: a table on a terminal, plain lines into a file or a pipe, and with
--json one object per line, whose "kind" is "update", "state" or "error".
Accounts for which the window is too low are summed up: totals by currency,
and those that are not LIVE. While accounts connect, at the pace that their
exchanges allow, the table counts them, and plain lines say when all have
settled; JSON lines leave that to their "state" objects.

\b
Exit codes:
  0  ended by you: Ctrl-C, --for, or the pipe's reader went away
  1  a stream failed, or the output; why, and what to do, is on stderr
  2  wrong usage, or a key or a package is missing
"""


def duration_of(text: str) -> float:
    """Read a duration; click's own error if it is none."""
    try:
        return seconds(text)
    except ValueError as exc:
        raise click.BadParameter(f"{exc}.") from None


@click.command(epilog=EPILOG)
@choosing_accounts
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option(
    "--for",
    "duration",
    type=duration_of,
    metavar="10s",
    help="Stop after this time: 500ms, 10s, 2m, 1h.",
)
def watch(choice: Choice, as_json: bool, duration: float | None) -> None:
    """Show the balances of accounts, live, until Ctrl-C.

    EXCHANGE is upbit or coinw, or both.
    """
    try:
        with choice.opened() as accounts:
            streams = [account.stream() for account in accounts]
            Watching(streams, _view(as_json, streams), duration).run()
    except OSError as exc:
        click.echo(f"Error: the output cannot be written: {exc}", err=True)
        sys.exit(1)
    failed = [stream for stream in streams if stream.state is State.FAILED]
    for stream in failed:
        click.echo(f"Error: {stream.account}: {stream.error}", err=True)
    sys.exit(1 if failed else 0)


def _view(as_json: bool, streams: list[AssetStream]) -> View:
    if as_json:
        return JsonLines(sys.stdout)
    console = Console()
    # Not asked of rich, where a variable may declare a pipe to be a terminal.
    if sys.stdout.isatty() and not console.is_dumb_terminal:
        return Table(streams, console)
    if isinstance(sys.stdout, TextIOWrapper):
        # An exchange's words may be Korean where the pipe's encoding is not.
        sys.stdout.reconfigure(errors="backslashreplace")
    return PlainLines(sys.stdout, len(streams))
