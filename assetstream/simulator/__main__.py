"""``python -m assetstream.simulator``: a trading account on each exchange."""

from __future__ import annotations

import argparse
import re
import sys
import threading
from typing import Sequence

from assetstream.simulator import Simulator

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


def seconds(text: str) -> float:
    """``10s``, ``2m``, ``1.5h``, ``500ms`` or a number of seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"not a duration: {text!r}; write 10s or 2m")
    return float(found[1]) * UNITS[found[2]]


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
        type=seconds,
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
    return 0


def serve(options: argparse.Namespace) -> None:
    """Start, say where and with which keys, and trade."""
    with Simulator(port=options.port, seed=options.seed) as exchange:
        accounts = (
            exchange.upbit({"SGD": "10000", "BTC": "0.5", "XRP": "2500"}),
            exchange.coinw({"USDT": "10000", "BTC": "0.5", "ETH": "4"}),
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
