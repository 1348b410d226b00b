"""Reads Upbit's frames; keeps no protocol state.

Frames of exactly the form that was asked for take one typed decode each. Everything
else takes the tolerant way: long and short keys in any mixture, objects or arrays,
numbers in any spelling. Both give the same balances.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Iterable, Literal, Sequence, Union

import msgspec
from msgspec import Struct, field

from assetstream.exchanges.common.entries import PushedBalances, UnreadableFrame
from assetstream.exchanges.common.values import (
    CODES,
    MALFORMED,
    Milliseconds,
    Unreadable,
    amount,
    bounded_decimal,
    currency_code,
    decode,
    milliseconds,
    text,
)
from assetstream.protocol import BalanceReport

__all__ = [
    "FORMATS",
    "ErrorNotice",
    "Format",
    "Item",
    "Notice",
    "StatusUp",
    "SubscriptionList",
    "error_notice",
    "read_expected",
    "read_frame",
    "read_tolerantly",
]


class ErrorNotice(Struct):
    """An error: its name, and the exchange's words."""

    name: str
    message: str


class SubscriptionList(Struct):
    """The subscriptions in force, by type."""

    types: list[str]


class StatusUp(Struct):
    """The exchange is up; its answer to a text PING."""


#: What this exchange sends besides balances.
Notice = Union[ErrorNotice, SubscriptionList, StatusUp]
Item = Union[PushedBalances, UnreadableFrame, Notice]


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


def read_frame(frame: bytes, format: str) -> list[Item]:
    """Return what a frame holds. Never raises."""
    balances = read_expected([frame], format)
    if balances:
        return [PushedBalances(balances)]
    # A list without a push is no push, so it proves nothing.
    try:
        return read_tolerantly(frame)
    except Unreadable as exc:
        return [UnreadableFrame(str(exc))]


def read_expected(frames: Sequence[bytes], format: str) -> list[BalanceReport] | None:
    """Read frames of exactly the expected form; None if any is anything else.

    Nearly every frame passes through this loop, so it checks nothing that the decoder,
    which is C, has already checked.
    """
    if not all(map(bytes.isascii, frames)):
        return None  # the typed decode skips bad UTF-8 where it has no field
    decoded = map(FORMATS[format].decode, frames)
    pushes: Iterable[tuple[bytes, Any]] = zip(frames, decoded, strict=True)
    if format.endswith("LIST"):
        pushes = ((frame, push) for frame, listed in pushes for push in listed)
    balances: list[BalanceReport] = []
    try:
        for frame, push in pushes:
            key = push.asset_timestamp, push.timestamp
            for asset in push.assets:
                available, locked = asset.balance, asset.locked
                # A fraction was decoded by ``bounded_decimal``: only the sign is open.
                if type(available) is not Decimal or available.is_signed():
                    available = amount(available)
                if type(locked) is not Decimal or locked.is_signed():
                    locked = amount(locked)
                if available is None or locked is None:
                    return None
                balances.append(
                    BalanceReport(
                        CODES[asset.currency],
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


def read_tolerantly(frame: bytes) -> list[Item]:
    """Read a frame of any form.

    Raises:
        Unreadable: it is not JSON.
    """
    decoded = decode(frame)
    items: list[Item] = []
    for entry in decoded if isinstance(decoded, list) else (decoded,):
        item = _item(entry, frame)
        if isinstance(item, UnreadableFrame):
            # Once a frame is enough, however long it is.
            if not any(isinstance(other, UnreadableFrame) for other in items):
                items.append(item)
        elif item is not None:
            items.append(item)
    return items


def _get(entry: dict[str, Any], long: str, short: str) -> Any:
    value = entry.get(long)
    return entry.get(short) if value is None else value


def _item(entry: object, frame: bytes) -> Item | None:
    """Read one entry; None for a topic that is not about balances."""
    if not isinstance(entry, dict):
        return UnreadableFrame("not an object")
    error = entry.get("error")
    if error is not None:
        return error_notice(error)
    if entry.get("status") == "UP":
        return StatusUp()
    if _get(entry, "method", "mthd") == "LIST_SUBSCRIPTIONS":
        return _subscription_list(_get(entry, "result", "rslt"))
    topic = _get(entry, "type", "ty")
    if topic == "myAsset":
        return _pushed_balances(entry, frame)
    if isinstance(topic, str):
        return None
    return UnreadableFrame("neither an error, a status, a method's reply nor a push")


def error_notice(error: object) -> ErrorNotice:
    """Read the value of ``error``."""
    if not isinstance(error, dict):
        return ErrorNotice("", text(error))
    # A name is an integer at some endpoints.
    return ErrorNotice(text(error.get("name")), text(error.get("message")))


def _subscription_list(result: object) -> SubscriptionList:
    entries = result if isinstance(result, list) else []
    topics = [_get(e, "type", "ty") if isinstance(e, dict) else e for e in entries]
    return SubscriptionList([topic for topic in topics if isinstance(topic, str)])


def _pushed_balances(entry: dict[str, Any], frame: bytes) -> PushedBalances:
    pushed = PushedBalances([], {})
    changed = milliseconds(_get(entry, "asset_timestamp", "asttms"))
    framed = milliseconds(_get(entry, "timestamp", "tms")) or 0
    # K1: without the time of the change there is no order, only arrival.
    key = None if changed is None else (changed, framed)
    identifier = _get(entry, "asset_uuid", "astuid")
    update_id = identifier if isinstance(identifier, str) else None
    assets = _get(entry, "assets", "ast")
    if not isinstance(assets, list):
        pushed.unreadable[None] = "it has no list of assets"
        return pushed
    for asset in assets:
        currency: str | None = None
        try:
            if not isinstance(asset, dict):
                raise Unreadable("an asset is not an object")
            currency = currency_code(_get(asset, "currency", "cu"))
            available = amount(_get(asset, "balance", "b"))
            locked = amount(_get(asset, "locked", "l"))
        except Unreadable as exc:
            pushed.unreadable[currency] = str(exc)
        else:
            pushed.balances.append(
                BalanceReport(currency, available, locked, key, update_id, frame)
            )
    return pushed
