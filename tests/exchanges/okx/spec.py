"""OKX for the contract suite."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Sequence

from msgspec import Struct, field

from assetstream.exchanges import OKX
from tests.support.spec import KEY, SECRET, Spec, frame, sample

__all__ = ["PASSPHRASE", "SPEC", "make_okx"]

PASSPHRASE = "P4ss-CCCCCCCCCCCC"


def make_okx(**options: Any) -> OKX:
    """Build an OKX account with made-up keys."""
    return OKX(KEY, SECRET, PASSPHRASE, **{"region": "global", **options})


def unreadable(currencies: Sequence[str]) -> bytes:
    """Make a push of these currencies, none of whose amounts can be read."""
    push = json.loads(sample("okx", "push_update"))
    (detail,) = push["data"][0]["details"]
    push["data"][0]["details"] = [
        {**detail, "availBal": "?", "ccy": currency} for currency in currencies
    ]
    return frame(push)


def without_channel() -> bytes:
    """Make a push that does not say what it is about."""
    push = json.loads(sample("okx", "push_update"))
    del push["arg"]
    return frame(push)


class Detail(Struct, gc=False):
    available: Decimal = field(name="availBal")
    currency: str = field(name="ccy")
    frozen: Decimal = field(name="frozenBal")
    changed: str = field(name="uTime")


class Wallet(Struct, gc=False):
    details: list[Detail]
    taken: str = field(name="uTime")


class Argument(Struct, gc=False):
    channel: str


class Push(Struct, gc=False):
    arg: Argument
    data: list[Wallet]


SPEC = Spec(
    typed=Push,
    make=make_okx,
    acks=(sample("okx", "login_ack"), sample("okx", "subscribe_ack")),
    push=sample("okx", "push_update"),
    pushed=("USDT", "6821.514903672883", "158.57998"),
    negative=sample("okx", "push_debt"),
    untyped=without_channel(),
    other=b'{"arg":{"channel":"positions","instType":"ANY"},"data":[{"pos":"1"}]}',
    reply=sample("okx", "rest_balances"),
    balances=2,
    void=sample("okx", "rest_empty"),
    refusal=(401, sample("okx", "rest_error_key")),
    unreadable=unreadable,
    rest_error=lambda words: {"code": words, "msg": words, "data": [words]},
    frame_error=lambda words: {
        **{"event": "error", "code": words, "msg": words, "connId": words}
    },
    hints={
        "login_60004": "clock",
        "login_60005": "sites",
        "login_60006": "clock",
        "login_60007": "Copy secret_key again",
        "login_60009": "sites",
        "login_60024": "not your password",
        "login_60031": "sites",
        "login_60032": "sites",
        "login_50101": "demo trading",
        "login_50110": "public IP address",
        "login_63999": "next try",
    },
)
