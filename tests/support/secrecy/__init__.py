"""Cases of success and failure that ``test_secrets.py`` runs, all loggers at DEBUG.

``tests.support.leak_detector`` collects the output and searches it for secrets.
``searched`` does so for any block; the faults of the simulator's catalogue are run in
one by ``tests/simulator/catalogue/test_recovery.py``.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Iterator, Mapping

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
from tests.support.specs import SPECS

__all__ = ["CASES", "SecrecySetup", "cases", "searched"]

CASES = {**NORMAL_USE, **REFUSALS, **NETWORK, **LOCAL_FAULTS}
#: Cases in which the exchange's own code has a part.
OWN = {
    *(REFUSALS.keys() - {"not LIVE in time"}),
    *("live and pushed", "balances, watch, doctor"),
    *("wrong arguments", "fault in the frames", "fault in the reply"),
}
#: Those of them that quote most, for every exchange at every run of the suite.
QUOTING = {"live and pushed", "frames echoed", "REST 400, own form", "garbage"}
#: Cases of the stream alone; some exchanges push or are asked more than they allow for.
FIRST_ONLY = {"recovered", "disputed"}

#: Each kind of account of each exchange: its name, and options of the simulator's.
ACCOUNTS = [
    (name, kind)
    for name, spec in SPECS.items()
    for kind in ({}, *spec.key_kinds.values())
]


def cases() -> list[Any]:
    """Return each case with each kind of account, the less telling of them slow."""
    (first, _), (second, _), *_ = ACCOUNTS
    quick = {first: CASES.keys(), second: OWN}
    return [
        pytest.param(
            *(case, venue, kind),
            id=" ".join([venue, *kind, case]),
            marks=[] if case in quick.get(venue, QUOTING) else [pytest.mark.programs],
        )
        for case in CASES
        for venue, kind in ACCOUNTS
        if venue == first or case not in FIRST_ONLY
    ]


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
    kind: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[SecrecySetup]:
    """Search logs, reprs, exceptions with locals, warnings and prints of a block.

    websocket-client's trace is on; it goes to its log.
    """
    with LeakDetector() as detector, traced():
        with SecrecySetup(simulator, account, detector, time_machine, kind) as setup:
            yield setup
        printed = capsys.readouterr()
        detector.add("stdout", printed.out)
        detector.add("stderr", printed.err)
        detector.finish()
        assert not detector.leaks, detector.leaks
