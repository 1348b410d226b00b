"""Reads what exchanges that speak Upbit's dialect send; keeps no protocol state.

Their frames are of one form: long and short keys in any mixture, objects or arrays,
numbers in any spelling. A fast way for the usual frames is each exchange's own.
"""

from __future__ import annotations

from typing import Any, Union

from msgspec import Struct

from assetstream.exchanges.common.entries import PushedBalances, UnreadableFrame
from assetstream.exchanges.common.values import (
    Unreadable,
    amount,
    currency_code,
    decode,
    milliseconds,
    text,
)
from assetstream.protocol import BalanceReport

__all__ = [
    "ErrorNotice",
    "Item",
    "Notice",
    "StatusUp",
    "SubscriptionList",
    "read_error",
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


#: What they send besides balances.
Notice = Union[ErrorNotice, SubscriptionList, StatusUp]
Item = Union[PushedBalances, UnreadableFrame, Notice]


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
        return _error_notice(error)
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


def _error_notice(error: object) -> ErrorNotice:
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


def read_error(body: bytes) -> ErrorNotice | None:
    """Read the error that an HTTP answer is; None if it is anything else."""
    try:
        decoded = decode(body)
    except Unreadable:
        return None
    error = decoded.get("error") if isinstance(decoded, dict) else None
    if not isinstance(error, dict) or error.get("name") is None:
        return None
    return _error_notice(error)
