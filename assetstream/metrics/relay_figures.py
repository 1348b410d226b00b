"""The figures of a relay, which owns accounts and publishes what it knows of them."""

from __future__ import annotations

import math
from typing import Any, Mapping, Protocol, runtime_checkable

from assetstream.streams.group import Group

__all__ = [
    "RELAY_COUNTERS",
    "RELAY_GAUGES",
    "RelayFigures",
    "RelaySource",
    "figures_of",
]

#: Field of ``RelayHealth`` -> what it counts.
RELAY_COUNTERS = {
    "published": "Updates, changes of state and errors written into the engine.",
    "fenced": "Times that the engine refused a write: another worker owns the account.",
    "resets": "Times that an account's whole book was written.",
    "takeovers": "Accounts taken from another worker.",
}
#: The same that do not only grow.
RELAY_GAUGES = {
    "owned_accounts": "Accounts that it owns.",
    "pulse_age_seconds": "Since the engine has acknowledged its last word; infinite "
    "before the first.",
}


class RelayFigures(Protocol):
    """The part of a ``RelayHealth`` that is shown."""

    @property
    def owned(self) -> int:
        """The number of accounts that it owns."""
        ...

    @property
    def pulse_age(self) -> float | None:
        """Seconds since its last word was acknowledged; None: none was."""
        ...


@runtime_checkable
class RelaySource(Protocol):
    """A ``Relay``, as far as it is shown."""

    @property
    def group(self) -> Group[Any]:
        """The streams of the accounts that it owns."""
        ...

    def health(self) -> RelayFigures:
        """The figures of this moment."""
        ...


def figures_of(relay: RelaySource) -> Mapping[str, float]:
    """Return the figures of a relay by their names here."""
    health = relay.health()
    age = health.pulse_age
    return {
        **{name: getattr(health, name) for name in RELAY_COUNTERS},
        "owned_accounts": health.owned,
        "pulse_age_seconds": math.inf if age is None else age,
    }
