"""The command ``python -m tests.programs.chaos``."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

from assetstream.exchanges import EXCHANGES
from assetstream.simulator import FAULTS
from tests.programs import chaos
from tests.programs.chaos.figures import Figures
from tests.programs.chaos.remote import run as remote
from tests.programs.chaos.run import share
from tests.support.engines import ENGINES


def main() -> int:
    """Run the chaos that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.programs.chaos",
        description=chaos.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--faults", type=int, default=500, help="to be met, in all")
    parser.add_argument("--seed", type=int, default=0, help="the first process's")
    parser.add_argument("--exchange", choices=[*EXCHANGES, "all"], default="all")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--accounts",
        type=int,
        help="of a StreamGroup in each process, 1 unless said; with --remote 6",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=sorted(FAULTS),
        metavar="FAULT",
        help="these faults only; may be repeated",
    )
    shared = parser.add_argument_group("accounts that are shared by an engine")
    shared.add_argument(
        "--remote", action="store_true", help="strike workers, engine and readers"
    )
    shared.add_argument(
        "--table", action="store_true", help="one fault at a time, with its times"
    )
    shared.add_argument("--engine", choices=sorted(ENGINES), default="valkey")
    shared.add_argument("--workers", type=int, default=3)
    shared.add_argument("--readers", type=int, default=2)
    shared.add_argument(
        "--control",
        action="store_true",
        help="readers believe a pulse from when it came: must be found wrong",
    )
    options = parser.parse_args()
    if options.remote or options.table:
        return remote.main(options)
    options.accounts = options.accounts or 1
    exchanges = [options.exchange]
    if options.exchange == "all":
        exchanges = list(EXCHANGES)
    processes = max(options.processes, len(exchanges))
    figures = Figures()
    began = time.monotonic()
    # Spawned, not forked: a process begins with no thread and no socket of another.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        shares = [
            pool.submit(
                share,
                exchanges[number % len(exchanges)],
                -(-options.faults // processes),
                options.seed + number,
                options.only,
                options.accounts,
            )
            for number in range(processes)
        ]
        for done in as_completed(shares):
            name, shown = done.result()
            print(f"  {name}: {shown}", file=sys.stderr, flush=True)
            for note in shown.notes:
                print(f"    {note}", file=sys.stderr, flush=True)
            figures.add(shown)
    for note in figures.note_never_met():
        print(f"    {note}", file=sys.stderr, flush=True)
    took = time.monotonic() - began
    print(f"chaos {options.exchange} seed={options.seed} took={took:.0f}s: {figures}")
    return 1 if figures.bad else 0


if __name__ == "__main__":
    sys.exit(main())
