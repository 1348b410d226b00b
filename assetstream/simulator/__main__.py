"""``python -m assetstream.simulator``: a trading account on each exchange."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Sequence

from assetstream.durations import seconds
from assetstream.simulator import FAULTS, STARTING_BALANCES, Account, Simulator
from assetstream.simulator.plan import FORM, Planned, read, run

#: What follows the list.
EXPLAINED = """\
  @5s              begins 5 s after the start; otherwise at once
  :10s             is on for 10 s; otherwise to the end
  ,exchange=upbit  strikes that exchange only; otherwise both
  ,seconds=30      a parameter of its own: what has a "name=" in its line
for example: --fault rest_stale@1m:30s,exchange=coinw,seconds=8"""


def duration_of(text: str) -> float:
    """Read a duration; argparse's own error if it is none."""
    try:
        return seconds(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from None


def port_of(text: str) -> int:
    """Read a port's number; argparse's own error if it is none."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; 0 to 65535 are")
    return int(text)


def rate_of(text: str) -> float:
    """Read a rate above zero; argparse's own error if it is none."""
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no rate above 0")
    return rate


def fault_of(text: str) -> Planned:
    """Read a fault and all about it; argparse's own error if there is none such."""
    try:
        return read(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from None


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m assetstream.simulator",
        description="Upbit and CoinW on your own machine, with a trader on each.",
    )
    parser.add_argument(
        "--port", type=port_of, default=0, help="0 (default): a free one"
    )
    parser.add_argument("--rate", type=rate_of, default=5.0, help="operations a second")
    parser.add_argument(
        "--seed", type=int, default=0, help="the same seed, same trades"
    )
    parser.add_argument(
        "--for",
        dest="duration",
        type=duration_of,
        metavar="10s",
        help="stop after this time; default: at Ctrl-C",
    )
    parser.add_argument(
        "--fault",
        dest="faults",
        action="append",
        default=[],
        type=fault_of,
        metavar="NAME[@5s][:10s][,exchange=upbit][,seconds=30]",
        help="misbehave so, from the start or later, for good or that long, everywhere "
        "or at one exchange, with the fault's own parameters; may be repeated",
    )
    parser.add_argument(
        "--list-faults",
        action="store_true",
        help="print the faults' names and parameters, and exit",
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run until the time is over or Ctrl-C is pressed."""
    options = arguments(argv)
    try:
        if options.list_faults:
            list_faults()
        else:
            serve(options)
    except KeyboardInterrupt:
        print("stopped")
    except BrokenPipeError:
        # Whoever read the output went away; nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as exc:
        print(f"port {options.port} cannot be listened on: {exc}", file=sys.stderr)
        return 1
    return 0


def list_faults() -> None:
    """Print the catalogue, and how ``--fault`` takes what is in it."""
    width = max(map(len, FAULTS))
    for name, entry in FAULTS.items():
        only = f" ({entry.exchange} only)" if entry.exchange else ""
        only = only if entry.scoped else " (takes no exchange)"
        print(f"{name:{width}}  {entry.description}{only}")
    print(f"\n--fault {FORM}\n{EXPLAINED}")
    # A reader that went away is to be noticed here, not at exit.
    sys.stdout.flush()


def serve(options: argparse.Namespace) -> None:
    """Start, say where and with which keys, and trade."""
    with Simulator(port=options.port, seed=options.seed) as exchange:
        accounts: dict[str, Account] = {
            "upbit": exchange.upbit(STARTING_BALANCES["upbit"]),
            "coinw": exchange.coinw(STARTING_BALANCES["coinw"]),
        }
        print(f"A simulated Upbit and CoinW listen on {exchange.url}")
        print("The keys are fake: they work here and nowhere else.\n")
        for account in accounts.values():
            for name, value in account.environment().items():
                print(f"export {name}={value}")
            print()
            account.trade(options.rate).start()
        print("Ctrl-C stops it.", flush=True)
        run(exchange, accounts, options.faults, options.duration)


if __name__ == "__main__":
    sys.exit(main())
