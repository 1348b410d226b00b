"""Which accounts to watch: those of the environment's keys, or simulated ones."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import Callable, Iterator, Sequence, cast

from assetstream.errors import ConfigurationError
from assetstream.exchanges import EXCHANGES
from assetstream.protocol import Exchange
from assetstream.stream import AssetStream

__all__ = ["from_environment", "simulated"]

#: Trades of a simulated account a second; of all of them together, at most.
TRADES = 5.0
MOST_TRADES = 50.0


def from_environment(names: Sequence[str], region: str | None) -> list[AssetStream]:
    """Make a stream for each named exchange, with the keys of the environment.

    ``UPBIT_WS_URL`` with ``UPBIT_REST_URL``, and so on, lead to a simulator, which
    prints them with its keys, or to a gateway.

    Raises:
        ConfigurationError: a key or the region is missing or wrong.
    """
    regional = [name for name in names if _takes_region(name)]
    if region is not None and not regional:
        raise ConfigurationError(f"{names[0]} has no regions: leave --region out")
    if region is None and regional:
        raise ConfigurationError(
            f"{regional[0]} needs --region: sg, id, th or kr, where the key was made"
        )
    return [
        AssetStream(_make(name, region if name in regional else None)) for name in names
    ]


@contextmanager
def simulated(names: Sequence[str], count: int) -> Iterator[list[AssetStream]]:
    """Run a simulator with trading accounts, ``count`` on each named exchange.

    Raises:
        ModuleNotFoundError: the extra ``simulator`` is missing; the text says so.
    """
    from assetstream.simulator import STARTING_BALANCES, Simulator

    names = names or list(STARTING_BALANCES)
    rate = min(TRADES, MOST_TRADES / (count * len(names)))
    with Simulator() as simulator:
        streams = []
        for number in range(1, count + 1):
            for name in names:
                account = getattr(simulator, name)(STARTING_BALANCES[name])
                account.trade(rate).start()
                label = f"{name}-{number}" if count > 1 else None
                streams.append(AssetStream(account.exchange(), account=label))
        yield streams


def _takes_region(name: str) -> bool:
    return "region" in inspect.signature(EXCHANGES[name]).parameters


def _make(name: str, region: str | None) -> Exchange:
    # No exchange has the same arguments as another, hence no common signature.
    make = cast(Callable[..., Exchange], EXCHANGES[name])
    return make() if region is None else make(region=region)
