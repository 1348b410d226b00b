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
    from assetstream.census import GroupHealth, Progress
    from assetstream.doctor.report import Check, Diagnosis, Verdict
    from assetstream.errors import (
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
    from assetstream.events import AssetUpdate, Balance, Gap, Source, StateChange
    from assetstream.exchanges.coinw import CoinW
    from assetstream.exchanges.upbit import Upbit
    from assetstream.group import StreamGroup
    from assetstream.health import Health
    from assetstream.history import History
    from assetstream.protocol import Exchange
    from assetstream.runtime.watching import Expectation, Updates
    from assetstream.states import State
    from assetstream.stream import AssetStream

__all__ = [  # noqa: RUF022 - grouped by what they are
    # streams
    "AssetStream",
    "StreamGroup",
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
    # exchanges
    "CoinW",
    "Exchange",
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
    "stream": ["AssetStream"],
    "group": ["StreamGroup"],
    "runtime.watching": ["Expectation", "Updates"],
    "census": ["GroupHealth", "Progress"],
    "events": ["AssetUpdate", "Balance", "Gap", "Source", "StateChange"],
    "health": ["Health"],
    "history": ["History"],
    "states": ["State"],
    "doctor.report": ["Check", "Diagnosis", "Verdict"],
    "protocol": ["Exchange"],
    "exchanges.coinw": ["CoinW"],
    "exchanges.upbit": ["Upbit"],
    "errors": [
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
