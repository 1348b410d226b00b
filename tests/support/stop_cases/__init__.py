"""Every phase in which a stream can be stopped, and every way to stop it.

Used by ``test_stop.py``, once each, and by ``tests.programs.stop_table``, many times.
"""

from __future__ import annotations

from msgspec import Struct

from tests.support.sockets import open_sockets
from tests.support.stop_cases.callers import CALLERS
from tests.support.stop_cases.exits import EXITS, prepare
from tests.support.stop_cases.phases import PHASES
from tests.support.stop_cases.setup import StopSetup

__all__ = ["CASES", "Stopped", "goal", "measure"]

CASES = {**CALLERS, **PHASES, **EXITS}


class Stopped(Struct):
    """The outcome of stopping one stream.

    Attributes:
        seconds: from the wish to stop until it was done.
        threads: names of threads of the stream that were left then.
        sockets: how many of its sockets were left then, or after the case.
    """

    seconds: float
    threads: list[str]
    sockets: int


def measure(case: str, name: str) -> Stopped:
    """Run one case on the exchange ``name``."""
    if case in EXITS:
        prepare()
    before = open_sockets()
    with StopSetup(name) as setup:
        CASES[case](setup)
    assert setup.took >= 0
    left = len(open_sockets() - before)
    return Stopped(setup.took, setup.threads_left, max(setup.sockets_left, left))


def goal(case: str) -> float:
    """Return the seconds that a case may take; an interpreter needs longer to end."""
    return 2.0 if case.startswith("exit ") else 0.1
