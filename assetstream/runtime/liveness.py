"""What the stream can prove, and until when (L1, A7).

Written by the session's thread, read by any: whoever asks for the state is answered by
the clock, whether or not a thread has noticed that the proof has run out.
"""

from __future__ import annotations

import math

from assetstream.model.errors import ConnectionLost
from assetstream.protocol import NEVER, Limits

__all__ = ["Proof"]


class Proof:
    """The last proofs of life, and when they expire. All times monotonic."""

    def __init__(self, limits: Limits) -> None:
        #: How long a connection may be silent, pong included.
        self.patience = limits.ping_interval + limits.pong_timeout
        #: Time of the last frame or pong; -inf before the first.
        self.last = -math.inf
        #: The same, but only while LIVE: what ages are counted from.
        self.while_live = -math.inf
        #: There is a connection to prove anything by.
        self.connected = False
        #: When a silent connection counts as lost; NEVER while there is none.
        self.dead_at = NEVER
        #: When LIVE ends without another completed audit (A7).
        self.lease_ends_at = NEVER

    def came(self, now: float, live: bool) -> None:
        """A frame or a pong came, or the connection was opened."""
        self.last = now
        self.connected = True
        self.dead_at = now + self.patience
        if live:
            self.while_live = now

    def disconnected(self) -> None:
        """There is no connection any more."""
        self.connected = False
        self.dead_at = NEVER

    def silent(self) -> ConnectionLost:
        """The error to give a connection up with once ``dead_at`` has passed."""
        return ConnectionLost(
            f"the exchange has sent nothing, not even a pong, for {self.patience:g} s",
            remedy="The network is unsteady, or something on the way drops quiet "
            "connections.",
        )

    def holds(self, now: float) -> bool:
        """True while LIVE may be said."""
        return self.connected and now <= min(self.dead_at, self.lease_ends_at)
