"""Korbit for the contract suite."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Sequence

from msgspec import Struct

from assetstream.exchanges import Korbit
from tests.support.spec import KEY, SECRET, Spec, frame, sample

__all__ = ["SPEC", "make_korbit", "push_of"]


def make_korbit(**options: Any) -> Korbit:
    """Build a Korbit account with made-up keys."""
    return Korbit(KEY, SECRET, **options)


def push_of(*assets: object, **outer: object) -> bytes:
    """Make a push of these assets."""
    push = json.loads(sample("korbit", "push_order"))
    return frame({**push, "asset": {"accountSeq": 1, "assets": assets}, **outer})


def unreadable(currencies: Sequence[str]) -> bytes:
    """Make a push of these currencies, none of whose amounts can be read."""
    entry = {"available": "?", "tradeInUse": "0", "withdrawalInUse": "0"}
    return push_of(*({**entry, "currency": currency} for currency in currencies))


#: Fault of the simulator that refuses a login -> what the first hint is about.
HINTS = {
    "login_korbit_exceed_time_window": "clock is right",
    "login_korbit_key_not_found": "Copy api_key again",
    "login_korbit_invalid_signature": "Copy secret_key again",
    "login_korbit_permission_denied": "readBalances",
    "login_korbit_ip_not_allowed": "readBalances",
}


class Asset(Struct, gc=False, rename="camel"):
    currency: str
    available: Decimal
    trade_in_use: Decimal
    withdrawal_in_use: Decimal
    updated_at: int


class Assets(Struct, gc=False):
    assets: list[Asset]


class Push(Struct, gc=False, rename="camel"):
    channel_type: str
    timestamp: int
    asset: Assets


SPEC = Spec(
    typed=Push,
    make=make_korbit,
    acks=(sample("korbit", "subscribe_ack"),),
    push=sample("korbit", "push_order"),
    pushed=("KRW", "3310275.36", "1500000"),
    other=b'{"channelType":"myOrder","timestamp":1,"symbol":"btc_krw","order":{}}',
    reply=sample("korbit", "rest_balance"),
    balances=2,
    void=b'{"success":true,"data":[]}',
    refusal=(401, sample("korbit", "rest_error_key")),
    unreadable=unreadable,
    rest_error=lambda words: {"success": False, "error": {"message": words}},
    frame_error=lambda words: {
        **{"requestId": 1, "status": "error"},
        **{"code": words, "message": words},
    },
    untyped=sample("korbit", "push_order").replace(b'"channelType"', b'"channel"'),
    hints=HINTS,
)
