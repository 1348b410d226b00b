"""A simulator that runs by itself, with a trader on each exchange, until it stops."""

from __future__ import annotations

import math
import sys
import threading
import time
from queue import Empty, SimpleQueue
from typing import Callable, Sequence

from msgspec import Struct

from assetstream.cli.console.commands import ConsoleCommands
from assetstream.cli.console.connection_log import ConnectionLog
from assetstream.cli.console.fault_spec import FORM, FaultSpec
from assetstream.cli.console.output import JsonOutput, PlainOutput
from assetstream.cli.console.schedule import Schedule
from assetstream.cli.console.stdin import read_lines, stay_in_background
from assetstream.cli.options import cannot_listen
from assetstream.cli.view.output import complain, folded
from assetstream.simulator.account import Account
from assetstream.simulator.catalogue import FAULTS
from assetstream.simulator.simulator import STARTING_BALANCES, Simulator

__all__ = ["Options", "print_faults", "serve"]

#: Longest wait, in seconds: on Windows a thread that waits does not get Ctrl-C.
TICK = 0.5

#: The text behind the list of faults.
EXPLAINED = """\
  @5s              begins 5 s after the start; otherwise at once
  :10s             is on for 10 s; otherwise to the end
  ,exchange=upbit  strikes that exchange only; otherwise all
  ,seconds=30      a parameter of its own: what has a "name=" in its line
for example: --fault rest_stale@1m:30s,exchange=coinw,seconds=8"""


class Options(Struct, frozen=True):
    """Options of the command line; ``duration`` None: until the user stops it."""

    port: int = 0
    rate: float = 5.0
    seed: int = 0
    duration: float | None = None
    faults: Sequence[FaultSpec] = ()
    as_json: bool = False


def print_faults() -> None:
    """Print the catalogue, and the form in which ``--fault`` takes a fault."""
    width = max(map(len, FAULTS))
    for name, entry in FAULTS.items():
        only = f" ({entry.exchange} only)" if entry.exchange else ""
        only = only if entry.scoped else " (takes no exchange)"
        line = f"{name:{width}}  {entry.description}{only}"
        print(folded(line, sys.stdout, indent=width + 2))
    print(f"\n--fault {FORM}\n{folded(EXPLAINED, sys.stdout, indent=19)}")
    # A pipe whose reader went away raises here, not at exit.
    sys.stdout.flush()


def serve(options: Options) -> int:
    """Run until the time is over, ``quit`` is typed or Ctrl-C is pressed.

    Returns:
        The exit code.

    Raises:
        BrokenPipeError: the reader of the output went away.
    """
    output = (JsonOutput if options.as_json else PlainOutput)(sys.stdout)
    try:
        simulator = Simulator(port=options.port, seed=options.seed).start()
    except OSError as exc:
        complain(cannot_listen(options.port, exc))
        return 1
    try:
        try:
            ConsoleRun(simulator, options, output).run()
        except KeyboardInterrupt:
            pass
        output.ended()
    finally:
        simulator.stop()
    return 0


class ConsoleRun:
    """Runs typed lines, planned faults and events of clients in one thread."""

    def __init__(
        self, simulator: Simulator, options: Options, output: PlainOutput
    ) -> None:
        self._simulator = simulator
        self._options = options
        self._output = output
        # Actions that other threads hand over to the main thread.
        self._actions: SimpleQueue[Callable[[], None]] = SimpleQueue()
        accounts: dict[str, Account] = {
            name: simulator.open(name, balances)
            for name, balances in STARTING_BALANCES.items()
        }
        self._accounts = accounts
        self._schedule = Schedule(simulator, accounts, output.fault)
        traders = [account.trade(options.rate) for account in accounts.values()]
        self._commands = ConsoleCommands(
            simulator, accounts, traders, options.rate, self._schedule
        )
        self._traders = traders

    def run(self) -> None:
        """Serve in the main thread; return when it is over."""
        self._simulator.faults.add(ConnectionLog(self._happened))
        self._output.began(self._simulator.url, self._accounts)
        for trader in self._traders:
            trader.start()
        stay_in_background()
        threading.Thread(
            target=self._read_stdin,
            name="assetstream-simulator-stdin",
            daemon=True,  # nothing can wake a thread that reads standard input
        ).start()
        # Counted from here: however long the start took, every fault gets its time.
        began = time.monotonic()
        for fault in self._options.faults:
            self._schedule.add(fault, began)
        self._schedule.run(began)
        duration = self._options.duration
        until = math.inf if duration is None else began + duration
        while not self._commands.quit_requested and (now := time.monotonic()) < until:
            self._schedule.run(now)
            due = self._schedule.wait(now)
            wait = min(TICK, until - now, math.inf if due is None else due)
            try:
                self._actions.get(timeout=wait)()
            except Empty:
                pass

    def _happened(self, exchange: str, what: str) -> None:
        self._actions.put(lambda: self._output.happened(exchange, what))

    def _read_stdin(self) -> None:
        """Hand typed lines to the main thread; the simulator outlives their end."""
        for line in read_lines():
            if line.strip():
                self._actions.put(lambda line=line: self._do(line))  # type: ignore[misc]

    def _do(self, line: str) -> None:
        try:
            answer = self._commands.do(line, time.monotonic())
        except (ValueError, TypeError) as exc:
            self._output.answer(str(exc), good=False)
        else:
            if answer:
                self._output.answer(answer, good=True)
