"""Reads Upbit's frames; keeps no protocol state.

Frames of exactly the form that was asked for take one typed decode each. Everything
else takes the tolerant way of ``common.my_asset``. Both give the same balances.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, Sequence

import msgspec
from msgspec import Struct, field

from assetstream.exchanges.common.values import (
    CURRENCY_CODES,
    MALFORMED,
    ZERO,
    Milliseconds,
    Unreadable,
    amount,
    bounded_decimal,
)
from assetstream.protocol import BalanceReport

__all__ = ["FORMATS", "Format", "read_expected"]


# Fields in the order of the wire: the decoder looks for the next one first.


class Asset(Struct, gc=False):
    currency: str
    # Not typed as ``Decimal``: that would take " 1", "1_000" and "NaN", too.
    balance: Any
    locked: Any


class AssetPush(Struct, gc=False):
    # Not a tag of the Struct: msgspec would accept a push without it.
    type: Literal["myAsset"]
    asset_uuid: str
    assets: list[Asset]
    asset_timestamp: Milliseconds
    timestamp: Milliseconds
    # Not a push if it has any of them.
    error: None = None
    status: None = None
    method: None = None


class ShortAsset(Struct, gc=False):
    currency: str = field(name="cu")
    balance: Any = field(name="b")
    locked: Any = field(name="l")


class ShortAssetPush(Struct, gc=False):
    type: Literal["myAsset"] = field(name="ty")
    asset_uuid: str = field(name="astuid")
    assets: list[ShortAsset] = field(name="ast")
    asset_timestamp: Milliseconds = field(name="asttms")
    timestamp: Milliseconds = field(name="tms")
    error: None = None
    status: None = None
    method: None = field(default=None, name="mthd")


Format = Literal["DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"]

#: The formats that can be asked for, and how to decode each.
FORMATS: dict[str, msgspec.json.Decoder[Any]] = {
    "DEFAULT": msgspec.json.Decoder(AssetPush, float_hook=bounded_decimal),
    "SIMPLE": msgspec.json.Decoder(ShortAssetPush, float_hook=bounded_decimal),
    "JSON_LIST": msgspec.json.Decoder(list[AssetPush], float_hook=bounded_decimal),
    "SIMPLE_LIST": msgspec.json.Decoder(
        list[ShortAssetPush], float_hook=bounded_decimal
    ),
}


def read_expected(frames: Sequence[bytes], format: str) -> list[BalanceReport] | None:
    """Read frames of exactly the expected form; None if any is anything else.

    Nearly every frame passes through this loop, so it checks nothing that the decoder,
    which is C, has already checked.
    """
    decode_frame, listed = FORMATS[format].decode, format.endswith("LIST")
    balances: list[BalanceReport] = []
    try:
        for frame in frames:
            if not frame.isascii():
                return None  # the typed decode skips bad UTF-8 where it has no field
            decoded = decode_frame(frame)
            for push in decoded if listed else (decoded,):
                key = push.asset_timestamp, push.timestamp
                for asset in push.assets:
                    available, locked = asset.balance, asset.locked
                    # ``bounded_decimal`` has read a fraction: only the sign is open.
                    if type(available) is not Decimal or available.is_signed():
                        available = amount(available)
                    if type(locked) is int and not locked:
                        locked = ZERO
                    elif type(locked) is not Decimal or locked.is_signed():
                        locked = amount(locked)
                    if available is None or locked is None:
                        return None
                    balances.append(
                        BalanceReport(
                            CURRENCY_CODES[asset.currency],
                            available,
                            locked,
                            key,
                            push.asset_uuid,
                            frame,
                        )
                    )
    except (Unreadable, *MALFORMED):
        return None
    return balances
