"""A simulator that runs by itself, with a trader on each exchange, until it is told."""

from __future__ import annotations

import math
import sys
import threading
import time
from queue import Empty, SimpleQueue
from typing import Callable, Sequence

from msgspec import Struct

from assetstream.cli.console.commands import Desk
from assetstream.cli.console.fault_spec import FORM, Planned
from assetstream.cli.console.output import Json, Plain, Telling
from assetstream.cli.console.schedule import Schedule
from assetstream.cli.console.stdin import stay_in_background, typed_lines
from assetstream.cli.console.watcher import Witness
from assetstream.simulator.account import Account
from assetstream.simulator.catalogue import FAULTS
from assetstream.simulator.simulator import STARTING_BALANCES, Simulator

__all__ = ["Options", "print_faults", "serve"]

#: Seconds between two looks at Ctrl-C, which Windows keeps from a waiting thread.
TICK = 0.5

#: What follows the list of faults.
EXPLAINED = """\
  @5s              begins 5 s after the start; otherwise at once
  :10s             is on for 10 s; otherwise to the end
  ,exchange=upbit  strikes that exchange only; otherwise both
  ,seconds=30      a parameter of its own: what has a "name=" in its line
for example: --fault rest_stale@1m:30s,exchange=coinw,seconds=8"""


class Options(Struct, frozen=True):
    """What a command line says; ``duration`` None: until it is stopped."""

    port: int = 0
    rate: float = 5.0
    seed: int = 0
    duration: float | None = None
    faults: Sequence[Planned] = ()
    as_json: bool = False


def print_faults() -> None:
    """Print the catalogue, and how ``--fault`` takes what is in it."""
    width = max(map(len, FAULTS))
    for name, entry in FAULTS.items():
        only = f" ({entry.exchange} only)" if entry.exchange else ""
        only = only if entry.scoped else " (takes no exchange)"
        print(f"{name:{width}}  {entry.description}{only}")
    print(f"\n--fault {FORM}\n{EXPLAINED}")
    # A reader that went away is to be noticed here, not at exit.
    sys.stdout.flush()


def serve(options: Options) -> int:
    """Run until the time is over, ``quit`` is typed or Ctrl-C is pressed.

    Returns:
        The exit code.

    Raises:
        BrokenPipeError: whoever read the output went away.
    """
    telling: Telling = (Json if options.as_json else Plain)(sys.stdout)
    try:
        simulator = Simulator(port=options.port, seed=options.seed).start()
    except OSError as exc:
        print(
            f"Error: port {options.port} cannot be listened on: {exc}", file=sys.stderr
        )
        return 1
    try:
        try:
            Serving(simulator, options, telling).run()
        except KeyboardInterrupt:
            pass
        telling.ended()
    finally:
        simulator.stop()
    return 0


class Serving:
    """Brings what is typed, what is due and what happens into one thread."""

    def __init__(
        self, simulator: Simulator, options: Options, telling: Telling
    ) -> None:
        self._simulator = simulator
        self._options = options
        self._telling = telling
        #: What other threads want done here.
        self._wanted: SimpleQueue[Callable[[], None]] = SimpleQueue()
        accounts: dict[str, Account] = {
            "upbit": simulator.upbit(STARTING_BALANCES["upbit"]),
            "coinw": simulator.coinw(STARTING_BALANCES["coinw"]),
        }
        self._accounts = accounts
        self._schedule = Schedule(simulator, accounts, telling.fault)
        traders = [account.trade(options.rate) for account in accounts.values()]
        self._desk = Desk(simulator, accounts, traders, options.rate, self._schedule)
        self._traders = traders

    def run(self) -> None:
        """Serve, in the main thread; returns when it is over."""
        began = time.monotonic()
        until = math.inf
        if self._options.duration is not None:
            until = began + self._options.duration
        self._simulator.faults.add(Witness(self._happened))
        self._telling.began(self._simulator.url, self._accounts)
        for trader in self._traders:
            trader.start()
        for fault in self._options.faults:
            self._schedule.add(fault, began)
        stay_in_background()
        threading.Thread(
            target=self._listen,
            name="assetstream-simulator-stdin",
            daemon=True,  # nothing wakes a thread that reads standard input
        ).start()
        while not self._desk.over and (now := time.monotonic()) < until:
            self._schedule.run(now)
            due = self._schedule.wait(now)
            wait = min(TICK, until - now, math.inf if due is None else due)
            try:
                self._wanted.get(timeout=wait)()
            except Empty:
                pass

    def _happened(self, exchange: str, what: str) -> None:
        self._wanted.put(lambda: self._telling.happened(exchange, what))

    def _listen(self) -> None:
        """Read what is typed, to its end, which ends nothing else."""
        for line in typed_lines():
            if line.strip():
                self._wanted.put(lambda line=line: self._do(line))  # type: ignore[misc]

    def _do(self, line: str) -> None:
        try:
            answer = self._desk.do(line, time.monotonic())
        except (ValueError, TypeError) as exc:
            self._telling.answer(str(exc), good=False)
        else:
            if answer:
                self._telling.answer(answer, good=True)
