"""The registry of exchanges, one pure adapter each.

A new exchange is one folder here, its tests with sample frames, and one line below.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Callable, Mapping, cast

from assetstream.exchanges.binance.exchange import Binance
from assetstream.exchanges.bithumb.exchange import Bithumb
from assetstream.exchanges.bybit.exchange import Bybit
from assetstream.exchanges.coinw.exchange import CoinW
from assetstream.exchanges.gate.exchange import Gate
from assetstream.exchanges.korbit.exchange import Korbit
from assetstream.exchanges.okx.exchange import OKX
from assetstream.exchanges.upbit.exchange import Upbit
from assetstream.protocol import Exchange

__all__ = [
    "EXCHANGES",
    "OKX",
    "Binance",
    "Bithumb",
    "Bybit",
    "CoinW",
    "Gate",
    "Korbit",
    "Upbit",
    "build",
]

#: Every exchange by its name; the contract suite of the tests runs over all of them.
EXCHANGES: Mapping[str, type[Exchange]] = MappingProxyType(
    {
        exchange.name: exchange
        for exchange in (Upbit, CoinW, Bithumb, Gate, Bybit, OKX, Binance, Korbit)
    }
)


def build(name: str, **options: str) -> Exchange:
    """Make an exchange by its name; keys not given come from the environment.

    Raises:
        ConfigurationError: something is missing or wrong; the text names it.
    """
    # No exchange has the same arguments as another, hence no common signature.
    return cast(Callable[..., Exchange], EXCHANGES[name])(**options)
