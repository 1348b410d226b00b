"""``stop()`` ends everything at once, from any caller and in any phase."""

from __future__ import annotations

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
