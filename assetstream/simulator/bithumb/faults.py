"""Faults that can happen at the simulated Bithumb only: refused logins."""

from __future__ import annotations

from functools import partial
from typing import Mapping

from assetstream.simulator.bithumb.refusals import REFUSALS, refused
from assetstream.simulator.catalogue.common import FaultEntry
from assetstream.simulator.catalogue.handshake import UpgradeReply

__all__ = ["FAULTS"]

#: Refusals that are about the key or the token, by the name of the fault.
NAMES = {
    f"login_bithumb_{name.lower()}": name
    for name, (status, _) in REFUSALS.items()
    if status in (401, 403)
}

FAULTS: Mapping[str, FaultEntry] = {
    fault: FaultEntry(
        f"the upgrade is refused by {REFUSALS[name][0]} {name}",
        partial(UpgradeReply, reply=refused(name).reply, exchange="bithumb"),
        "bithumb",
    )
    for fault, name in NAMES.items()
}
