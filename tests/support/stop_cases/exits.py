"""Cases of programs that end, or fork, while a stream runs."""

from __future__ import annotations

import os
from functools import cache
from time import perf_counter

from tests.support.processes import Program
from tests.support.stop_cases.setup import Case, StopSetup

__all__ = ["EXITS", "prepare"]

EXCHANGES = {"upbit": 'Upbit(region="sg")', "coinw": "CoinW()"}
BEGINNING = """
import os, sys, threading, time
from assetstream import AssetStream, CoinW, State, StreamStateError, Upbit

stream = AssetStream({})
def last_line():
    print("the last line")
"""
NOT_LIVE_YET = """
stream.start(wait=False)
last_line()
"""
LIVE = """
stream.start()
last_line()
"""
IN_FOR = """
for update in stream:
    last_line()
    sys.exit()
"""
FOR_IN_A_DAEMON = """
taken = threading.Event()
def take():
    for update in stream:
        taken.set()
threading.Thread(target=take, daemon=True).start()
taken.wait()
last_line()
"""
SLOW = """
entered = threading.Event()
def slow(update):
    entered.set()
    time.sleep(0.3)
stream.on_asset(slow)
stream.start()
entered.wait()
last_line()
"""
STUCK = """
entered = threading.Event()
def stuck(update):
    entered.set()
    threading.Event().wait()
stream.on_asset(stuck)
stream.start()
entered.wait()
last_line()
"""
#: Every public name, used as a child would. The two that only return constructor
#: arguments still do, so that a new stream can be made.
FORK = """
import warnings
# Python warns of any fork beside threads: here it is meant.
warnings.simplefilter("ignore", DeprecationWarning)
def anything(event):
    return True

stream.start()
updates = stream.updates()
expected = stream.expect(anything, timeout=5)
expected.__enter__()
uses = {
    "start": stream.start,
    "run_forever": stream.run_forever,
    "stop": stream.stop,
    "diagnose": stream.diagnose,
    "updates": stream.updates,
    "on_asset": lambda: stream.on_asset(anything),
    "on_error": lambda: stream.on_error(anything),
    "on_state": lambda: stream.on_state(anything),
    "observe": lambda: stream.observe(None, anything),
    "off": lambda: stream.off(anything),
    "observe": lambda: stream.observe(None, anything),
    "wait_for": lambda: stream.wait_for(anything, timeout=5),
    "wait_until": lambda: stream.wait_until(anything, timeout=5),
    "verify": lambda: stream.verify(timeout=5),
    "expect": lambda: stream.expect(anything, timeout=5).__enter__(),
    "balances": lambda: stream.balances,
    "balance": lambda: stream.balance("BTC"),
    "history": lambda: stream.history,
    "state": lambda: stream.state,
    "error": lambda: stream.error,
    "raise_if_failed": stream.raise_if_failed,
    "health": stream.health,
    "`with`": stream.__enter__,
    "the end of `with`": stream.__exit__,
    "`for`": lambda: next(iter(stream)),
    "a `for` under way": lambda: next(updates),
    "show": stream.show,
    "get()": lambda: updates.get(timeout=5),
    "the end of an expectation": lambda: expected.__exit__(None, None, None),
}
public = {name for name in dir(AssetStream) if not name.startswith("_")}
assert public - {"exchange", "account"} <= set(uses)

child = os.fork()
if child == 0:
    for name, use in uses.items():
        try:
            use()
        except StreamStateError as error:
            if "After a fork, make a new AssetStream" in str(error):
                continue
        print("not refused:", name, file=sys.stderr)
    updates.close()
    assert "of another process" in repr(stream)
    with AssetStream(stream.exchange) as own:  # as the errors say
        assert own.balance("BTC").available == 1
    sys.exit(7)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7, status
assert stream.state is State.LIVE
with stream.expect(lambda update: update.currency == "BTC", 10) as changed:
    print("deposit now")
assert changed.update.change == 1
assert stream.state is State.LIVE
assert stream.health().reconnects == 0
expected.__exit__(ValueError, None, None)
updates.close()
began = time.perf_counter()
assert stream.stop()
print("stopped", time.perf_counter() - began)
"""


@cache
def prepare() -> None:
    """Run a program: what starts all later ones has a socket, and stays."""
    with Program("-c", "") as program:
        assert program.finish() == 0, program.output


def leaving(program: str, *, warning: str = "") -> Case:
    """Return a case that measures from the program's last line to its process's end.

    The exit code must be 0, and stderr empty but for one line with ``warning`` in it.
    """

    def run(setup: StopSetup) -> None:
        with start(setup, program) as running:
            running.wait_for("the last line")
            began = perf_counter()
            assert running.finish() == 0, running.output
            setup.measure_stop(began)
        assert len(running.err) == bool(warning), running.output
        assert warning in running.output

    return run


def fork(setup: StopSetup) -> None:
    """The child's uses of the stream all raise; the parent's stream goes on."""
    with start(setup, FORK) as running:
        running.wait_for("deposit now")
        setup.account.deposit("BTC", "1")
        assert running.finish() == 0, running.output
    setup.measure_stop(perf_counter())
    assert running.err == []
    setup.took = float(running.out[-1].removeprefix("stopped "))


def start(setup: StopSetup, program: str) -> Program:
    """Start a program whose stream is of the test's account."""
    return Program(
        "-c",
        BEGINNING.format(EXCHANGES[setup.name]) + program,
        environment=setup.account.environment(),
    )


EXITS: dict[str, Case] = {
    "exit after start(wait=False)": leaving(NOT_LIVE_YET),
    "exit after start()": leaving(LIVE),
    "exit inside `for`": leaving(IN_FOR),
    "exit with a `for` in a daemon": leaving(FOR_IN_A_DAEMON),
    "exit with a slow callback": leaving(SLOW),
    "exit with a stuck callback": leaving(STUCK, warning="a callback still runs"),
}
if hasattr(os, "fork"):
    EXITS["after a fork"] = fork
