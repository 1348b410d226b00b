"""Reads CoinW's frames; keeps no protocol state.

Pushes of exactly the documented form take one typed decode each. Everything else takes
the tolerant way: ``data`` as object, array or JSON text of either, amounts and numbers
in any spelling. Both give the same balances.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Sequence, Union

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
    "LOGIN",
    "SUBSCRIBE",
    "HeartbeatEvent",
    "Item",
    "Notice",
    "RequestAnswer",
    "flag",
    "read_expected",
    "read_tolerantly",
]

LOGIN = "login"
SUBSCRIBE = "subscribe"


class RequestAnswer(Struct):
    """An answer to a request.

    ``request`` is ``login`` or ``subscribe`` (to assets), or None if the answer does
    not name its request.
    """

    request: str | None
    good: bool
    code: str = ""
    message: str = ""


class HeartbeatEvent(Struct):
    """The event ``ping`` or ``pong``."""

    event: str


#: What this exchange sends besides balances.
Notice = Union[RequestAnswer, HeartbeatEvent]
Item = Union[PushedBalances, UnreadableFrame, Notice]


# Fields in the order of the wire: the decoder looks for the next one first.


class BalanceChange(Struct, gc=False):
    # Not typed as ``Decimal``: that would take " 1", "1_000" and "NaN", too.
    available: str
    currency: str
    time: Milliseconds
    ledger_id: Annotated[int, msgspec.Meta(ge=0)]
    account: Literal["spot"]
    hold: str


class ChangePush(Struct, gc=False):
    biz: Literal["exchange"]
    data: BalanceChange
    # Not a tag of the Struct: msgspec would accept a push without it.
    type: Literal["assets"]
    # Not a push if it has any of them.
    channel: None = None
    event: None = None


_expected = msgspec.json.Decoder(ChangePush)


def read_expected(frames: Sequence[bytes]) -> list[BalanceReport] | None:
    """Read pushes of exactly the documented form; None if any is anything else."""
    decode_frame = _expected.decode
    balances: list[BalanceReport] = []
    try:
        for frame in frames:
            if not frame.isascii():
                return None  # the typed decode skips bad UTF-8 where it has no field
            change = decode_frame(frame).data
            available, hold, ledger_id = change.available, change.hold, change.ledger_id
            # ``amount`` in short.
            if not unsigned(available, hold):
                return None
            balances.append(
                BalanceReport(
                    CURRENCY_CODES[change.currency],
                    bounded_decimal(available),
                    ZERO if hold == "0" else bounded_decimal(hold),
                    (change.time, ledger_id),
                    str(ledger_id),
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
    entry = decode(frame)
    if not isinstance(entry, dict):
        return UnreadableFrame("not an object")
    event, channel, topic = entry.get("event"), entry.get("channel"), entry.get("type")
    if event in ("ping", "pong"):
        return HeartbeatEvent(event)
    data = _decoded(entry.get("data"))
    assets = topic == "assets" and entry.get("biz") == "exchange"
    # An answer has the same topic, but no changes. Pushes go first: an odd one that is
    # taken for an answer would lose a balance.
    if assets and (isinstance(data, list) or _get(data, "currency") is not None):
        return _pushed_balances(data, frame)
    result = flag(_get(data, "result"))
    result = flag(entry.get("result")) if result is None else result
    if channel is not None or topic == LOGIN or result is not None:
        return _answer(entry, data, result)
    if assets:
        return _pushed_balances(data, frame)
    if isinstance(event, str):
        return None
    if isinstance(topic, str) and isinstance(entry.get("biz"), str):
        return None
    return UnreadableFrame("neither an event, an answer nor a push")


def _get(data: object, name: str) -> object:
    return data.get(name) if isinstance(data, dict) else None


def flag(value: object) -> bool | None:
    """Read a truth value spelt as such or as text; None if it is neither."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _decoded(data: object) -> object:
    """Decode ``data`` that came as JSON text, as other topics of CoinW do."""
    if not isinstance(data, str):
        return data
    try:
        return decode(data.encode(errors="replace"))
    except Unreadable:
        return data


def _answer(
    entry: dict[str, Any], data: object, result: bool | None
) -> RequestAnswer | None:
    """Read an answer in either envelope: inside ``data``, or bare at the top."""
    request = _request(entry)
    places = [data, entry] if isinstance(data, dict) else [entry]
    if result is None and _first(places, "errorCode") not in ("", "0"):
        result = False
    if result is None or request == "":
        return None
    return RequestAnswer(
        request,
        result,
        _first(places, "errorCode", "code"),
        _first(places, "errorMsg", "errorMessage", "msg", "message"),
    )


def _request(entry: dict[str, Any]) -> str | None:
    """Return the request that is answered; "" for one of no interest here."""
    channel, topic, biz = entry.get("channel"), entry.get("type"), entry.get("biz")
    if LOGIN in (channel, topic):
        return LOGIN
    if channel is not None and channel != SUBSCRIBE:
        return ""
    if biz in (None, "exchange") and topic in (None, "assets"):
        return SUBSCRIBE if channel == SUBSCRIBE or topic == "assets" else None
    return ""


def _first(places: list[Any], *names: str) -> str:
    for place in places:
        for name in names:
            if place.get(name) is not None:
                return text(place[name])
    return ""


def _pushed_balances(data: object, frame: bytes) -> PushedBalances:
    pushed = PushedBalances([], {})
    for change in data if isinstance(data, list) else [data]:
        currency: str | None = None
        try:
            if not isinstance(change, dict):
                raise Unreadable("a change is not an object")
            if change.get("account") not in (None, "spot"):
                continue  # another account's balance of the same currency
            currency = currency_code(change.get("currency"))
            available = amount(change.get("available"))
            locked = amount(change.get("hold"))
        except Unreadable as exc:
            pushed.unreadable[currency] = str(exc)
            continue
        # The top-level time is a counter, not a time: only the inner one is read.
        time, ledger_id = (
            milliseconds(change.get("time")),
            whole_number(change.get("ledger_id")),
        )
        pushed.balances.append(
            BalanceReport(
                currency,
                available,
                locked,
                # K1: without a time there is no order, only arrival.
                None if time is None else (time, ledger_id or 0),
                None if ledger_id is None else str(ledger_id),
                frame,
            )
        )
    return pushed
