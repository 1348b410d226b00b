"""Faults that can happen at the simulated Korbit only: refused logins."""

from __future__ import annotations

from functools import partial
from typing import Mapping

from assetstream.simulator.catalogue.common import FaultEntry
from assetstream.simulator.catalogue.handshake import UpgradeReply
from assetstream.simulator.korbit.refusals import STATUSES, failed

__all__ = ["CODES", "FAULTS"]

#: Refusals that are about the key or the request's time, by the name of the fault.
CODES = {
    f"login_korbit_{code.lower()}": code
    for code, status in STATUSES.items()
    if status in (401, 403) or code == "EXCEED_TIME_WINDOW"
}

FAULTS: Mapping[str, FaultEntry] = {
    fault: FaultEntry(
        f"the upgrade is refused by {STATUSES[code]} {code}",
        partial(UpgradeReply, reply=failed(code), exchange="korbit"),
        "korbit",
    )
    for fault, code in CODES.items()
}
