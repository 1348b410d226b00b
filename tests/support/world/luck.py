"""The luck of one account: good by itself; subclasses draw or script the bad."""

from __future__ import annotations

import random

from tests.support.world.network import Dialling, Path
from tests.support.world.rest import Reply

__all__ = ["Luck", "Steady"]


class Luck(Path):
    """Says how the next attempt, read or farewell of one account goes."""

    def dialling(self) -> Dialling:
        """The next attempt to connect."""
        return Dialling()

    def muted(self) -> bool:
        """True if nothing is pushed on the connection that opens now."""
        return False

    def reply(self) -> Reply:
        """The next read."""
        return Reply()

    def farewell(self) -> float:
        """Seconds until a connection that we hang up on is reported ended."""
        return 0.05

    def late_reply(self) -> bool:
        """True if a read that was called off is answered all the same."""
        return False


class Steady(Luck):
    """Upgrades and reads that take as long as usual, and do not lag."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def dialling(self) -> Dialling:
        return Dialling(self._rng.uniform(0.02, 0.2), self._rng.uniform(0.02, 0.2))

    def reply(self) -> Reply:
        return Reply(self._rng.uniform(0.05, 0.5))
