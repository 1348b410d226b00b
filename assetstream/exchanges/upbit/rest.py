"""What Upbit's REST replies say. Pure reading."""

from __future__ import annotations

import msgspec

from assetstream.exchanges.common.entries import collect, read_entry, says_nothing
from assetstream.exchanges.common.values import MALFORMED, Unreadable, decode
from assetstream.exchanges.upbit.frames import Rejection, rejection
from assetstream.protocol import Snapshot

__all__ = ["read_balances", "read_rejection"]

_entries = msgspec.json.Decoder(list[msgspec.Raw])


def read_balances(body: bytes) -> Snapshot:
    """Read all balances; a bad entry costs only its own currency (S2).

    Raises:
        Unreadable: there is no list of balances.
    """
    try:
        entries = _entries.decode(body)
    except MALFORMED as exc:
        if says_nothing(body):
            return Snapshot((), empty=True)
        raise Unreadable(f"no list of balances ({exc})") from None
    if not entries:
        return Snapshot((), empty=True)
    return collect(read_entry(bytes(raw), "balance", "locked") for raw in entries)


def read_rejection(body: bytes) -> Rejection | None:
    """Read Upbit's own form of an error; None if it is anything else."""
    try:
        decoded = decode(body)
    except Unreadable:
        return None
    error = decoded.get("error") if isinstance(decoded, dict) else None
    if not isinstance(error, dict) or error.get("name") is None:
        return None
    return rejection(error)
