"""``stop()`` ends everything at once, from any caller and in any phase."""

from __future__ import annotations

import os
import signal
from itertools import cycle

import pytest

from assetstream.simulator import Simulator
from tests.support.processes import Program
from tests.support.stop_cases import CASES, goal, measure


@pytest.mark.parametrize(("case", "name"), [*zip(CASES, cycle(["upbit", "coinw"]))])
def test_stop(case: str, name: str) -> None:
    """Each case returns True, and leaves neither a thread nor a socket.

    No case has to do with an exchange's own code, so each is run at one. It is
    ``python -m tests.programs.stop_table`` that judges how long a stop takes.
    """
    stopped = measure(case, name)

    assert stopped.threads == []
    assert stopped.sockets == 0


def test_only_the_end_of_a_process_may_take_longer() -> None:
    """Every other case has 100 ms, the parent of a fork included."""
    slow = {case for case in CASES if goal(case) > 0.1}

    assert slow == {case for case in CASES if case.startswith("exit ")}
    assert len(slow) == 6


RUN_FOREVER = """
from assetstream import AssetStream, Upbit
stream = AssetStream(Upbit(region="sg"))
stream.on_state(lambda change: print(change.current.value.lower()))
stream.run_forever()
print("returned")
"""
ITERATE = """
from assetstream import AssetStream, Upbit
try:
    for update in AssetStream(Upbit(region="sg")):
        print("live")
except KeyboardInterrupt:
    print("returned")
"""


@pytest.mark.parametrize("program", [RUN_FOREVER, ITERATE], ids=["run_forever", "for"])
def test_ctrl_c_ends_a_program_cleanly(exchange: Simulator, program: str) -> None:
    """The exit code is 0, with nothing on stderr."""
    account = exchange.upbit({"BTC": "1"})
    with Program("-c", program, environment=account.environment()) as running:
        running.wait_for("live")
        running.interrupt()
        assert running.finish() == 0, running.output

    assert running.err == []
    assert running.out[-1] == "returned"


TERMINATED = """
import logging, logging.handlers, sys
from assetstream import AssetStream, StreamGroup, Upbit
sys.stdout = open(1, "w", closefd=False)  # as into a file: not flushed line by line
target = logging.StreamHandler(sys.stderr)
logging.root.addHandler(logging.handlers.MemoryHandler(1000, target=target))
stream = AssetStream(Upbit(region="sg"))
def tell(change):
    print(change.current)
    logging.warning(change.current)
    if change.current == "LIVE":
        print("is live", file=sys.stderr, flush=True)
stream.on_state(tell)
runner = StreamGroup([stream]) if sys.argv[1:] else stream
runner.run_forever()
print("returned")
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
@pytest.mark.parametrize("arguments", [[], ["group"]], ids=["stream", "group"])
def test_sigterm_ends_a_program_cleanly(
    exchange: Simulator, arguments: list[str]
) -> None:
    """The last callback is called, all is flushed, and then the signal has its way."""
    account = exchange.upbit({"BTC": "1"})
    environment = account.environment()
    with Program("-c", TERMINATED, *arguments, environment=environment) as running:
        running.wait_for("is live")
        running.terminate()
        assert running.finish() == -signal.SIGTERM, running.output

    assert running.out == ["CONNECTING", "LIVE", "STOPPED"]
    assert running.err == ["is live", "CONNECTING", "LIVE", "STOPPED"]
    account.wait_for_subscribers(0)
