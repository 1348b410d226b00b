"""Every way to succeed and to fail, played with all loggers at DEBUG.

Used by ``test_secrets.py``; what is let out is collected by ``tests.support.evidence``.
"""

from __future__ import annotations

from assetstream.simulator import FAULTS
from tests.support.secrecy.going_well import GOING_WELL
from tests.support.secrecy.on_the_way import ON_THE_WAY
from tests.support.secrecy.own_faults import OWN_FAULTS
from tests.support.secrecy.refused import REFUSED
from tests.support.secrecy.scene import Scene
from tests.support.secrecy.struck import STRUCK

__all__ = ["SCENES", "Scene", "venues"]

SCENES = {**GOING_WELL, **REFUSED, **ON_THE_WAY, **OWN_FAULTS, **STRUCK}


def venues(name: str) -> list[str]:
    """The exchanges at which a scene can be played."""
    fault = FAULTS.get(name.removeprefix("struck by "))
    return [fault.exchange] if fault and fault.exchange else ["upbit", "coinw"]
