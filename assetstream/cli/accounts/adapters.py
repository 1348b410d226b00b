"""What the command line asks the exchanges' adapters: parameters, and to be built."""

from __future__ import annotations

import inspect
from typing import Callable, cast

from assetstream.exchanges import EXCHANGES
from assetstream.exchanges.upbit.exchange import HOSTS
from assetstream.protocol import Exchange

__all__ = ["REGIONS", "build", "key_parameters", "takes_region", "variable"]

#: Upbit's; no other exchange has any.
REGIONS = tuple(HOSTS)


def build(name: str, **options: str) -> Exchange:
    """Make that exchange's adapter; what is not given comes from the environment.

    Raises:
        ConfigurationError: something is missing or wrong; the text says what.
    """
    # No exchange has the same arguments as another, hence no common signature.
    return cast(Callable[..., Exchange], EXCHANGES[name])(**options)


def takes_region(name: str) -> bool:
    """Whether the exchange has regions."""
    return "region" in inspect.signature(EXCHANGES[name]).parameters


def key_parameters(name: str) -> tuple[str, ...]:
    """What the exchange's keys are called: ``("access_key", "secret_key")``."""
    parameters = inspect.signature(EXCHANGES[name]).parameters.values()
    return tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)


def variable(name: str, parameter: str) -> str:
    """The environment's name for a parameter: ``UPBIT_ACCESS_KEY``."""
    return f"{name}_{parameter}".upper()
