"""Reads Gate's frames; keeps no protocol state.

Pushes of exactly the documented form take one typed decode each. Everything else takes
the tolerant way: one change in place of a list, fields absent, null, or spelt as
numbers. Both give the same balances.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Sequence, Union

import msgspec
from msgspec import Struct

from assetstream.exchanges.common.entries import PushedBalances, UnreadableFrame
from assetstream.exchanges.common.values import (
    CURRENCY_CODES,
    MALFORMED,
    ZERO,
    Unreadable,
    amount,
    bounded,
    bounded_decimal,
    currency_code,
    decode,
    milliseconds,
    text,
    unsigned,
)
from assetstream.protocol import BalanceReport

__all__ = [
    "CHANNEL",
    "PING",
    "PONG",
    "SYSTEM",
    "HalfChange",
    "Item",
    "Notice",
    "Pong",
    "SubscriptionAnswer",
    "UpgradeNotice",
    "read_expected",
    "read_tolerantly",
]

CHANNEL = "spot.balances"
PING = "spot.ping"
PONG = "spot.pong"
SYSTEM = "spot.system"

#: A power of ten: no digit is added, so every product is exact.
NANOSECONDS_A_MS = Decimal("1E6")


class SubscriptionAnswer(Struct):
    """The answer to the subscription, or an error that names no request."""

    good: bool
    code: str = ""
    message: str = ""


class Pong(Struct):
    """The answer to a ping."""


class UpgradeNotice(Struct):
    """The connection will soon be closed, for the service is upgraded."""


class HalfChange(Struct):
    """A currency changed, and the push says one amount of it, or none."""

    currency: str


#: What this exchange sends besides balances.
Notice = Union[SubscriptionAnswer, Pong, UpgradeNotice, HalfChange]
Item = Union[PushedBalances, UnreadableFrame, Notice]


# Fields in the order of the wire: the decoder looks for the next one first.


class Change(Struct, gc=False):
    timestamp_ms: str
    currency: str
    # Not typed as ``Decimal``: that would take " 1", "1_000" and "NaN", too.
    available: str
    freeze: str


class ChangesPush(Struct, gc=False):
    # Not a tag of the Struct: msgspec would accept a push without it.
    channel: Literal["spot.balances"]
    event: Literal["update"]
    result: list[Change]
    # Not a push if it has one.
    error: None = None


_expected = msgspec.json.Decoder(ChangesPush)


def read_expected(frames: Sequence[bytes]) -> list[BalanceReport] | None:
    """Read pushes of exactly the documented form; None if any is anything else."""
    decode_frame = _expected.decode
    balances: list[BalanceReport] = []
    try:
        for frame in frames:
            if not frame.isascii():
                return None  # the typed decode skips bad UTF-8 where it has no field
            for change in decode_frame(frame).result:
                available, locked = change.available, change.freeze
                stamp = change.timestamp_ms
                # Most have no fraction: 13 digits.
                whole = len(stamp) == 13 and stamp.encode().isdigit()
                key = (int(stamp), 0) if whole else stamp_key(stamp)
                # ``amount`` in short.
                if key is None or not unsigned(available, locked):
                    return None
                balances.append(
                    BalanceReport(
                        CURRENCY_CODES[change.currency],
                        bounded_decimal(available),
                        ZERO if locked == "0" else bounded_decimal(locked),
                        key,
                        None,
                        frame,
                    )
                )
    except (Unreadable, *MALFORMED):
        return None
    return balances


def stamp_key(stamp: object) -> tuple[int, int] | None:
    """Read a time in milliseconds with a fraction; None if it is no time.

    Returns the milliseconds, and the nanoseconds beyond them.
    """
    try:
        number = amount(stamp)
        whole = None if number is None else milliseconds(int(number))
        if number is None or whole is None:
            return None
        nanoseconds = int(bounded.multiply(number, NANOSECONDS_A_MS))
        return whole, nanoseconds - whole * 1_000_000
    except (Unreadable, ArithmeticError):
        return None


def read_tolerantly(frame: bytes) -> Sequence[Item]:
    """Read a frame of any form; nothing if it is about something else.

    Raises:
        Unreadable: it is not JSON.
    """
    entry = decode(frame)
    if not isinstance(entry, dict):
        return [UnreadableFrame("not an object")]
    channel, result = entry.get("channel"), entry.get("result")
    if channel in (PING, PONG):
        return [Pong()]
    # The documents have shown it with a channel and without, and as an event.
    notice = result if channel == SYSTEM else None if channel else entry
    if _says_upgrade(notice) or entry.get("event") == "upgrade":
        return [UpgradeNotice()]
    if isinstance(channel, str) and channel not in ("", CHANNEL):
        return ()
    event, error = entry.get("event"), entry.get("error")
    answers = channel == CHANNEL and event in ("subscribe", "unsubscribe")
    # Whatever the event: an odd push that was taken for none would lose a balance.
    if channel == CHANNEL and error is None and not answers:
        return _pushed_balances(result, frame)
    if error is None and not answers:
        return [UnreadableFrame("neither an answer nor a push")]
    if event == "unsubscribe":
        return ()
    status = result.get("status") if isinstance(result, dict) else None
    if error is None and status not in ("fail", "failed"):
        return [SubscriptionAnswer(True)]
    if isinstance(error, dict):
        code, message = text(error.get("code")), text(error.get("message"))
        return [SubscriptionAnswer(False, code, message)]
    return [SubscriptionAnswer(False, "", text(error))]


def _says_upgrade(notice: object) -> bool:
    kind = notice.get("type") if isinstance(notice, dict) else None
    return isinstance(kind, str) and "upgrade" in kind


def _pushed_balances(result: object, frame: bytes) -> Sequence[Item]:
    pushed = PushedBalances([], {})
    halves: list[Item] = []
    for change in result if isinstance(result, list) else [result]:
        currency: str | None = None
        try:
            if not isinstance(change, dict):
                raise Unreadable("a change is not an object")
            currency = currency_code(change.get("currency"))
            # The total may have more in it than the two: nothing follows from it.
            available = amount(change.get("available"))
            locked = amount(change.get("freeze"))
        except Unreadable as exc:
            pushed.unreadable[currency] = str(exc)
            continue
        if available is None or locked is None:
            halves.append(HalfChange(currency))
        key = stamp_key(change.get("timestamp_ms"))
        pushed.balances.append(
            BalanceReport(currency, available, locked, key, None, frame)
        )
    return [pushed, *halves]
