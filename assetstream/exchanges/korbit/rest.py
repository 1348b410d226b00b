"""Reads Korbit's REST replies."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from assetstream.exchanges.common.entries import names_twice, snapshot_of
from assetstream.exchanges.common.values import (
    MALFORMED,
    Unreadable,
    currency_code,
    decode,
    text,
)
from assetstream.exchanges.korbit.frames import amounts
from assetstream.protocol import BalanceReport, Snapshot

__all__ = ["read_balances", "read_error"]

#: The fields that the balances are read from.
READ = {"currency", "available", "tradeInUse", "withdrawalInUse"}


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
    return snapshot_of(_read(bytes(raw)) for raw in reply.data)


def _read(raw: bytes) -> tuple[str, BalanceReport | None]:
    """Read one entry: its currency, "" if that is unknown; None: it is unreadable."""
    currency = ""
    try:
        entry = decode(raw)
        if not isinstance(entry, dict) or not READ.isdisjoint(
            names_twice(raw, len(entry))
        ):
            return currency, None
        currency = currency_code(entry.get("currency"))
        available, locked = amounts(entry)
    except Unreadable:
        return currency, None
    # A complete list must hold both: here a missing amount is not understood (S2).
    if available is None or locked is None:
        return currency, None
    return currency, BalanceReport(currency, available, locked, raw=raw)
