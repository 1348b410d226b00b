"""Reads Gate's REST replies."""

from __future__ import annotations

from assetstream.exchanges.common.entries import read_list
from assetstream.protocol import Snapshot

__all__ = ["read_balances"]


def read_balances(body: bytes) -> Snapshot:
    """Read all balances; a bad entry costs only its own currency (S2).

    Raises:
        Unreadable: there is no list of balances.
    """
    return read_list(body, "available", "locked")
