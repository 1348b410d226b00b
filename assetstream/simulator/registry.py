"""The registry of simulated exchanges: a line each, of its venue and its own faults."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Mapping

from assetstream.simulator.binance import faults as binance
from assetstream.simulator.binance.venue import BinanceVenue
from assetstream.simulator.bithumb import faults as bithumb
from assetstream.simulator.bithumb.venue import BithumbVenue
from assetstream.simulator.bybit import faults as bybit
from assetstream.simulator.bybit.venue import BybitVenue
from assetstream.simulator.catalogue.common import FaultEntry
from assetstream.simulator.coinw import faults as coinw
from assetstream.simulator.coinw.venue import CoinWVenue
from assetstream.simulator.gate import faults as gate
from assetstream.simulator.gate.venue import GateVenue
from assetstream.simulator.korbit import faults as korbit
from assetstream.simulator.korbit.venue import KorbitVenue
from assetstream.simulator.okx import faults as okx
from assetstream.simulator.okx.venue import OKXVenue
from assetstream.simulator.upbit import faults as upbit
from assetstream.simulator.upbit.venue import UpbitVenue
from assetstream.simulator.venue import Venue

__all__ = ["FAULTS", "REGISTRY", "VENUES"]

#: The line of each exchange.
REGISTRY: tuple[tuple[type[Venue[Any]], Mapping[str, FaultEntry]], ...] = (
    (UpbitVenue, upbit.FAULTS),
    (CoinWVenue, coinw.FAULTS),
    (BithumbVenue, bithumb.FAULTS),
    (GateVenue, gate.FAULTS),
    (BybitVenue, bybit.FAULTS),
    (OKXVenue, okx.FAULTS),
    (BinanceVenue, binance.FAULTS),
    (KorbitVenue, korbit.FAULTS),
)
#: Every simulated exchange by its name.
VENUES: Mapping[str, type[Venue[Any]]] = MappingProxyType(
    {venue.name: venue for venue, _ in REGISTRY}
)
#: Faults that can happen at one of them only.
FAULTS: Mapping[str, FaultEntry] = MappingProxyType(
    {name: entry for _, faults in REGISTRY for name, entry in faults.items()}
)
