"""Reads Bybit's frames; keeps no protocol state but the order of their arrival.

Pushes of exactly the documented form take one typed decode each. Everything else takes
the tolerant way: fields in any order, absent, null, or spelt as numbers. Both give the
same balances.
"""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from typing import Any, Literal, Sequence, Union

import msgspec
from msgspec import Struct

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
)
from assetstream.protocol import BalanceReport

__all__ = [
    "AUTH",
    "SUBSCRIBE",
    "ArrivalOrder",
    "Item",
    "Notice",
    "OperationAnswer",
    "PingAnswer",
    "owned",
    "read_coin",
    "read_expected",
    "read_tolerantly",
]

AUTH = "auth"
SUBSCRIBE = "subscribe"
#: The only type of account that is read.
UNIFIED = "UNIFIED"

#: Pushes of which a copy is known for one: 200 have some 30 KB.
MOST_PUSHES = 200
#: Pushes of one millisecond that are told apart.
MOST_TIES = MOST_PUSHES

#: Texts of an amount that takes nothing away: zero, and what does not apply.
NOTHING = frozenset({"0", ""})
#: Of a margin where the account's is not known to be zero: "" says nothing there.
ZERO_ONLY = frozenset({"0"})


class OperationAnswer(Struct):
    """An answer to a request; ``operation`` is its name, "" if that was left out."""

    operation: str
    good: bool
    code: str = ""
    message: str = ""


class PingAnswer(Struct):
    """The answer to a ping."""


#: What this exchange sends besides balances.
Notice = Union[OperationAnswer, PingAnswer]
Item = Union[PushedBalances, UnreadableFrame, Notice]


# Fields in the order of the wire: the decoder looks for the next one first.


class WalletCoin(Struct, gc=False, rename="camel"):
    coin: str
    # Not typed as ``Decimal``: that would take " 1", "1_000" and "NaN", too.
    wallet_balance: str
    order_margin: str = msgspec.field(default="", name="totalOrderIM")
    position_margin: str = msgspec.field(default="", name="totalPositionIM")
    bonus: str = ""
    locked: str = ""
    spot_borrow: str = ""


class WalletAccount(Struct, gc=False, rename="camel"):
    coin: list[WalletCoin]
    account_type: Literal["UNIFIED"]
    total_initial_margin: str = ""


class WalletPush(Struct, gc=False, rename="camel"):
    id: str
    # Not a tag of the Struct: msgspec would accept a push without it.
    topic: Literal["wallet"]
    creation_time: Milliseconds
    data: list[WalletAccount]
    # Not a push if it has it.
    op: None = None


_expected = msgspec.json.Decoder(WalletPush)


class ArrivalOrder(Struct):
    """Numbers pushes of one millisecond as they come: their time is all that they have.

    A copy of a push has its number, however late it comes, for it has the same id.
    """

    #: The id of the only push of a millisecond, or the numbers of several by id.
    _pushes: dict[int, str | dict[str, int]] = msgspec.field(default_factory=dict)

    def key(self, time: int, identifier: str) -> tuple[int, int]:
        """Return the key of a push (K1)."""
        pushes = self._pushes
        known = pushes.setdefault(time, identifier)
        if known is identifier:
            if len(pushes) > MOST_PUSHES:
                del pushes[next(iter(pushes))]
            return time, 0
        if isinstance(known, str):
            if known == identifier:
                return time, 0
            known = pushes[time] = {known: 0}
        if len(known) >= MOST_TIES:
            return time, known.get(identifier, MOST_TIES)
        return time, known.setdefault(identifier, len(known))


def read_expected(
    frames: Sequence[bytes], order: ArrivalOrder
) -> list[BalanceReport] | None:
    """Read pushes of exactly the documented form; None if any is anything else."""
    decode_frame = _expected.decode
    key_of, subtract = order.key, bounded.subtract
    balances: list[BalanceReport] = []
    try:
        for frame in frames:
            if not frame.isascii():
                return None  # the typed decode skips bad UTF-8 where it has no field
            push = decode_frame(frame)
            key = key_of(push.creation_time, push.id)
            for account in push.data:
                margin = account.total_initial_margin
                no_margin = NOTHING if margin == "0" else ZERO_ONLY
                for coin in account.coin:
                    wallet, locked = coin.wallet_balance, coin.locked
                    if (
                        coin.order_margin in no_margin
                        and coin.position_margin in no_margin
                        and coin.bonus in NOTHING
                        and coin.spot_borrow in NOTHING
                        and unsigned(wallet, locked or "0")
                    ):
                        # ``owned`` in short: spot orders at most take something away.
                        available, held = bounded_decimal(wallet), ZERO
                        if locked not in NOTHING:
                            held = bounded_decimal(locked)
                            available = subtract(available, held)
                    else:
                        available, held = owned(
                            wallet,
                            coin.spot_borrow,
                            locked,
                            coin.bonus,
                            coin.order_margin,
                            coin.position_margin,
                            margin,
                        )
                    code = CURRENCY_CODES[coin.coin]
                    balances.append(
                        BalanceReport(code, available, held, key, push.id, frame)
                    )
    except (Unreadable, *MALFORMED):
        return None
    return balances


