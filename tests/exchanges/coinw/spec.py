"""CoinW for the contract suite."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Sequence

from msgspec import Struct

from assetstream.exchanges import CoinW
from assetstream.model.errors import AuthenticationError
from tests.support.spec import KEY, SECRET, Spec, frame, sample

__all__ = ["SPEC", "make_coinw"]


def make_coinw(**options: Any) -> CoinW:
    """Build a CoinW account with made-up keys."""
    return CoinW(KEY, SECRET, **options)


def unreadable(currencies: Sequence[str]) -> bytes:
    """Make a push of these currencies, none of whose amounts can be read."""
    entry = {"balance": "?", "available": "?", "hold": "0"}
    entries = [{**entry, "currency": currency} for currency in currencies]
    return frame({**json.loads(sample("coinw", "push_usdt")), "data": entries})


#: Fault of the simulator that refuses a login -> what the first hint is about.
HINTS = {
    "login_refused": "Copy api_key and secret_key",
    "login_refused_msg": "Copy api_key and secret_key",
    "login_refused_type": "Copy api_key and secret_key",
    "login_refused_bare": "Copy api_key and secret_key",
    "login_refused_no_code": "Copy api_key and secret_key",
}


class Change(Struct, gc=False):
    available: Decimal
    currency: str
    time: int
    ledger_id: int
    account: str
    hold: Decimal


class Push(Struct, gc=False):
    biz: str
    data: Change
    type: str


SPEC = Spec(
    typed=Push,
    make=make_coinw,
    acks=(sample("coinw", "login_ack"), sample("coinw", "subscribe_ack")),
    push=sample("coinw", "push_usdt"),
    pushed=("USDT", "12.59490035", "0"),
    other=b'{"biz":"exchange","type":"order","data":{"orderId":1}}',
    reply=sample("coinw", "rest_balances"),
    balances=2,
    void=b'{"code":"200","data":{},"msg":"SUCCESS","success":true}',
    refusal=(200, b'{"code":"6000","msg":"auth","success":false}'),
    unreadable=unreadable,
    rest_error=lambda words: {"code": "77", "msg": words, "data": words},
    frame_error=lambda words: {
        "channel": "login",
        "data": {"result": False, "errorCode": words, "errorMsg": words},
    },
    # It refuses the login without saying why.
    unpermitted=AuthenticationError,
    hints=HINTS,
)
