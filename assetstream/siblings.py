"""Streams of one process that use the same key at the same place.

In a notebook a cell is run again and again: starting a stream there replaces the older
one for the same key and host. In a script two are allowed, with a warning, for
exchanges may close the older connection. Streams left running are stopped when Python
exits.
"""

from __future__ import annotations

import atexit
import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assetstream.stream import AssetStream

__all__ = ["announce", "forget"]

logger = logging.getLogger("assetstream")

# Strong references: a stream runs on though nobody else refers to it. Every use of the
# dictionary is one atomic step, so no lock can be held where a signal handler comes in.
_running: dict[int, AssetStream] = {}


def announce(stream: AssetStream) -> None:
    """Note that ``stream`` has started, and see to those it competes with."""
    for other in list(_running.values()):
        if not other._owned_here or other.state.final:
            forget(other)
        elif other is not stream and _same_place(other, stream):
            _compete(stream, other)
    _running[id(stream)] = stream


def forget(stream: AssetStream) -> None:
    """Note that ``stream`` has ended."""
    _running.pop(id(stream), None)


def _compete(stream: AssetStream, other: AssetStream) -> None:
    if _in_ipython():
        logger.warning(
            "%s: replaced by a newer stream with the same key", other.account
        )
        other.stop()
    else:
        logger.warning(
            "%s: another stream with the same key is running; the exchange may close "
            "one of the two connections",
            stream.account,
        )


def _same_place(one: AssetStream, other: AssetStream) -> bool:
    return (one.exchange.fingerprint, one.exchange.ws_url) == (
        other.exchange.fingerprint,
        other.exchange.ws_url,
    )


def _in_ipython() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


@atexit.register
def _stop_all() -> None:
    for stream in list(_running.values()):
        if stream._owned_here:
            stream.stop(timeout=1.0)
