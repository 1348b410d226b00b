"""Cases of success and failure that ``test_secrets.py`` runs, all loggers at DEBUG.

``tests.support.leak_detector`` collects the output and searches it for secrets.
"""

from __future__ import annotations

from assetstream.simulator import FAULTS
from tests.support.secrecy.local_faults import LOCAL_FAULTS
from tests.support.secrecy.network import NETWORK
from tests.support.secrecy.normal_use import NORMAL_USE
from tests.support.secrecy.refusals import REFUSALS
from tests.support.secrecy.setup import SecrecySetup
from tests.support.secrecy.simulator_faults import SIMULATOR_FAULTS

__all__ = ["CASES", "SecrecySetup", "venues"]

CASES = {**NORMAL_USE, **REFUSALS, **NETWORK, **LOCAL_FAULTS, **SIMULATOR_FAULTS}


def venues(name: str) -> list[str]:
    """Return the exchanges at which a case can run."""
    fault = FAULTS.get(name.removeprefix("simulator fault "))
    return [fault.exchange] if fault and fault.exchange else ["upbit", "coinw"]
