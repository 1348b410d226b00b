"""``stop()`` ends everything at once, whoever calls it and wherever the stream is."""

from __future__ import annotations

import os
import time

import pytest

from assetstream.simulator import Simulator
from tests.programs import Program
from tests.stop_cases import CASES, measure

#: Seconds; far more than it takes, for a machine may be busy. The measured times are
#: those of ``python -m tests.stop_table``.
SOON = 1.0
SOON_FOR_A_PROGRAM = 2.0


@pytest.mark.parametrize("name", ["upbit", "coinw"])
@pytest.mark.parametrize("case", CASES)
def test_stop(case: str, name: str) -> None:
    """It returns True, soon, and neither a thread nor a socket is left."""
    assert measure(case, name) < SOON


STREAM = """
import os, signal, sys, threading
from assetstream import AssetStream, StreamStateError, Upbit

stream = AssetStream(
    Upbit(
        region="sg",
        ws_url=os.environ["UPBIT_WS_URL"],
        rest_url=os.environ["UPBIT_REST_URL"],
    )
)
"""
LEFT_RUNNING = """
stream.start()
print("live")
"""
STUCK = """
entered = threading.Event()
def stuck(update):
    entered.set()
    threading.Event().wait()
stream.on_asset(stuck)
stream.start()
entered.wait()
print("live")
"""
RUN_FOREVER = """
stream.on_state(lambda change: print(change.current.value.lower()))
stream.run_forever()
print("returned")
"""
ITERATE = """
try:
    for update in stream:
        print("live")
except KeyboardInterrupt:
    print("returned")
"""
FORK = """
stream.start()
child = os.fork()
if child == 0:
    for use in (stream.stop, stream.start, lambda: stream.balances):
        try:
            use()
        except StreamStateError:
            continue
        sys.exit(1)
    sys.exit(7)
_, status = os.waitpid(child, 0)
with stream.expect(lambda update: update.currency == "BTC", 10) as changed:
    print("live", os.waitstatus_to_exitcode(status))
print(changed.update.available, stream.health().reconnects, stream.stop())
"""


@pytest.mark.parametrize(
    "program",
    [LEFT_RUNNING, RUN_FOREVER, ITERATE],
    ids=["left running", "run_forever", "for"],
)
def test_a_program_ends_cleanly(exchange: Simulator, program: str) -> None:
    """By its last line, or by Ctrl-C: at once, exit code 0, no word on stderr."""
    account = exchange.upbit({"BTC": "1"})
    with Program("-c", STREAM + program, environment=account.environment()) as running:
        running.wait_for("live")
        began = time.monotonic()
        if program is not LEFT_RUNNING:
            running.interrupt()
        assert running.finish() == 0, running.told
        took = time.monotonic() - began

    assert took < SOON_FOR_A_PROGRAM
    assert running.err == []
    if program is not LEFT_RUNNING:
        assert running.out[-1] == "returned"


def test_a_stuck_callback_does_not_hold_up_the_exit(exchange: Simulator) -> None:
    """The program ends all the same, and is told the line that was stuck."""
    account = exchange.upbit({"BTC": "1"})
    with Program("-c", STREAM + STUCK, environment=account.environment()) as running:
        running.wait_for("live")
        began = time.monotonic()
        assert running.finish() == 0, running.told
        took = time.monotonic() - began

    assert took < SOON_FOR_A_PROGRAM
    (told,) = running.err
    assert "a callback still runs" in told


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_ends_without_harm(exchange: Simulator) -> None:
    """It ends by itself, told that nothing is to be had there; the parent lives on."""
    account = exchange.upbit({"BTC": "1"})
    with Program(
        *("-W", "ignore::DeprecationWarning", "-c", STREAM + FORK),
        environment=account.environment(),
    ) as running:
        assert running.wait_for("live") == "live 7"
        account.deposit("BTC", "1")
        assert running.finish() == 0, running.told

    assert running.out[-1] == "2 0 True"
    assert running.err == []
