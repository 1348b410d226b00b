"""Reads Korbit's frames; keeps no protocol state.

Pushes of exactly the documented form take one typed decode each. Everything else takes
the tolerant way: fields in any order, absent, null, or spelt as numbers. Both give the
same balances.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, Mapping, Sequence, Union

import msgspec
from msgspec import Struct, field

from assetstream.exchanges.common.entries import PushedBalances, UnreadableFrame
from assetstream.exchanges.common.values import (
    CURRENCY_CODES,
    MALFORMED,
    ZERO,
    Milliseconds,
    Unreadable,
    amount,
    bounded,
    bounded_decimal,
    currency_code,
    decode,
    milliseconds,
    text,
    unsigned,
    whole_number,
)
from assetstream.protocol import BalanceReport

__all__ = [
    "CHANNEL",
    "MAIN_ACCOUNT",
    "ControlMessage",
    "Item",
    "amounts",
    "read_expected",
    "read_tolerantly",
]

CHANNEL = "myAsset"
#: The number of the account that is no sub-account.
MAIN_ACCOUNT: Literal[1] = 1


class ControlMessage(Struct):
    """Korbit's answer to a request, or an error that names none.

    Attributes:
        request: the request's ``requestId``; "" if the answer does not say.
        good: it was carried out.
        code: the error's; "" if it has none.
        message: the error's words.
    """

    request: str
    good: bool
    code: str = ""
    message: str = ""


Item = Union[PushedBalances, UnreadableFrame, ControlMessage]


# Fields in the order of the wire: the decoder looks for the next one first.


class AccountAsset(Struct, gc=False):
    currency: str
    # Not typed as ``Decimal``: that would take " 1", "1_000" and "NaN", too.
    available: str
    trade: str = field(name="tradeInUse")
    withdrawal: str = field(name="withdrawalInUse")
    updated: Milliseconds = field(name="updatedAt")


class AccountAssets(Struct, gc=False):
    assets: list[AccountAsset]
    # Korbit leaves it out if the subscription named no account.
    account: Literal[1] = field(default=MAIN_ACCOUNT, name="accountSeq")


class MyAssetPush(Struct, gc=False):
    # Not a tag of the Struct: msgspec would accept a push without it.
    channel: Literal["myAsset"] = field(name="channelType")
    timestamp: Milliseconds
    asset: AccountAssets
    # Not a push if it has it.
    status: None = None


_expected = msgspec.json.Decoder(MyAssetPush)


def read_expected(frames: Sequence[bytes]) -> list[BalanceReport] | None:
    """Read pushes of exactly the documented form; None if any is anything else."""
    decode_frame = _expected.decode
    balances: list[BalanceReport] = []
    try:
        for frame in frames:
            if not frame.isascii():
                return None  # the typed decode skips bad UTF-8 where it has no field
            push = decode_frame(frame)
            for asset in push.asset.assets:
                available, trade = asset.available, asset.trade
                withdrawal = asset.withdrawal
                # ``amounts`` in short.
                if not unsigned(available, trade):
                    return None
                locked = ZERO if trade == "0" else bounded_decimal(trade)
                if withdrawal != "0":  # as it nearly always is
                    if not unsigned(withdrawal, "0"):
                        return None
                    locked = _in_use(locked, bounded_decimal(withdrawal))
                balances.append(
                    BalanceReport(
                        CURRENCY_CODES[asset.currency],
                        bounded_decimal(available),
                        locked,
                        (asset.updated, push.timestamp),
                        None,
                        frame,
                    )
                )
    except (Unreadable, *MALFORMED):
        return None
    return balances


def _in_use(trade: Decimal, withdrawal: Decimal) -> Decimal:
    """Return what orders and withdrawals hold, or raise ``ArithmeticError``."""
    # A zero of other digits changes none.
    return bounded.add(trade, withdrawal) if withdrawal else trade


def amounts(entry: Mapping[str, Any]) -> tuple[Decimal | None, Decimal | None]:
    """Read what is available and what is locked, each None if it is not said.

    Raises:
        Unreadable: an amount cannot be read, or half of what is locked is not said.
    """
    available = amount(entry.get("available"))
    trade = amount(entry.get("tradeInUse"))
    withdrawal = amount(entry.get("withdrawalInUse"))
    if trade is None and withdrawal is None:
        return available, None
    if trade is None or withdrawal is None:
        raise Unreadable("it says only a part of what is in use")
    try:
        return available, _in_use(trade, withdrawal)
    except ArithmeticError:
        raise Unreadable("what is in use has too many digits") from None


def read_tolerantly(frame: bytes) -> Item | None:
    """Read a frame of any form; None if it is about something else.

    Raises:
        Unreadable: it is not JSON.
    """
    entry = decode(frame)
    if not isinstance(entry, dict):
        return UnreadableFrame("not an object")
    status = entry.get("status")
    if status is not None:
        request, good = text(entry.get("requestId")), status == "success"
        code, message = text(entry.get("code")), text(entry.get("message"))
        return ControlMessage(request, good, code, message)
    channel = entry.get("channelType")
    if channel == CHANNEL:
        return _pushed_balances(entry, frame)
    # Orders and trades; public channels name theirs ``type``.
    if isinstance(channel, str) or isinstance(entry.get("type"), str):
        return None
    return UnreadableFrame("neither an answer nor a push")


def _pushed_balances(entry: dict[str, Any], frame: bytes) -> PushedBalances | None:
    pushed = PushedBalances([], {})
    asset = entry.get("asset")
    asset = asset if isinstance(asset, dict) else {}
    account, assets = asset.get("accountSeq"), asset.get("assets")
    number = MAIN_ACCOUNT if account is None else whole_number(account)
    if number not in (None, MAIN_ACCOUNT):
        return None
    if number is None or not isinstance(assets, list):
        pushed.unreadable[None] = "it has no list of an account's assets"
        return pushed
    sent = milliseconds(entry.get("timestamp")) or 0
    for each in assets:
        currency: str | None = None
        try:
            if not isinstance(each, dict):
                raise Unreadable("an asset is not an object")
            currency = currency_code(each.get("currency"))
            available, locked = amounts(each)
        except Unreadable as exc:
            pushed.unreadable[currency] = str(exc)
            continue
        updated = milliseconds(each.get("updatedAt"))
        # K1: without the time of the change there is no order, only arrival.
        key = None if updated is None else (updated, sent)
        pushed.balances.append(
            BalanceReport(currency, available, locked, key, None, frame)
        )
    return pushed
