"""Reads Bithumb's frames; keeps no protocol state.

Frames of exactly the documented form take one typed decode each: amounts are texts.
Everything else, amounts as numbers among it, takes the tolerant way of
``common.my_asset``. Both give the same balances.
"""

from __future__ import annotations

from typing import Literal, Sequence

import msgspec
from msgspec import Struct

from assetstream.exchanges.common.values import (
    CURRENCY_CODES,
    MALFORMED,
    ZERO,
    Milliseconds,
    Unreadable,
    bounded_decimal,
    unsigned,
)
from assetstream.protocol import BalanceReport

__all__ = ["read_expected"]


# Fields in the order of the wire: the decoder looks for the next one first.


class Holding(Struct, gc=False):
    currency: str
    # Not typed as ``Decimal``: that would take " 1", "1_000" and "NaN", too.
    balance: str
    locked: str


class HoldingPush(Struct, gc=False):
    # Not a tag of the Struct: msgspec would accept a push without it.
    type: Literal["myAsset"]
    assets: list[Holding]
    asset_timestamp: Milliseconds
    timestamp: Milliseconds
    # Upbit has one.
    asset_uuid: str | None = None
    # Not a push if it has any of them.
    error: None = None
    status: None = None
    method: None = None


_expected = msgspec.json.Decoder(HoldingPush)


def read_expected(frames: Sequence[bytes]) -> list[BalanceReport] | None:
    """Read pushes of exactly the documented form; None if any is anything else."""
    decode_frame = _expected.decode
    balances: list[BalanceReport] = []
    try:
        for frame in frames:
            if not frame.isascii():
                return None  # the typed decode skips bad UTF-8 where it has no field
            push = decode_frame(frame)
            key = push.asset_timestamp, push.timestamp
            for holding in push.assets:
                available, locked = holding.balance, holding.locked
                # ``amount`` in short.
                if not unsigned(available, locked):
                    return None
                balances.append(
                    BalanceReport(
                        CURRENCY_CODES[holding.currency],
                        bounded_decimal(available),
                        ZERO if locked == "0" else bounded_decimal(locked),
                        key,
                        push.asset_uuid,
                        frame,
                    )
                )
    except (Unreadable, *MALFORMED):
        return None
    return balances
