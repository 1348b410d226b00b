"""Bithumb for the contract suite."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Sequence

from msgspec import Struct

from assetstream.exchanges import Bithumb
from tests.support.spec import KEY, SECRET, Spec, frame, sample

__all__ = ["SPEC", "make_bithumb"]


def make_bithumb(**options: Any) -> Bithumb:
    """Build a Bithumb account with made-up keys."""
    return Bithumb(KEY, SECRET, **options)


def unreadable(currencies: Sequence[str]) -> bytes:
    """Make a push of these currencies, none of whose amounts can be read."""
    entry = {"balance": "?", "locked": "0"}
    entries = [{**entry, "currency": currency} for currency in currencies]
    return frame({**json.loads(sample("bithumb", "push_krw")), "assets": entries})


#: Fault of the simulator that refuses a login -> what the first hint is about.
HINTS = {
    "login_bithumb_invalid_query_payload": "proxy",
    "login_bithumb_jwt_verification": "Copy secret_key again",
    "login_bithumb_expired_jwt": "clock is right",
    "login_bithumb_notallowip": "public IP address",
    "login_bithumb_out_of_scope": "자산조회",
    "login_bithumb_blocked_member_id": "support",
}


class Asset(Struct, gc=False):
    currency: str
    balance: Decimal
    locked: Decimal


class Push(Struct, gc=False):
    type: str
    assets: list[Asset]
    asset_timestamp: int
    timestamp: int


SPEC = Spec(
    typed=Push,
    make=make_bithumb,
    acks=(),
    push=sample("bithumb", "push_krw"),
    pushed=("KRW", "2750419.62", "3918204.7"),
    other=b'{"type":"myOrder","code":"KRW-BTC"}',
    reply=sample("bithumb", "rest_accounts"),
    balances=2,
    void=b"[]",
    refusal=(401, sample("bithumb", "rest_error_ip")),
    unreadable=unreadable,
    rest_error=lambda words: {"error": {"name": words, "message": words}},
    frame_error=lambda words: {"error": {"name": words, "message": words}},
    proved_by_pong=True,
    hints=HINTS,
    # Its own word for a request that can never be right.
    fatal_faults=frozenset({"subscribe_refused"}),
)
