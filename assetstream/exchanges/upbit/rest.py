"""Reads Upbit's REST replies."""

from __future__ import annotations

import msgspec

from assetstream.exchanges.common.entries import read_entry, snapshot_of
from assetstream.exchanges.common.values import MALFORMED, Unreadable, decode
from assetstream.exchanges.upbit.frames import ErrorNotice, error_notice
from assetstream.protocol import Snapshot

__all__ = ["read_balances", "read_error"]

_entries = msgspec.json.Decoder(list[msgspec.Raw])


def read_balances(body: bytes) -> Snapshot:
    """Read all balances; a bad entry costs only its own currency (S2).

    Raises:
        Unreadable: there is no list of balances.
    """
    try:
        entries = _entries.decode(body)
    except MALFORMED as exc:
        raise Unreadable(f"no list of balances ({exc})") from None
    return snapshot_of(read_entry(bytes(raw), "balance", "locked") for raw in entries)


def read_error(body: bytes) -> ErrorNotice | None:
    """Read Upbit's own form of an error; None if it is anything else."""
    try:
        decoded = decode(body)
    except Unreadable:
        return None
    error = decoded.get("error") if isinstance(decoded, dict) else None
    if not isinstance(error, dict) or error.get("name") is None:
        return None
    return error_notice(error)
