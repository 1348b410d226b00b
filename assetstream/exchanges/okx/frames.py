"""Reads OKX's frames; keeps no protocol state.

Pushes of exactly the documented form take one typed decode each. Everything else takes
the tolerant way: fields in any order and spelling, debts, and ``""``, by which OKX says
that a field does not apply to the account's mode. Both give the same balances.
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
    ZERO,
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
    "CHANNEL",
    "Event",
    "Item",
    "Notice",
    "PongText",
    "amounts",
    "read_expected",
    "read_tolerantly",
]

CHANNEL = "account"


class PongText(Struct):
    """The text ``pong``, which is no JSON."""


class Event(Struct):
    """An answer to a request, an error, or a notice.

    ``name`` is ``login``, ``subscribe``, ``error``, ``notice`` or another; ``channel``
    is "" where none is named.
    """

    name: str
    channel: str
    code: str
    message: str


#: What this exchange sends besides balances.
Notice = Union[Event, PongText]
Item = Union[PushedBalances, UnreadableFrame, Notice]


# Fields in the order of the wire: the decoder looks for the next one first.


class Detail(Struct, gc=False, kw_only=True):
    # Not typed as ``Decimal``: that would take " 1", "1_000" and "NaN", too.
    balance: str = field(name="availBal")
    equity: str = field(default="", name="availEq")
    currency: str = field(name="ccy")
    frozen: str = field(name="frozenBal")
    changed: str = field(name="uTime")


class Wallet(Struct, gc=False):
    details: list[Detail]
    taken: str = field(name="uTime")


class Channel(Struct, gc=False):
    channel: Literal["account"]


class AccountPush(Struct, gc=False):
    # Not a tag of the Struct: msgspec would accept a push without it.
    arg: Channel
    data: list[Wallet]
    # Not a push if it has it.
    event: None = None


_expected = msgspec.json.Decoder(AccountPush)
#: Times have no more digits before the year 5139.
LONGEST_TIME = 14


def read_expected(frames: Sequence[bytes]) -> list[BalanceReport] | None:
    """Read pushes of exactly the documented form; None if any is anything else."""
    decode_frame = _expected.decode
    balances: list[BalanceReport] = []
    try:
        for frame in frames:
            if not frame.isascii():
                return None  # the typed decode skips bad UTF-8 where it has no field
            for wallet in decode_frame(frame).data:
                taken = wallet.taken
                for detail in wallet.details:
                    balance, equity = detail.balance, detail.equity
                    frozen, changed = detail.frozen, detail.changed
                    # ``amount`` and ``milliseconds`` in short.
                    if not (
                        unsigned(balance, frozen)
                        and (taken + changed).encode().isdigit()
                        and max(len(taken), len(changed)) <= LONGEST_TIME
                    ):
                        return None
                    available = bounded_decimal(balance)
                    if equity and equity != balance:
                        if not unsigned(equity, "0"):
                            return None
                        other = bounded_decimal(equity)
                        if other < available:
                            available = other
                    balances.append(
                        BalanceReport(
                            CURRENCY_CODES[detail.currency],
                            available,
                            ZERO if frozen == "0" else bounded_decimal(frozen),
                            (int(taken), int(changed)),
                            None,
                            frame,
                        )
                    )
    except (Unreadable, *MALFORMED):
        return None
    return balances


def read_tolerantly(frame: bytes) -> Item | None:
    """Read a frame of any form; None if it is about something else.

    Raises:
        Unreadable: it is not JSON.
    """
    if frame == b"pong":
        return PongText()
    entry = decode(frame)
    if not isinstance(entry, dict):
        return UnreadableFrame("not an object")
    event, argument = entry.get("event"), entry.get("arg")
    channel = text(argument.get("channel")) if isinstance(argument, dict) else ""
    if isinstance(event, str):
        # Where connections are counted, the channel stands outside.
        channel = channel or text(entry.get("channel"))
        return Event(event, channel, text(entry.get("code")), text(entry.get("msg")))
    if channel == CHANNEL:
        return _pushed_balances(entry.get("data"), frame)
    return None if channel else UnreadableFrame("neither an event nor a push")


def _pushed_balances(data: object, frame: bytes) -> PushedBalances:
    pushed = PushedBalances([], {})
    for wallet in data if isinstance(data, list) else [data]:
        if not isinstance(wallet, dict) or not isinstance(
            details := wallet.get("details"), list
        ):
            pushed.unreadable[None] = "it has no list of details"
            continue
        taken = milliseconds(wallet.get("uTime"))
        for detail in details:
            currency: str | None = None
            try:
                if not isinstance(detail, dict):
                    raise Unreadable("a detail is not an object")
                currency = currency_code(detail.get("ccy"))
                available, locked = amounts(detail)
            except Unreadable as exc:
                pushed.unreadable[currency] = str(exc)
                continue
            # K1: the wallet's time is when these amounts were true. The currency's own
            # is that of its last change, perhaps weeks ago in a snapshot.
            changed = milliseconds(detail.get("uTime")) or 0
            key = None if taken is None else (taken, changed)
            pushed.balances.append(
                BalanceReport(currency, available, locked, key, None, frame)
            )
    return pushed


def amounts(detail: dict[str, Any]) -> tuple[Decimal | None, Decimal | None]:
    """Return the available and the locked amount of a currency, of REST or a push.

    Available is the smaller of ``availBal`` and ``availEq`` where both are said: with
    positions open, neither alone is sure to be free. It is below zero with debts.

    Raises:
        Unreadable: an amount has no certain meaning.
    """
    balance = amount(detail.get("availBal"), negative=True, empty=True)
    equity = amount(detail.get("availEq"), negative=True, empty=True)
    if balance is None or equity is None:
        available = equity if balance is None else balance
    else:
        available = min(balance, equity)
    return available, amount(detail.get("frozenBal"), empty=True)