def owned(
    wallet: object,
    borrowed: object,
    locked: object,
    bonus: object,
    order_margin: object,
    position_margin: object,
    account_margin: object,
) -> tuple[Decimal, Decimal]:
    """Return what of a coin can be spent, and what is held, as ``Bybit`` explains.

    Args:
        wallet: the coin's ``walletBalance``, as all others in any spelling.
        borrowed: its ``spotBorrow``, which ``walletBalance`` includes.
        locked: what spot orders hold.
        bonus: what can be traded with, but not spent.
        order_margin: ``totalOrderIM``, the margin of derivatives' orders; not said in
            portfolio margin.
        position_margin: ``totalPositionIM``, that of positions, likewise.
        account_margin: ``totalInitialMargin`` of the whole account; not said in
            isolated margin.

    Raises:
        Unreadable: an amount is missing or cannot be read.
    """
    in_wallet = amount(wallet, negative=True, empty=True)
    if in_wallet is None:
        raise Unreadable("walletBalance is missing")
    parts = (order_margin, position_margin, locked, bonus)
    of_orders, of_positions, *others = (amount(part, empty=True) for part in parts)
    holds = [hold for hold in (of_orders, of_positions, *others) if hold]
    moving = False
    if of_orders is None or of_positions is None:  # portfolio margin
        of_account = amount(account_margin, empty=True)
        if of_account is None:
            raise Unreadable("it does not say how much of the coin is margin")
        moving = bool(of_account)
    elif of_orders or of_positions:
        # Isolated margin does not move; the other kinds move with the prices.
        moving = amount(account_margin, empty=True) is not None
    try:
        total = bounded.subtract(in_wallet, amount(borrowed, empty=True) or ZERO)
        if moving:
            return min(total, ZERO), max(total, ZERO)
        held = reduce(bounded.add, holds, ZERO)
        return bounded.subtract(total, held), held
    except ArithmeticError:
        raise Unreadable("its amounts together have too many digits") from None


def read_tolerantly(frame: bytes, order: ArrivalOrder) -> Item | None:
    """Read a frame of any form; None if it is about something else.

    Raises:
        Unreadable: it is not JSON.
    """
    entry = decode(frame)
    if not isinstance(entry, dict):
        return UnreadableFrame("not an object")
    topic, operation = entry.get("topic"), text(entry.get("op"))
    if topic == "wallet" and not operation:
        return _pushed_balances(entry, frame, order)
    if isinstance(topic, str) and not operation:
        return None
    message = _first(entry, "retMsg", "ret_msg")
    # The public sockets' pong has the operation of the ping, and says so in words.
    if operation == "pong" or (operation in ("ping", "") and message == "pong"):
        return PingAnswer()
    code, success = _first(entry, "retCode", "ret_code"), entry.get("success")
    if isinstance(success, bool) or code:
        good = success is not False and code in ("", "0")
        return OperationAnswer(operation, good, "" if code == "0" else code, message)
    return UnreadableFrame("neither an answer nor a push")


def _first(entry: dict[str, Any], *names: str) -> str:
    """Return the first of the values that there is, as text."""
    return next((text(entry[n]) for n in names if entry.get(n) is not None), "")


def _pushed_balances(
    entry: dict[str, Any], frame: bytes, order: ArrivalOrder
) -> PushedBalances:
    pushed = PushedBalances([], {})
    time, identifier = milliseconds(entry.get("creationTime")), entry.get("id")
    update_id = identifier if isinstance(identifier, str) else None
    # K1: without a time there is no order, only arrival.
    key = None if time is None else order.key(time, update_id or "")
    accounts = entry.get("data")
    if not isinstance(accounts, list):
        pushed.unreadable[None] = "it has no list of accounts"
        return pushed
    for account in accounts:
        fields = account if isinstance(account, dict) else {}
        if fields.get("accountType") not in (None, UNIFIED):
            continue  # another account's balance of the same coin
        coins = fields.get("coin")
        if not isinstance(coins, list):
            pushed.unreadable[None] = "an account has no list of coins"
            continue
        for coin in coins:
            currency: str | None = None
            try:
                if not isinstance(coin, dict):
                    raise Unreadable("a coin is not an object")
                currency = currency_code(coin.get("coin"))
                available, held = read_coin(coin, account.get("totalInitialMargin"))
            except Unreadable as exc:
                pushed.unreadable[currency] = str(exc)
                continue
            pushed.balances.append(
                BalanceReport(currency, available, held, key, update_id, frame)
            )
    return pushed


def read_coin(coin: dict[str, Any], account_margin: object) -> tuple[Decimal, Decimal]:
    """Return what of a coin can be spent, and what is held, from its entry.

    Raises:
        Unreadable: an amount is missing or cannot be read.
    """
    return owned(
        coin.get("walletBalance"),
        coin.get("spotBorrow"),
        coin.get("locked"),
        coin.get("bonus"),
        coin.get("totalOrderIM"),
        coin.get("totalPositionIM"),
        account_margin,
    )
