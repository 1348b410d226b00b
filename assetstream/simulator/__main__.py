"""``python -m assetstream.simulator``: ``assetstream simulate`` without click."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Sequence

from assetstream.cli.console.commands import rate_of
from assetstream.cli.console.fault_spec import Planned, read
from assetstream.cli.console.run import Options, print_faults, serve
from assetstream.display.durations import seconds


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


def pace_of(text: str) -> float:
    """Read a rate above zero; argparse's own error if it is none."""
    try:
        return rate_of(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from None


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
        description="Upbit and CoinW on your own machine, with a trader on each. "
        "`assetstream simulate` is the same, with completion and a longer help.",
    )
    parser.add_argument(
        "--port", type=port_of, default=0, help="0 (default): a free one"
    )
    parser.add_argument("--rate", type=pace_of, default=5.0, help="operations a second")
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
    parser.add_argument(
        "--json",
        dest="as_json",
        action="store_true",
        help="write one JSON object per line",
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run until the time is over or Ctrl-C is pressed."""
    options = vars(arguments(argv))
    try:
        if not options.pop("list_faults"):
            return serve(Options(**options))
        print_faults()
    except BrokenPipeError:
        # Whoever read the output went away; nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
