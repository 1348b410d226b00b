"""The pulses of an owner, dated by nobody's clock but its reader's.

An owner says every quarter of a second what its accounts are worth: a pulse. A reader
has to know how old one is, and the clocks of two machines say nothing of each other.
What it does know is the order of three events:

1.  it asks the engine for pulses, and is not given one;
2.  so that pulse comes into the engine later, and its owner is told so later still;
3.  the owner composes the next one after that.

So a pulse is younger than the last request that did not bring its predecessor (V1).

=====  ==============================================================================
P2     A pulse is composed when the engine has acknowledged the one before, which its
       number tells; what it says is sent after all that happened before it.
V1     A reader dates a pulse by its own requests, or by an earlier one and the owner's
       stopwatch, whose rate is known and whose time is not.
V2     An account is LIVE for a horizon after the pulse, or for as long as its owner's
       own proof lasts, if that is shorter.
V5     The horizon is shorter than a lease: when another worker may own an account, no
       reader goes by the old one's word any more.
V6     The age of a balance counts from the pulse, and what its owner's proof was old.
V7     A pulse counts for what was taken by the connection that it was composed for: an
       engine that has gone back names owners of before, who do not know of it.
=====  ==============================================================================
"""

from __future__ import annotations

import math
from typing import Mapping, Sequence

from assetstream.model.errors import ConfigurationError
from assetstream.runtime.settings import is_number
from assetstream.sharing.entries import Pulse

__all__ = [
    "HORIZON",
    "INTERVAL",
    "LEASE",
    "OwnerPulses",
    "PulseNumbers",
    "check_horizon",
]

#: From one pulse to the next, seconds.
INTERVAL = 0.25
#: A worker owns what it has for so long after its last word to the engine, seconds.
LEASE = 5.0
#: A reader believes a pulse for so long, seconds, if it names no other time.
HORIZON = 3.0
#: Two stopwatches, each wrong by 200 millionths at most, differ by so much at most.
DRIFT = 4e-4


class PulseNumbers:
    """Numbers a worker's pulses so that the numbers tell what was acknowledged (P2)."""

    def __init__(self) -> None:
        #: Of the pulse composed last; 0: none was.
        self.last = 0
        self._acknowledged = True

    def compose(self) -> int:
        """Return the number of a pulse that is composed now."""
        self.last += 1 if self._acknowledged else 2
        self._acknowledged = False
        return self.last

    def acknowledge(self, number: int) -> None:
        """Note that the engine has the pulse of that number."""
        self._acknowledged = number == self.last


class OwnerPulses:
    """One worker's pulses as one reader dates them. All times are the reader's.

    Attributes:
        number: of the newest pulse; 0: none came.
        composed: when it was composed at the earliest; -inf: not known.
        age: how old the oldest proof was that it goes by, seconds.
        left, doubts, connection: as in ``Pulse``.
    """

    def __init__(self) -> None:
        self.number = 0
        self.composed = -math.inf
        self.age = 0.0
        self.left: Mapping[str, float] = {}
        self.doubts: Mapping[str, tuple[str, ...]] = {}
        self.connection = 0
        self._clock = -math.inf
        # The last that came, and the last request that had not brought it.
        self._came = 0
        self._before: float | None = None
        # The last request, which has not brought what is yet to come.
        self._asked: float | None = None

    def interrupted(self) -> None:
        """Note that what was not given before may have been there all the same.

        It must be called for each new connection, behind which there may be another
        engine, and whenever pulses are asked for again that were given before.
        """
        self._came = 0
        self._before = self._asked = None

    def came(self, pulses: Sequence[Pulse], asked: float) -> None:
        """Take what a request brought, nothing included (V1).

        Args:
            pulses: all that came since the request before, in the engine's order.
            asked: just before the request was sent.
        """
        for pulse in pulses:
            if pulse.clock > self._clock:
                self._take(pulse)
            self._came, self._before = pulse.number, self._asked
        self._asked = asked

    def until(self, account: str, horizon: float) -> float:
        """Return when an account's word runs out; -inf: there is none (V2).

        Args:
            account: its label.
            horizon: for how long a pulse is believed; seconds.
        """
        return self.composed + min(horizon, self.left.get(account, math.inf))

    @property
    def proof(self) -> float:
        """The moment at which all was right that the newest pulse vouches for (V6)."""
        return self.composed - self.age

    def _take(self, pulse: Pulse) -> None:
        composed = self.composed
        if composed > -math.inf:
            composed += (pulse.clock - self._clock) * (1 - DRIFT)
        if self._before is not None and pulse.number == self._came + 1:
            composed = max(composed, self._before)
        self.composed, self._clock = composed, pulse.clock
        self.number, self.age = pulse.number, pulse.age
        self.left, self.doubts = pulse.left, pulse.doubts
        self.connection = pulse.connection


def check_horizon(horizon: object) -> float:
    """Return for how long a reader believes a pulse; seconds (V5).

    Raises:
        ConfigurationError: pulses do not come as fast, or a lease is not as long.
    """
    least = 4 * INTERVAL
    if not is_number(horizon) or not least <= horizon < LEASE:
        raise ConfigurationError(
            f"horizon must be a number of seconds from {least:g} up to, and not with, "
            f"{LEASE:g}, after which another worker may own an account, not {horizon!r}"
        )
    return float(horizon)
