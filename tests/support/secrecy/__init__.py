"""Cases of success and failure that ``test_secrets.py`` runs, all loggers at DEBUG.

``tests.support.leak_detector`` collects the output and searches it for secrets.
``searched`` does so for any block; the faults of the simulator's catalogue are run in
one by ``tests/simulator/catalogue/test_recovery.py``.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import Iterator

import pytest
import websocket

from assetstream.simulator import Simulator
from assetstream.simulator.account import Account
from tests.support.clock import TimeMachine
from tests.support.leak_detector import LeakDetector
from tests.support.secrecy.local_faults import LOCAL_FAULTS
from tests.support.secrecy.network import NETWORK
from tests.support.secrecy.normal_use import NORMAL_USE
from tests.support.secrecy.refusals import REFUSALS
from tests.support.secrecy.setup import SecrecySetup

__all__ = ["CASES", "SecrecySetup", "searched", "venues"]

CASES = {**NORMAL_USE, **REFUSALS, **NETWORK, **LOCAL_FAULTS}
#: Cases in which the exchange's own code has a part.
OWN = {
    *(REFUSALS.keys() - {"not LIVE in time"}),
    *("live and pushed", "balances, watch, doctor"),
    *("wrong arguments", "fault in the frames", "fault in the reply"),
}


def venues(name: str) -> list[str]:
    """Return the exchanges at which a case is to run."""
    return ["upbit", "coinw"] if name in OWN else ["upbit"]


@contextmanager
def traced() -> Iterator[None]:
    """Let websocket-client trace each head, and each frame that it parses."""
    websocket.enableTrace(True, logging.NullHandler())
    try:
        yield
    finally:
        websocket.enableTrace(False)


@contextmanager
def searched(
    simulator: Simulator,
    account: Account,
    time_machine: TimeMachine,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[SecrecySetup]:
    """Search logs, reprs, exceptions with locals, warnings and prints of a block.

    websocket-client's trace is on; it goes to its log.
    """
    with LeakDetector() as detector, traced():
        with SecrecySetup(simulator, account, detector, time_machine) as setup:
            yield setup
        printed = capsys.readouterr()
        detector.add("stdout", printed.out)
        detector.add("stderr", printed.err)
        detector.finish()
        assert detector.leaks == []
