"""What a plain client sees of each fault of the catalogue, in the catalogue's rooms."""

from __future__ import annotations

from tests.simulator.sightings import frames, handshake, login, pushes, rest, tcp
from tests.simulator.sightings.case import SHOWN, UPGRADE, Case, heard

__all__ = ["SHOWN", "UPGRADE", "Case", "heard"]
#: Each of them has entered what it shows.
ROOMS = (tcp, handshake, login, frames, pushes, rest)
