"""The exchanges that a stream can watch, one adapter each, all pure.

A new exchange is one adapter, its tests with sample frames, and one line here.
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
    {Upbit.name: Upbit, CoinW.name: CoinW}
)
