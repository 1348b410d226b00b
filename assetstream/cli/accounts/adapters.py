"""What the command line asks the exchanges' adapters: parameters, and to be built."""

from __future__ import annotations

from typing import Callable, cast

from assetstream.exchanges import EXCHANGES
from assetstream.protocol import Exchange

__all__ = ["REGIONS", "build", "key_parameters", "takes_region", "variable"]

#: Those of every exchange that has regions.
REGIONS = tuple(
    region for exchange in EXCHANGES.values() for region in exchange.regions
)


def build(name: str, **options: str) -> Exchange:
    """Make that exchange's adapter; what is not given comes from the environment.

    Raises:
        ConfigurationError: something is missing or wrong; the text says what.
    """
    # No exchange has the same arguments as another, hence no common signature.
    return cast(Callable[..., Exchange], EXCHANGES[name])(**options)


def takes_region(name: str) -> bool:
    """Return True if the exchange has regions."""
    return bool(EXCHANGES[name].regions)


def key_parameters(name: str) -> tuple[str, ...]:
    """Return the names of the exchange's keys: ``("access_key", "secret_key")``."""
    return EXCHANGES[name].key_names


def variable(name: str, parameter: str) -> str:
    """Return the environment's name for a parameter: ``UPBIT_ACCESS_KEY``."""
    return EXCHANGES[name].variable(parameter)
