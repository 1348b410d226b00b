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
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assetstream.stream import AssetStream

__all__ = ["announce"]

logger = logging.getLogger("assetstream")

_streams: weakref.WeakSet[AssetStream] = weakref.WeakSet()


def announce(stream: AssetStream) -> None:
    """Note that ``stream`` starts, and see to those it competes with."""
    for other in tuple(_streams):
        if other is stream or not other._owned_here:
            continue
        if other.state.final or not _same_place(other, stream):
            continue
        if _in_ipython():
            other.stop()
        else:
            logger.warning(
                "%s: another stream with the same key is running; the exchange may "
                "close one of the two connections",
                stream.account,
            )
    _streams.add(stream)


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
    for stream in tuple(_streams):
        if stream._owned_here:
            stream.stop(timeout=1.0)
