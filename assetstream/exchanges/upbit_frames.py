"""What Upbit's frames say. Pure reading, no protocol state.

A frame of exactly the form that was asked for takes one typed decode. Everything else
takes the tolerant way: long and short keys in any mixture, objects or arrays, numbers
in any spelling. Both give the same balances.
"""

from __future__ import annotations

from typing import Any, Literal, Union

import msgspec
from msgspec import Struct, field

from assetstream.exchanges.balances import Garbled, Pushed
from assetstream.exchanges.reading import (
    MALFORMED,
    Unreadable,
    amount,
    currency_code,
    decode,
    exact,
    milliseconds,
    text,
)
from assetstream.protocol import BalanceReport

__all__ = [
    "FORMATS",
    "Item",
    "Listed",
    "Notice",
    "Rejection",
    "Up",
    "read_expected",
    "read_frame",
    "read_tolerantly",
    "rejection",
]


class Rejection(Struct):
    """An error: its name, and the exchange's words."""

    name: str
    message: str


class Listed(Struct):
    """The subscriptions in force, by type."""

    types: list[str]


class Up(Struct):
    """The exchange says that it is up."""


#: What this exchange says besides balances.
Notice = Union[Rejection, Listed, Up]
Item = Union[Pushed, Garbled, Notice]


class Asset(Struct):
    currency: str
    balance: Any
    locked: Any


class Push(Struct):
    # A tag would do, but one that is absent is none to msgspec.
    type: Literal["myAsset"]
    assets: list[Asset]
    asset_uuid: str
    asset_timestamp: int
    timestamp: int
    # Read only to leave to the tolerant way what has any of them.
    error: Any = None
    status: Any = None
    method: Any = None


class ShortAsset(Struct):
    currency: str = field(name="cu")
    balance: Any = field(name="b")
    locked: Any = field(name="l")


class ShortPush(Struct):
    type: Literal["myAsset"] = field(name="ty")
    assets: list[ShortAsset] = field(name="ast")
    asset_uuid: str = field(name="astuid")
    asset_timestamp: int = field(name="asttms")
    timestamp: int = field(name="tms")
    error: Any = None
    status: Any = None
    method: Any = field(default=None, name="mthd")


#: The formats that can be asked for, and how to decode each.
FORMATS: dict[str, msgspec.json.Decoder[Any]] = {
    "DEFAULT": msgspec.json.Decoder(Push, float_hook=exact),
    "SIMPLE": msgspec.json.Decoder(ShortPush, float_hook=exact),
    "JSON_LIST": msgspec.json.Decoder(list[Push], float_hook=exact),
    "SIMPLE_LIST": msgspec.json.Decoder(list[ShortPush], float_hook=exact),
}


def read_frame(frame: bytes, format: str) -> list[Item]:
    """Say what a frame holds. Never raises."""
    balances = read_expected(frame, format)
    if balances is not None:
        return [Pushed(balances)]
    try:
        return read_tolerantly(frame)
    except Unreadable as exc:
        return [Garbled(str(exc))]


def read_expected(frame: bytes, format: str) -> list[BalanceReport] | None:
    """Read a frame of exactly the expected form; None if it is anything else."""
    if not frame.isascii():
        return None  # the typed decode skips bad UTF-8 where it has no field
    try:
        decoded = FORMATS[format].decode(frame)
        if not decoded and type(decoded) is list:
            return None  # no push, so no proof of anything
        balances: list[BalanceReport] = []
        for push in decoded if type(decoded) is list else (decoded,):
            balances += _expected_push(push, frame)
    except (Unreadable, *MALFORMED):
        return None
    return balances


def _expected_push(push: Push | ShortPush, frame: bytes) -> list[BalanceReport]:
    changed, framed = milliseconds(push.asset_timestamp), milliseconds(push.timestamp)
    marks = push.error, push.status, push.method
    if changed is None or framed is None or marks != (None, None, None):
        raise Unreadable("not the expected form")
    key = changed, framed
    balances = []
    for asset in push.assets:
        available, locked = amount(asset.balance), amount(asset.locked)
        if available is None or locked is None:
            raise Unreadable("not the expected form")
        currency = currency_code(asset.currency)
        balances.append(
            BalanceReport(currency, available, locked, key, push.asset_uuid, frame)
        )
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
        if isinstance(item, Garbled):
            # Once a frame is enough, however long it is.
            if not any(isinstance(other, Garbled) for other in items):
                items.append(item)
        elif item is not None:
            items.append(item)
    return items


def _get(entry: dict[str, Any], long: str, short: str) -> Any:
    value = entry.get(long)
    return entry.get(short) if value is None else value


def _item(entry: object, frame: bytes) -> Item | None:
    """Say what one entry is; None for a topic that is not about balances."""
    if not isinstance(entry, dict):
        return Garbled("not an object")
    error = entry.get("error")
    if error is not None:
        return rejection(error)
    if entry.get("status") == "UP":
        return Up()
    if _get(entry, "method", "mthd") == "LIST_SUBSCRIPTIONS":
        return _listed(_get(entry, "result", "rslt"))
    topic = _get(entry, "type", "ty")
    if topic == "myAsset":
        return _pushed(entry, frame)
    if isinstance(topic, str):
        return None
    return Garbled("neither an error, a status, a method's reply nor a push")


def rejection(error: object) -> Rejection:
    """Read what stands under ``error``."""
    if not isinstance(error, dict):
        return Rejection("", text(error))
    # A name is an integer at some endpoints.
    return Rejection(text(error.get("name")), text(error.get("message")))


def _listed(result: object) -> Listed:
    entries = result if isinstance(result, list) else []
    topics = [_get(e, "type", "ty") if isinstance(e, dict) else e for e in entries]
    return Listed([topic for topic in topics if isinstance(topic, str)])


def _pushed(entry: dict[str, Any], frame: bytes) -> Pushed:
    pushed = Pushed([], {})
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
