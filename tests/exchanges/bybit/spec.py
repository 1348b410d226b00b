"""Bybit for the contract suite."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Sequence

from msgspec import Struct, field

from assetstream.exchanges import Bybit
from tests.support.spec import KEY, SECRET, Spec, frame, sample

__all__ = ["SPEC", "make_bybit", "push_of"]


def make_bybit(**options: Any) -> Bybit:
    """Build a Bybit account with made-up keys."""
    return Bybit(KEY, SECRET, **{"region": "global", **options})


def push_of(*coins: object, margin: object = "0", **outer: object) -> bytes:
    """Make a push of these coins, with the account's margin."""
    content = json.loads(sample("bybit", "push_btc"))
    account = {**content["data"][0], "coin": coins, "totalInitialMargin": margin}
    return frame({**content, "data": [account], **outer})


def unreadable(currencies: Sequence[str]) -> bytes:
    """Make a push of these currencies, none of whose amounts can be read."""
    return push_of(*({"coin": code, "walletBalance": "?"} for code in currencies))


def untyped() -> bytes:
    """Make a push without its topic."""
    content = json.loads(sample("bybit", "push_btc"))
    del content["topic"]
    return frame(content)


class Coin(Struct, gc=False, rename="camel"):
    coin: str
    wallet_balance: Decimal
    order_margin: Decimal = field(name="totalOrderIM")
    position_margin: Decimal = field(name="totalPositionIM")
    bonus: Decimal
    locked: Decimal
    spot_borrow: Decimal


class Wallet(Struct, gc=False, rename="camel"):
    total_initial_margin: Decimal
    coin: list[Coin]
    account_type: str


class Push(Struct, gc=False, rename="camel"):
    id: str
    topic: str
    creation_time: int
    data: list[Wallet]


SPEC = Spec(
    typed=Push,
    make=make_bybit,
    acks=(sample("bybit", "login_ack"), sample("bybit", "subscribe_ack")),
    push=sample("bybit", "push_order").replace(b"250.5", b"0"),
    pushed=("USDT", "9647.75537647", "0"),
    other=b'{"id":"1","topic":"order","creationTime":1700034722104,"data":[]}',
    reply=sample("bybit", "rest_balances"),
    balances=2,
    void=b'{"retCode":0,"retMsg":"OK","result":{"list":[{"totalInitialMargin":"0",'
    b'"coin":[],"accountType":"UNIFIED"}]},"time":1690872862481}',
    refusal=(200, sample("bybit", "rest_refused")),
    unreadable=unreadable,
    rest_error=lambda words: {"retCode": words, "retMsg": words, "result": words},
    frame_error=lambda words: {
        **{"op": "auth", "success": False},
        **{"retCode": words, "retMsg": words, "conn_id": words},
    },
    untyped=untyped(),
    hints={
        "login_invalid_apikey": "A key is good for the site it was made on only",
        "login_invalid_words": "A key is good for the site it was made on only",
        "login_params_error": "A key is good for the site it was made on only",
        "login_request_expired": "this machine's clock is right",
    },
)
