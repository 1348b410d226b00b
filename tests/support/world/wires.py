"""The wire forms of every registered exchange, ``tests/exchanges/NAME/wire.py``."""

from __future__ import annotations

from importlib import import_module

from assetstream.exchanges import EXCHANGES
from tests.support.world.wire import Wire

__all__ = ["WIRES"]

WIRES: dict[str, Wire] = {
    name: import_module(f"tests.exchanges.{name}.wire").WIRE for name in EXCHANGES
}
