"""``assetstream simulate``: an exchange on this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from assetstream.cli.options import ListingCommand, for_option, json_option, port_option

if TYPE_CHECKING:
    from assetstream.cli.console.fault_spec import FaultSpec

__all__ = ["simulate"]

RATE = 5.0

EPILOG = """\
\b
Examples:
  assetstream simulate
  assetstream simulate --port 8000 --rate 20
  assetstream simulate --fault upgrade_503@5s:10s
  assetstream simulate --fault rest_stale,exchange=coinw,seconds=8
  assetstream simulate --list-faults
  assetstream simulate --json | jq -c .

\b
It prints the variables with the fake keys and its URLs. Pasted into another
terminal, they lead every program there to it that takes its keys from the
environment: `assetstream watch upbit coinw --region sg`, or your own bot.
Then it prints who connects, logs in, is refused and goes.

\b
Type while it runs (or write into its standard input):
  fault silent_drop            that fault, until it is switched off
  fault rest_stale:10s,exchange=coinw,seconds=8
  off silent_drop              or `off` for all
  faults                       which are on, and which there are
  drop upbit                   cut the open connections, there or everywhere
  trade 20                     trade 20 times a second on each
  pause                        and `trade` goes on
  deposit coinw USDT 50        and withdraw
  balances
  help
  quit

\b
Output: lines, or with --json objects, whose "kind" is "began" (with "url",
and in "environment" each exchange's variables), "event", "fault", "answer"
(to a line that was typed) or "ended".

\b
Exit codes:
  0    ended by you: Ctrl-C, quit, --for, or the pipe's reader went away
  1    the port cannot be listened on
  2    wrong usage, or the extra "simulator" is missing
"""


def faults_of(
    ctx: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> list[FaultSpec]:
    """Read faults; raise click's own error for a wrong one."""
    if not texts:
        return []
    from assetstream.cli.console.fault_spec import read_fault

    try:
        return [read_fault(text, "--list-faults") for text in texts]
    except ValueError as exc:
        raise click.BadParameter(f"{exc}.") from None


def rate_of(ctx: click.Context, parameter: click.Parameter, text: str | None) -> float:
    """Read a rate; raise click's own error for a wrong one."""
    if text is None:
        return RATE
    from assetstream.cli.console import commands

    try:
        return commands.rate_of(text)
    except ValueError as exc:
        raise click.BadParameter(f"{exc}.") from None


def _complete_fault(
    ctx: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    from assetstream.simulator.catalogue import FAULTS

    return [
        CompletionItem(name, help=entry.description)
        for name, entry in FAULTS.items()
        if name.startswith(begun)
    ]


@click.command(
    cls=ListingCommand,
    epilog=EPILOG,
    short_help="Be all the exchanges, on this machine.",
)
@port_option
@click.option(
    "--rate",
    callback=rate_of,
    metavar="N",
    help="Trades a second on each account: 5.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    metavar="N",
    help="The same seed, the same keys and trades.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    callback=faults_of,
    shell_complete=_complete_fault,
    metavar="NAME[@5s][:10s][,exchange=upbit][,seconds=30]",
    help="Misbehave so, from the start or later, for good or that long, everywhere or "
    "at one exchange, with the fault's own parameters. May be repeated.",
)
@click.option(
    "--list-faults", is_flag=True, help="Print the faults and their parameters, end."
)
@json_option
@for_option
def simulate(
    port: int,
    rate: float,
    seed: int,
    faults: list[FaultSpec],
    list_faults: bool,
    as_json: bool,
    duration: float | None,
) -> None:
    """Be {titles}, on this machine.

    A trader buys and sells on an account of each; faults are on a switch.
    """
    from assetstream.cli.console.run import Options, print_faults, serve
    from assetstream.cli.view.output import output

    if list_faults:
        with output():
            print_faults()
        return
    options = Options(
        port=port,
        rate=rate,
        seed=seed,
        duration=duration,
        faults=faults,
        as_json=as_json,
    )
    with output():
        sys.exit(serve(options))
