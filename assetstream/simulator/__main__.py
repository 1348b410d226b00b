"""``python -m assetstream.simulator``: a trading account on each exchange."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from typing import Sequence

from assetstream.durations import seconds
from assetstream.simulator import STARTING_BALANCES, Simulator


def duration_of(text: str) -> float:
    """Read a duration; argparse's own error if it is none."""
    try:
        return seconds(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from None


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m assetstream.simulator",
        description="Upbit and CoinW on your own machine, with a trader on each.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 (default): a free one")
    parser.add_argument("--rate", type=float, default=5.0, help="operations a second")
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
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run until the time is over or Ctrl-C is pressed."""
    options = arguments(argv)
    try:
        serve(options)
    except KeyboardInterrupt:
        print("stopped")
    except BrokenPipeError:
        # Whoever read the output went away; nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def serve(options: argparse.Namespace) -> None:
    """Start, say where and with which keys, and trade."""
    with Simulator(port=options.port, seed=options.seed) as exchange:
        accounts = (
            exchange.upbit(STARTING_BALANCES["upbit"]),
            exchange.coinw(STARTING_BALANCES["coinw"]),
        )
        print(f"A simulated Upbit and CoinW listen on {exchange.url}")
        print("The keys are fake: they work here and nowhere else.\n")
        for account in accounts:
            for name, value in account.environment().items():
                print(f"export {name}={value}")
            print()
            account.trade(options.rate).start()
        print("Ctrl-C stops it.", flush=True)
        threading.Event().wait(options.duration)


if __name__ == "__main__":
    sys.exit(main())
