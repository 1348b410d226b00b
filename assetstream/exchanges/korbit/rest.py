"""Reads Korbit's REST replies."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from assetstream.exchanges.common.entries import read_computed, snapshot_of
from assetstream.exchanges.common.values import (
    MALFORMED,
    Unreadable,
    decode,
    text,
)
from assetstream.exchanges.korbit.frames import amounts
from assetstream.protocol import Snapshot

__all__ = ["read_balances", "read_error"]

#: The fields that the amounts are read from.
FIELDS = "available", "tradeInUse", "withdrawalInUse"


class BalanceReply(Struct):
    success: bool
    data: list[msgspec.Raw]


_reply = msgspec.json.Decoder(BalanceReply)


def read_error(body: bytes) -> str:
    """Return the code of the error that an HTTP answer is; "" if it is none."""
    try:
        answer = decode(body)
    except Unreadable:
        return ""
    error = answer.get("error") if isinstance(answer, dict) else None
    return text(error.get("message")) if isinstance(error, dict) else ""


def read_balances(body: bytes) -> Snapshot:
    """Read all balances; a bad entry costs only its own currency (S2).

    Raises:
        Unreadable: there is no list of balances.
    """
    try:
        reply = _reply.decode(body)
    except MALFORMED as exc:
        raise Unreadable(f"no list of balances ({exc})") from None
    if not reply.success:
        raise Unreadable("it says that it has failed")
    return snapshot_of(read_computed(bytes(raw), FIELDS, amounts) for raw in reply.data)
