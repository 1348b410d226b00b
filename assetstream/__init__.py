"""Live account balances of crypto exchanges: exact, and never silently stale.

The shortest program prints every change, until Ctrl-C:

    from assetstream import AssetStream, Upbit

    AssetStream(Upbit(region="sg"), on_asset=print).run_forever()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from assetstream.version import __version__

if TYPE_CHECKING:
    from assetstream.archive.archive import Archive, ArchiveHealth
    from assetstream.doctor.report import Check, Diagnosis, Verdict
    from assetstream.exchanges.binance.exchange import Binance
    from assetstream.exchanges.bithumb.exchange import Bithumb
    from assetstream.exchanges.bybit.exchange import Bybit
    from assetstream.exchanges.coinw.exchange import CoinW
    from assetstream.exchanges.gate.exchange import Gate
    from assetstream.exchanges.korbit.exchange import Korbit
    from assetstream.exchanges.okx.exchange import OKX
    from assetstream.exchanges.upbit.exchange import Upbit
    from assetstream.metrics.collector import Collector
    from assetstream.metrics.server import MetricsServer, serve_metrics
    from assetstream.model.errors import (
        AssetStreamError,
        AuthenticationError,
        CallbackError,
        ConfigurationError,
        ConnectionLost,
        ExchangeError,
        PermissionDenied,
        ProtocolError,
        RateLimited,
        StaleBalance,
        StreamStateError,
        StreamTimeout,
    )
    from assetstream.model.events import AssetUpdate, Balance, Gap, Source, StateChange
    from assetstream.model.health import GroupHealth, Health, Progress
    from assetstream.model.history import History
    from assetstream.model.states import State
    from assetstream.protocol.exchange import Exchange
    from assetstream.sharing.relay import Relay, RelayHealth
    from assetstream.sharing.remote_group import RemoteGroup
    from assetstream.sharing.remote_stream import RemoteStream
    from assetstream.streams.group import Group, StreamGroup
    from assetstream.streams.stream import AssetStream, Stream
    from assetstream.streams.updates import Expectation, Updates

__all__ = [  # noqa: RUF022 - grouped by what they are
    # streams
    "AssetStream",
    "Group",
    "Stream",
    "StreamGroup",
    # of accounts that another process owns
    "RemoteGroup",
    "RemoteStream",
    # what remembers them
    "Archive",
    "ArchiveHealth",
    # what shares them
    "Relay",
    "RelayHealth",
    # what their methods return
    "Expectation",
    "Updates",
    # events
    "AssetUpdate",
    "Balance",
    "Gap",
    "GroupHealth",
    "Health",
    "History",
    "Progress",
    "Source",
    "StateChange",
    # states
    "State",
    # diagnosis
    "Check",
    "Diagnosis",
    "Verdict",
    # metrics
    "Collector",
    "MetricsServer",
    "serve_metrics",
    # exchanges
    "Binance",
    "Bithumb",
    "Bybit",
    "CoinW",
    "Exchange",
    "Gate",
    "Korbit",
    "OKX",
    "Upbit",
    # errors
    "AssetStreamError",
    "AuthenticationError",
    "CallbackError",
    "ConfigurationError",
    "ConnectionLost",
    "ExchangeError",
    "PermissionDenied",
    "ProtocolError",
    "RateLimited",
    "StaleBalance",
    "StreamStateError",
    "StreamTimeout",
    # version
    "__version__",
]

_ROOMS = {
    "streams.stream": ["AssetStream", "Stream"],
    "streams.group": ["Group", "StreamGroup"],
    "sharing.remote_group": ["RemoteGroup"],
    "sharing.remote_stream": ["RemoteStream"],
    "archive.archive": ["Archive", "ArchiveHealth"],
    "sharing.relay": ["Relay", "RelayHealth"],
    "streams.updates": ["Expectation", "Updates"],
    "model.events": ["AssetUpdate", "Balance", "Gap", "Source", "StateChange"],
    "model.health": ["GroupHealth", "Health", "Progress"],
    "model.history": ["History"],
    "model.states": ["State"],
    "doctor.report": ["Check", "Diagnosis", "Verdict"],
    "metrics.collector": ["Collector"],
    "metrics.server": ["MetricsServer", "serve_metrics"],
    "protocol.exchange": ["Exchange"],
    "exchanges.binance.exchange": ["Binance"],
    "exchanges.bithumb.exchange": ["Bithumb"],
    "exchanges.bybit.exchange": ["Bybit"],
    "exchanges.coinw.exchange": ["CoinW"],
    "exchanges.gate.exchange": ["Gate"],
    "exchanges.korbit.exchange": ["Korbit"],
    "exchanges.okx.exchange": ["OKX"],
    "exchanges.upbit.exchange": ["Upbit"],
    "model.errors": [
        "AssetStreamError",
        "AuthenticationError",
        "CallbackError",
        "ConfigurationError",
        "ConnectionLost",
        "ExchangeError",
        "PermissionDenied",
        "ProtocolError",
        "RateLimited",
        "StaleBalance",
        "StreamStateError",
        "StreamTimeout",
    ],
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    # Loaded when first asked for, so that reading the version, or one error class, does
    # not import the network libraries (PEP 562).
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module 'assetstream' has no attribute {name!r}")
    value = getattr(import_module(f"assetstream.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
