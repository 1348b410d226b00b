"""The kinds of faults: which are possible, their parameters, what makes them be met."""

from __future__ import annotations

import random
from typing import Any, Callable, Mapping

from assetstream.exchanges import EXCHANGES
from assetstream.simulator import FAULTS
from assetstream.simulator.catalogue import handshake, login, rest
from tests.support.specs import SPECS

__all__ = ["BALANCES", "CONNECTING", "READING", "catalogue", "parameters"]

#: The first balances of each account.
BALANCES = {"BTC": "5", "ETH": "40", "USDT": "50000"}
#: Faults that only a new connection meets: open ones are dropped with them.
CONNECTING = frozenset({"tcp_refused", *handshake.FAULTS, *login.FAULTS})
#: Faults that are met by a REST read: an audit's, or that after a cut.
READING = frozenset(rest.FAULTS)

Draw = Callable[[random.Random], Any]
MIB = 1024 * 1024


def between(low: float, high: float) -> Draw:
    """Return a draw of seconds."""
    return lambda rng: rng.uniform(low, high)


def either(*values: Any) -> Draw:
    """Return a draw of one of these values."""
    return lambda rng: rng.choice(values)


RETRY_AFTER = {"retry_after": between(0.5, 5.0)}
#: By kind and parameter; what is not here takes the catalogue's own.
DRAWS: Mapping[str, Mapping[str, Draw]] = {
    "upgrade_429": RETRY_AFTER,
    "upgrade_503": RETRY_AFTER,
    "maintenance": RETRY_AFTER,
    "rest_rate_limited": RETRY_AFTER,
    # A head has some 150 bytes: with the longest pause the attempt is given up.
    "handshake_byte_by_byte": {"pause": either(0.002, 0.04, 0.4)},
    "huge_frame": {"size": either(2 * MIB, 20 * MIB, 200 * MIB)},
    "pushes_delayed": {"seconds": between(0.1, 5.0)},
    # A2 allows a replica that is up to 10 s behind.
    "rest_stale": {"seconds": between(0.5, 9.0)},
    # In time; or later than a read may take.
    "rest_slow": {"seconds": lambda rng: rng.choice([rng.uniform(2, 8), 14.0])},
    "rest_omitting": {
        "currencies": either(None, ("BTC",), ("ETH", "USDT"), tuple(BALANCES))
    },
    # K3 begins at 60 s.
    "clock_jump": {"seconds": either(-30.0, 5.0, 30.0, 3600.0)},
}


def parameters(name: str, rng: random.Random) -> dict[str, Any]:
    """Draw the parameters of a fault."""
    return {key: draw(rng) for key, draw in DRAWS.get(name, {}).items()}


def catalogue(exchange: str) -> list[str]:
    """Return all faults that are possible at the exchange and may pass."""
    declared = EXCHANGES[exchange]
    possible = {
        name
        for name, entry in FAULTS.items()
        if entry.exchange in ("", exchange)
        and not (entry.harmless and getattr(declared, entry.harmless))
    }
    spec = SPECS[exchange]
    if spec.proved_by_pong:  # nothing is answered anyhow
        possible.discard("subscribe_unanswered")
    return sorted(possible - spec.fatal_faults)
