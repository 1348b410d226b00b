"""Reads Binance's frames; keeps no protocol state.

Pushes of exactly the documented form take one typed decode each. Everything else takes
the tolerant way: fields in any order, null, or spelt as numbers. Both give the same
balances.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, Sequence, Union

import msgspec
from msgspec import Struct, field

from assetstream.exchanges.common.entries import PushedBalances, UnreadableFrame
from assetstream.exchanges.common.values import (
    CURRENCY_CODES,
    MALFORMED,
    Milliseconds,
    Unreadable,
    amount,
    bounded_decimal,
    currency_code,
    decode,
    milliseconds,
    text,
    unsigned,
)
from assetstream.protocol import BalanceReport

__all__ = [
    "DELTAS",
    "POSITION",
    "SHUTDOWN",
    "TERMINATED",
    "IdentifiedAnswer",
    "Item",
    "Notice",
    "PushedDelta",
    "StreamEnd",
    "read_expected",
    "read_tolerantly",
]

POSITION = "outboundAccountPosition"
#: Events that say by how much a balance has changed, never what it is now.
DELTAS = ("balanceUpdate", "externalLockUpdate")
SHUTDOWN = "serverShutdown"
TERMINATED = "eventStreamTerminated"

#: Nothing, as Binance spells it.
ZERO_TEXT = "0.00000000"
ZERO = Decimal(ZERO_TEXT)


class IdentifiedAnswer(Struct):
    """An answer to a request.

    Attributes:
        request: the request's ``id``; "" if the answer does not say.
        status: as HTTP's; 0 if there is none.
        code: the error's; "" if it was accepted.
        message: the error's words.
        retry_at: when to ask again, by Binance's clock, in milliseconds; None if it
            does not say.
    """

    request: str
    status: int
    code: str = ""
    message: str = ""
    retry_at: int | None = None


class PushedDelta(Struct):
    """One of a currency's amounts has changed; what they are now is not said."""

    currency: str


class StreamEnd(Struct):
    """An event that ends the pushes, by its name."""

    event: str


#: What this exchange sends besides balances.
Notice = Union[IdentifiedAnswer, PushedDelta, StreamEnd]
Item = Union[PushedBalances, UnreadableFrame, Notice]


# Fields in the order of the wire: the decoder looks for the next one first.


class AssetPosition(Struct, gc=False):
    asset: str = field(name="a")
    # Not typed as ``Decimal``: that would take " 1", "1_000" and "NaN", too.
    free: str = field(name="f")
    locked: str = field(name="l")


class AccountPosition(Struct, gc=False):
    # Not a tag of the Struct: msgspec would accept a push without it.
    kind: Literal["outboundAccountPosition"] = field(name="e")
    sent: Milliseconds = field(name="E")
    updated: Milliseconds = field(name="u")
    positions: list[AssetPosition] = field(name="B")


class PositionPush(Struct, gc=False):
    event: AccountPosition


_expected = msgspec.json.Decoder(PositionPush)


def read_expected(frames: Sequence[bytes]) -> list[BalanceReport] | None:
    """Read pushes of exactly the documented form; None if any is anything else."""
    decode_frame = _expected.decode
    balances: list[BalanceReport] = []
    try:
        for frame in frames:
            if not frame.isascii():
                return None  # the typed decode skips bad UTF-8 where it has no field
            event = decode_frame(frame).event
            key = event.updated, event.sent
            for position in event.positions:
                free, locked = position.free, position.locked
                # ``amount`` in short.
                if not unsigned(free, locked):
                    return None
                # Of most balances nothing is locked.
                held = ZERO if locked == ZERO_TEXT else bounded_decimal(locked)
                currency = CURRENCY_CODES[position.asset]
                available = bounded_decimal(free)
                balances.append(
                    BalanceReport(currency, available, held, key, None, frame)
                )
    except (Unreadable, *MALFORMED):
        return None
    return balances


def read_tolerantly(frame: bytes) -> Item | None:
    """Read a frame of any form; None if it is about something else.

    Raises:
        Unreadable: it is not JSON, or an event about it cannot be told whom.
    """
    entry = decode(frame)
    if not isinstance(entry, dict):
        return UnreadableFrame("not an object")
    if "event" in entry:
        event = entry["event"]
        return _event(event if isinstance(event, dict) else {}, frame)
    if "status" in entry or "error" in entry:
        return _answer(entry)
    return UnreadableFrame("neither an answer nor an event")


def _event(event: dict[str, Any], frame: bytes) -> Item | None:
    kind = event.get("e")
    if kind == POSITION:
        return _pushed_balances(event, frame)
    if kind in DELTAS:
        return PushedDelta(currency_code(event.get("a")))
    if kind in (SHUTDOWN, TERMINATED):
        return StreamEnd(kind)
    # Orders, and what is new.
    return None if isinstance(kind, str) else UnreadableFrame("an event of no kind")


def _pushed_balances(event: dict[str, Any], frame: bytes) -> PushedBalances:
    pushed = PushedBalances([], {})
    positions = event.get("B")
    if not isinstance(positions, list):
        pushed.unreadable[None] = "it has no list of balances"
        return pushed
    updated, sent = milliseconds(event.get("u")), milliseconds(event.get("E"))
    # K1: without a time there is no order, only arrival.
    key = None if updated is None else (updated, sent or 0)
    for position in positions:
        currency: str | None = None
        try:
            if not isinstance(position, dict):
                raise Unreadable("a balance is not an object")
            currency = currency_code(position.get("a"))
            free, locked = amount(position.get("f")), amount(position.get("l"))
        except Unreadable as exc:
            pushed.unreadable[currency] = str(exc)
            continue
        pushed.balances.append(BalanceReport(currency, free, locked, key, None, frame))
    return pushed


def _answer(entry: dict[str, Any]) -> IdentifiedAnswer:
    error, status = entry.get("error"), entry.get("status")
    answer = IdentifiedAnswer(text(entry.get("id")), 0)
    answer.status = status if type(status) is int else 0
    if error is None and status == 200:
        return answer
    error = error if isinstance(error, dict) else {}
    data = error.get("data")
    retry_at = data.get("retryAfter") if isinstance(data, dict) else None
    answer.code = text(error.get("code")) or "?"
    answer.message = text(error.get("msg"))
    answer.retry_at = milliseconds(retry_at)
    return answer
