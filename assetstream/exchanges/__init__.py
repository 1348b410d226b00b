"""The registry of exchanges, one pure adapter each.

A new exchange is one folder here, its tests with sample frames, and one line below.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Mapping

from assetstream.exchanges.coinw.exchange import CoinW
from assetstream.exchanges.upbit.exchange import Upbit
from assetstream.protocol import Exchange

__all__ = ["EXCHANGES", "CoinW", "Upbit"]

#: Every exchange by its name; the contract suite of the tests runs over all of them.
EXCHANGES: Mapping[str, type[Exchange]] = MappingProxyType(
    {exchange.name: exchange for exchange in (Upbit, CoinW)}
)
