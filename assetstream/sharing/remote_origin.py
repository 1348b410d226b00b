"""A worker somewhere as the origin of a stream's balances."""

from __future__ import annotations

from typing import Callable

from assetstream.core.present import Present
from assetstream.runtime.origin import Parts
from assetstream.sharing.follower import Follower
from assetstream.sharing.remote_session import RemoteSession

__all__ = ["RemoteOrigin"]


class RemoteOrigin:
    """Makes sessions that follow what an owner writes; any number of them.

    Args:
        follower: returns the one that a session is to join.
        horizon: for how long an owner's word is believed; seconds.
    """

    #: Any number of streams may have it.
    place = None

    def __init__(self, follower: Callable[[Parts], Follower], horizon: float) -> None:
        self._follower = follower
        self._horizon = horizon
        self._present: Present | None = None

    @property
    def name(self) -> str:
        """Name of the exchange, as its owner tells it; "" before."""
        return self._present.exchange if self._present is not None else ""

    def session(self, parts: Parts) -> RemoteSession:
        """Make a session, which has not begun."""
        self._present = parts.present
        return RemoteSession(parts, self._follower(parts), self._horizon)
